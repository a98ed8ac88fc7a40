import type { Demonstration, Query } from '@icl-gd/methods';
import type { Dataset } from '../dataset.ts';
import type { Task } from '../task.ts';
import { buildContext, longestItem, requireFits, type Context, type PromptLimits } from './context.ts';
import { createPromptEncoder, type TokenEncoder } from './encode.ts';
import { type FineTuningOrder, selectDemonstrations, selectValidation } from './selection.ts';

export interface RunSelection {
  /** Most demonstrations, k. */
  readonly shots: number;
  readonly seed: number;
  /** Draw of the demonstrations' order, 0 … 4; 0 leaves it as it is. */
  readonly permutation: number;
  /** Order that fine-tuning sees the demonstrations in; that of the context if not given. */
  readonly fineTuningOrder?: FineTuningOrder | undefined;
  /** Most validation examples; never more than 2,000 are used. */
  readonly examples: number;
}

/** Everything that one dataset and seed puts before a model, in tokens. */
export interface PreparedRun {
  readonly dataset: string;
  readonly seed: number;
  readonly permutation: number;
  /** Rows of the training split (from 0) used as demonstrations, in the order of the context. */
  readonly trainRows: readonly number[];
  /** The same rows in the order of fine-tuning. */
  readonly fineTuningRows: readonly number[];
  /** Rows of the validation split (from 0) that are evaluated, in order. */
  readonly validationRows: readonly number[];
  /** All k demonstrations in the order of the context. */
  readonly demonstrations: readonly Demonstration[];
  /** All k demonstrations in the order of fine-tuning. */
  readonly fineTuningDemonstrations: readonly Demonstration[];
  readonly queries: readonly Query[];
  /** Right class of each query. */
  readonly gold: readonly number[];
  /** The in-context prefix, of as many demonstrations as fit. */
  readonly context: Context;
  /** Length in tokens of the longest 1 + query + option. */
  readonly longestItem: number;
}

/**
 * Selects and encodes what a run needs, as the paper's released code does.
 *
 * @throws UserError if a selection number is out of range or something does not fit the model's context window.
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
