import { type TrialResult, learningRateOf } from '../experiment/trial-result.ts';
import type { Field } from './csv.ts';

/** Columns that say which cell a row is of. Options of a learner stand in `method`, in brackets. */
export const CELL = [
  'model',
  'variant',
  'dataset',
  'method',
  'seed',
  'permutation',
  'learning_rate',
] as const;

/** A table that has rows of every trial, made trial by trial. */
export interface TrialTable {
  readonly file: string;
  readonly columns: readonly string[];
  readonly rows: (model: string, result: TrialResult) => Field[][];
}

/** The fields of {@link CELL}. */
export function cell(model: string, result: TrialResult, method: string): Field[] {
  const { variant, dataset, seed, permutation } = result.trial;
  return [model, variant, dataset, method, seed, permutation, learningRateOf(result, method)];
}
