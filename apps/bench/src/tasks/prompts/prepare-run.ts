import type { Query } from '@icl-gd/methods';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { Dataset } from '../dataset.ts';
import { counted } from '../../terminal/words.ts';
import type { Task } from '../task.ts';
import { type DemonstrationSet, type TaskData, chooseDemonstrations } from './choose-demonstrations.ts';
import { longestItem, type PromptLimits } from './context.ts';
import { type DemonstrationChoice, choiceId } from './demonstration-choice.ts';
import { createPromptEncoder, type TokenEncoder } from './encode.ts';
import { type FineTuningOrder, selectValidation } from './selection.ts';

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
  /** Fine-tuning is given those demonstrations alone that fit the context. No if absent. */
  readonly matchedDemonstrations?: boolean;
  /** Other choices of demonstrations that settings are given. */
  readonly choices?: readonly DemonstrationChoice[];
  /** The next dataset of the run, whose demonstrations some of the choices are. */
  readonly other?: TaskData | undefined;
}

/** Why a choice of demonstrations cannot be made. */
export interface Unavailable {
  readonly unavailable: string;
}

/** All inputs of the model for one task and seed, in tokens. */
export interface PreparedRun extends DemonstrationSet {
  /** Id of the task, which names the dataset in every table. */
  readonly dataset: string;
  readonly seed: number;
  readonly permutation: number;
  /** Rows of the validation split (from 0) that are evaluated, in the order of the queries. */
  readonly validationRows: readonly number[];
  readonly queries: readonly Query[];
  /** Class index of each query, the right answer. */
  readonly gold: readonly number[];
  /** Length in tokens of the longest of all inputs, each BOS, a query and one of its options. */
  readonly longestItem: number;
  /** Demonstrations of other choices, by {@link choiceId}. */
  readonly chosen?: ReadonlyMap<string, DemonstrationSet | Unavailable>;
}

/** The demonstrations that a setting with this choice is given. */
export function demonstrationsOf(
  prepared: PreparedRun,
  choice: DemonstrationChoice,
): DemonstrationSet | Unavailable {
  const id = choiceId(choice);
  if (id === '') return prepared;
  const chosen = prepared.chosen?.get(id);
  if (!chosen) throw new Error(`demonstrations of ${id} were not prepared`);
  return chosen;
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
  const { seed, permutation, examples, choices = [] } = selection;
  const validationRows = selectValidation(dataset.validation.length, examples);
  const encoder = createPromptEncoder(task, tokenizer, limits.eosTokenId);
  const evaluated = validationRows.map((row) => dataset.validation[row]!);
  const queries = evaluated.map((example) => encoder.query(example));
  const longest = longestItem(queries);
  const choose = (choice: DemonstrationChoice): DemonstrationSet =>
    chooseDemonstrations({ task, dataset }, tokenizer, limits, choice, { ...selection, longest });
  return {
    ...{ dataset: task.id, seed, permutation, validationRows, queries, longestItem: longest },
    gold: evaluated.map(({ label }) => label),
    ...choose({}),
    chosen: new Map(choices.map((choice) => [choiceId(choice), unlessUnavailable(() => choose(choice))])),
  };
}

function unlessUnavailable(choose: () => DemonstrationSet): DemonstrationSet | Unavailable {
  try {
    return choose();
  } catch (error) {
    if (error instanceof UserError) return { unavailable: error.message };
    throw error;
  }
}
