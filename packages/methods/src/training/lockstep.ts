import {
  type FineTuningResult,
  LockstepFineTuning,
  type LongRunning,
  type Model,
  type Objective,
  copyOfOwn,
  trainsInLockstep,
} from '@icl-gd/transformer';
import {
  type AdaptOptions,
  type AdaptedModel,
  type Demonstration,
  DivergedError,
  type Learner,
  type LearnerOptionsSchema,
  type LearnerResult,
} from '../learner.ts';
import { readOptions } from '../read-options.ts';
import type { TrainingOptions } from './options.ts';
import { type Trained, completed, requireRate, trainingKind, trainingSequences } from './train.ts';

/** One of several adaptations of the same model by the same learner. */
export interface AdaptedCell {
  readonly demonstrations: readonly Demonstration[];
  /** As `adapt` takes them; a signal and a callback for progress are those of all cells. */
  readonly options: Omit<AdaptOptions, keyof LongRunning>;
}

/** Takes in the demonstrations of cells that go together. */
export type Together = (
  model: Model,
  cells: readonly AdaptedCell[],
  following: LongRunning,
) => Promise<(LearnerResult | DivergedError)[]>;

/** By `adapt`: a learner that is made of another with an `adapt` of its own does not train as that one does. */
const TOGETHER = new WeakMap<Learner['adapt'], Together>();

/** Says how cells of learners with this `adapt` train together. */
export function togetherBy(adapt: Learner['adapt'], together: Together): void {
  TOGETHER.set(adapt, together);
}

/** How cells of a learner train together; undefined of learners that do not. */
export function togetherOf({ adapt }: Pick<Learner, 'adapt'>): Together | undefined {
  return TOGETHER.get(adapt);
}

/** What cells have in common that train together; undefined where a step is not one pass over one demonstration. */
export function lockstepText(
  id: string,
  objective: Objective,
  training: TrainingOptions,
): string | undefined {
  const kind = trainingKind(objective, training);
  return trainsInLockstep(kind) ? JSON.stringify([id, kind]) : undefined;
}

/** Whether the options of a cell, beside those of its learner, let it train with others. */
export function goesTogether(options: AdaptedCell['options']): boolean {
  const { releasedNorms, gradientNormVariants, keepTrainingQueries, onStep } = options;
  return !releasedNorms && !gradientNormVariants && !keepTrainingQueries && !onStep;
}

interface TrainedTogether extends Pick<Trained, 'id' | 'objective' | 'model'> {
  readonly schema: LearnerOptionsSchema<TrainingOptions>;
}

/** As `adapt` for each cell; all have the same `lockstepText`, and `goesTogether` says yes. */
export async function trainTogether(
  { schema, ...common }: TrainedTogether,
  cells: readonly AdaptedCell[],
  { signal, onProgress }: LongRunning,
): Promise<(AdaptedModel | DivergedError)[]> {
  const { id, model } = common;
  const trained = cells.map(({ demonstrations, options }) => {
    const training = readOptions(id, schema, options.learnerOptions);
    const sequences = trainingSequences(id, model, demonstrations, training);
    const learningRate = divergedOr(() => requireRate(id, options));
    return { training, sequences, learningRate, options };
  });
  const sound = trained.flatMap(({ learningRate, sequences, ...rest }) =>
    typeof learningRate === 'number' ? [{ ...rest, learningRate, sequences }] : [],
  );
  const results = await runTogether(common, sound, { signal, onProgress });
  const adapted: (AdaptedModel | DivergedError)[] = [];
  try {
    for (const { training, learningRate, options } of trained) {
      if (learningRate instanceof DivergedError) {
        adapted.push(learningRate);
        continue;
      }
      const own = completed({ ...common, training }, results.shift() as FineTuningResult, {
        ...options,
        signal,
      });
      adapted.push(await own.catch(diverged));
    }
  } catch (error) {
    for (const result of adapted) if (!(result instanceof DivergedError)) result.dispose();
    for (const { model: tuned } of results) tuned.dispose();
    throw error;
  }
  return adapted;
}

/** What is trained of a cell. */
interface Steps {
  readonly learningRate: number;
  readonly sequences: ReturnType<typeof trainingSequences>;
}

async function runTogether(
  { objective, model }: Omit<TrainedTogether, 'schema'>,
  cells: readonly (Pick<Trained, 'training'> & Steps)[],
  { signal, onProgress }: LongRunning,
): Promise<FineTuningResult[]> {
  const [first] = cells;
  if (!first) return [];
  const { group, readout } = trainingKind(objective, first.training);
  // What comes after its steps may be all that a cell has of its own, as with `noise`.
  const texts = cells.map(({ learningRate, sequences }) => JSON.stringify([learningRate, sequences]));
  const places = new Map([...new Set(texts)].map((text, place) => [text, place]));
  const distinct = [...places.keys()].map((text) => cells[texts.indexOf(text)] as Steps);
  using together = new LockstepFineTuning(model, {
    ...{ objective, group, cells: distinct },
    ...(readout ? { readout } : {}),
  });
  const stepsOf = (own: readonly Steps[]): number =>
    own.reduce((sum, { sequences }) => sum + sequences.length, 0);
  const share = stepsOf(cells) / stepsOf(distinct);
  const trained = await together.run({
    signal,
    ...(onProgress
      ? {
          onProgress: ({ finished, total }) =>
            onProgress({ finished: Math.round(share * finished), total: Math.round(share * total) }),
        }
      : {}),
  });
  const results: FineTuningResult[] = [];
  try {
    for (const [i, text] of texts.entries()) {
      const own = trained[places.get(text) as number] as FineTuningResult;
      results.push(texts.indexOf(text) === i ? own : { ...own, model: copyOfOwn(own.model) });
    }
  } catch (error) {
    for (const own of new Set([...trained, ...results].map((result) => result.model))) own.dispose();
    throw error;
  }
  return results;
}

/** An error that is of one cell alone. @throws every other */
export function diverged(error: unknown): DivergedError {
  if (error instanceof DivergedError) return error;
  throw error;
}

function divergedOr<T>(work: () => T): T | DivergedError {
  try {
    return work();
  } catch (error) {
    return diverged(error);
  }
}
