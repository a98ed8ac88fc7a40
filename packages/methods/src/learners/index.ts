// Made of the files of this folder by index.test.ts.
import * as gradientDescent from './gradient-descent.ts';
import * as inContext from './in-context.ts';
import * as zeroShot from './zero-shot.ts';

export * from './gradient-descent.ts';
export * from './in-context.ts';
export * from './zero-shot.ts';

/** The modules of this folder; what they export as learners is in the catalogue. */
export const learnerModules = [
  gradientDescent,
  inContext,
  zeroShot,
];
