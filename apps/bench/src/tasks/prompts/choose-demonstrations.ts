import type { Demonstration } from '@icl-gd/methods';
import { Pcg64, UserError } from '@icl-gd/transformer';
import type { Dataset } from '../dataset.ts';
import type { Task } from '../task.ts';
import { type Context, type PromptLimits, buildContext, requireFits } from './context.ts';
import type { DemonstrationChoice } from './demonstration-choice.ts';
import { type TokenEncoder, createPromptEncoder } from './encode.ts';
import { relabel } from './labels.ts';
import { type FineTuningOrder, selectDemonstrations } from './selection.ts';

/** Demonstrations as a setting is given them. */
export interface DemonstrationSet {
  /** Id of the task that they are of, where that is another. */
  readonly otherDataset?: string;
  /** Rows of the training split (from 0) used as demonstrations, in the order of the context. */
  readonly trainRows: readonly number[];
  /** The same rows in the order of fine-tuning. */
  readonly fineTuningRows: readonly number[];
  /** All k demonstrations in the order of the context. */
  readonly demonstrations: readonly Demonstration[];
  /** All k demonstrations in the order of fine-tuning. */
  readonly fineTuningDemonstrations: readonly Demonstration[];
  /** What stands before every query in the in-context setting. */
  readonly context: Context;
}

/** A task with its rows. */
export interface TaskData {
  readonly task: Task;
  readonly dataset: Pick<Dataset, 'train'>;
}

/** What demonstrations are chosen by. */
export interface ChoiceOptions {
  readonly shots: number;
  readonly seed: number;
  readonly permutation: number;
  readonly fineTuningOrder?: FineTuningOrder | undefined;
  /** Fine-tuning is given those alone that fit the context. No if absent. */
  readonly matchedDemonstrations?: boolean | undefined;
  /** The next dataset of the run, where there is another. */
  readonly other?: TaskData | undefined;
  /** Length in tokens of the longest input without demonstrations, as `longestItem` counts it. */
  readonly longest: number;
}

/** A stream of its own: labels and intervals are drawn from others. */
const TOKEN_STREAM = 8n;

/**
 * Demonstrations of a choice; `{}` for a trial's own.
 * @throws UserError if there are none, or they do not fit the model's context window
 */
export function chooseDemonstrations(
  own: TaskData,
  tokenizer: TokenEncoder,
  limits: PromptLimits,
  choice: DemonstrationChoice,
  options: ChoiceOptions,
): DemonstrationSet {
  const { seed, shots, longest, other } = options;
  const source = choice.otherTask ? other : own;
  if (!source)
    throw new UserError(`${own.task.id}: there is no other dataset here to take demonstrations from`);
  const { task, dataset } = source;
  // The next k stand in the order of the shuffle: the draw of an order is of the trial's own.
  const ownOrder = choice.disjoint ? 0 : options.permutation;
  const selection = {
    ...{ trainRows: dataset.train.length, shots, seed, permutation: choice.order ?? ownOrder },
    skipped: choice.disjoint ? shots : 0,
  };
  const trainRows = selectDemonstrations(selection);
  if (trainRows.length === 0)
    throw new UserError(
      `${task.id}: its training split has ${dataset.train.length} rows, which leaves none beside the ${shots} demonstrations`,
    );
  // What is drawn for a row is the same in whatever order rows are shown.
  const drawn = selectDemonstrations({ ...selection, permutation: ownOrder });
  const examples = drawn.map((row) => dataset.train[row]!);
  const labelled = choice.labels ? relabel(examples, task.classes.length, choice.labels, seed) : examples;
  const encoder = createPromptEncoder(task, tokenizer, limits.eosTokenId);
  const encoded = labelled.map((example) => encoder.demonstration(example));
  const shown = choice.randomTokens ? randomTokens(encoded, seed, limits.eosTokenId) : encoded;
  const given = new Map(drawn.map((row, i) => [row, shown[i]!]));
  const take = (taken: readonly number[]): Demonstration[] => taken.map((row) => given.get(row)!);
  const demonstrations = take(trainRows);
  requireFits(own.task.id, demonstrations, longest, limits);
  const context = buildContext(demonstrations, longest, limits);
  const fitting = new Set(trainRows.slice(0, context.demonstrations));
  const fineTuningRows = selectDemonstrations({ ...selection, order: options.fineTuningOrder }).filter(
    (row) => !options.matchedDemonstrations || fitting.has(row),
  );
  return {
    ...{ trainRows, fineTuningRows, demonstrations, context },
    ...(source === own ? {} : { otherDataset: task.id }),
    fineTuningDemonstrations: take(fineTuningRows),
  };
}

/** Every token but the EOS between lines replaced by one drawn from all that are replaced, each as often as it occurs. */
function randomTokens(
  demonstrations: readonly Demonstration[],
  seed: number,
  eosTokenId: number,
): readonly Demonstration[] {
  const pool = demonstrations.flatMap(({ tokens }) => tokens.filter((token) => token !== eosTokenId));
  const random = new Pcg64((BigInt(seed) << 32n) | TOKEN_STREAM);
  const draw = (): number => pool[Math.floor(random.random() * pool.length)]!;
  return demonstrations.map((demonstration) => ({
    ...demonstration,
    tokens: demonstration.tokens.map((token) => (token === eosTokenId ? token : draw())),
  }));
}
