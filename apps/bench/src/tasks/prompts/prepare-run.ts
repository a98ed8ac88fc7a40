import type { Demonstration, Query } from '@icl-gd/methods';
import type { Dataset } from '../dataset.ts';
import { counted } from '../../terminal/words.ts';
import type { Task } from '../task.ts';
import { buildContext, longestItem, requireFits, type Context, type PromptLimits } from './context.ts';
import { createPromptEncoder, type TokenEncoder } from './encode.ts';
import { type FineTuningOrder, selectDemonstrations, selectValidation } from './selection.ts';

export interface RunSelection {
  /** Number of demonstrations, k; all rows of the training split if it has fewer. */
  readonly shots: number;
  readonly seed: number;
  /** Order of the demonstrations, 0 … 4; 0 is the order in which they were drawn. */
  readonly permutation: number;
  /** Order of the demonstrations in fine-tuning; that of the context if undefined. */
  readonly fineTuningOrder?: FineTuningOrder | undefined;
  /** Number of validation examples: at most this many, and at most 2,000. */
  readonly examples: number;
}

/** All inputs of the model for one task and seed, in tokens. */
export interface PreparedRun {
  /** Id of the task, which names the dataset in every table. */
  readonly dataset: string;
  readonly seed: number;
  readonly permutation: number;
  /** Rows of the training split (from 0) used as demonstrations, in the order of the context. */
  readonly trainRows: readonly number[];
  /** The same rows in the order of fine-tuning. */
  readonly fineTuningRows: readonly number[];
  /** Rows of the validation split (from 0) that are evaluated, in the order of the queries. */
  readonly validationRows: readonly number[];
  /** All k demonstrations in the order of the context. */
  readonly demonstrations: readonly Demonstration[];
  /** All k demonstrations in the order of fine-tuning. */
  readonly fineTuningDemonstrations: readonly Demonstration[];
  readonly queries: readonly Query[];
  /** Class index of each query, the right answer. */
  readonly gold: readonly number[];
  /** What stands before every query in the in-context setting. */
  readonly context: Context;
  /** Length in tokens of the longest of all inputs, each BOS, a query and one of its options. */
  readonly longestItem: number;
}

/** A line for where there are fewer rows than demonstrations are asked for; undefined where there are enough. */
export function fewerRows(
  dataset: string,
  shots: number,
  rows: number,
  split = 'its training split',
): string | undefined {
  if (shots <= rows) return undefined;
  const all = rows === 1 ? 'that one is' : `all ${rows} are`;
  return `${dataset}: ${shots} demonstrations are asked for, but ${split} has ${counted(rows, 'row')}: ${all} used`;
}

/**
 * Selects demonstrations and evaluated examples and encodes them, as the paper's released code does.
 *
 * @throws UserError if a number of the selection is out of range, or an input does not fit the model's context window
 */
export function prepareRun(
  task: Task,
  dataset: Dataset,
  tokenizer: TokenEncoder,
  limits: PromptLimits,
  selection: RunSelection,
): PreparedRun {
  const { shots, seed, permutation, fineTuningOrder: order, examples } = selection;
  const choice = { trainRows: dataset.train.length, shots, seed, permutation };
  const trainRows = selectDemonstrations(choice);
  const fineTuningRows = selectDemonstrations({ ...choice, order });
  const validationRows = selectValidation(dataset.validation.length, examples);
  const encoder = createPromptEncoder(task, tokenizer, limits.eosTokenId);
  const evaluated = validationRows.map((row) => dataset.validation[row]!);
  const encode = (row: number): Demonstration => encoder.demonstration(dataset.train[row]!);
  const demonstrations = trainRows.map(encode);
  const queries = evaluated.map((example) => encoder.query(example));
  const longest = longestItem(queries);
  requireFits(task.id, demonstrations, longest, limits);
  return {
    dataset: task.id,
    seed,
    permutation,
    trainRows,
    fineTuningRows,
    validationRows,
    demonstrations,
    fineTuningDemonstrations: fineTuningRows.map(encode),
    queries,
    gold: evaluated.map(({ label }) => label),
    context: buildContext(demonstrations, longest, limits),
    longestItem: longest,
  };
}
