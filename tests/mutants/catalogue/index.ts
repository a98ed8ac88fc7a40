import type { Mutant } from '../mutant.ts';
import { mutants as decoder } from './decoder.ts';
import { mutants as kernels } from './kernels.ts';
import { mutants as model } from './model.ts';
import { mutants as training } from './training.ts';

/** All mutants by the area of the code that they are in. */
export const areas: Readonly<Record<string, readonly Mutant[]>> = { kernels, decoder, training, model };
