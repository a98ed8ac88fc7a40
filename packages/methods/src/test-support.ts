import { join } from 'node:path';
import { type Model, loadModel } from '@icl-gd/transformer';
import type { Demonstration } from './learner.ts';

const MODEL = join(import.meta.dirname, '../../../tests/fixtures/own-text-xglm/model');

/** A tiny trained model, three layers, for tests. BOS is not EOS. */
export function loadTinyModel(gpu: Model['gpu']): Promise<Model> {
  return loadModel(gpu, MODEL, { name: 'tiny' });
}

/** Tokens that are no special ones. */
export function sequence(length: number, step: number): number[] {
  return Array.from({ length }, (_, i) => 10 + ((i * step) % 400));
}

/** Demonstrations of different lengths. */
export const DEMONSTRATIONS: readonly Demonstration[] = [
  { tokens: sequence(9, 7) },
  { tokens: sequence(4, 31) },
  { tokens: sequence(13, 5) },
];

/** The same float32 sums in another order, of numbers of order 1 to 10. */
export const REORDERED = { absolute: 2e-5, relative: 2e-5 };
