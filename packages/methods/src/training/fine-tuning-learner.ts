import {
  FineTuning,
  type FineTuningResult,
  type FineTuningStep,
  type Model,
  type Objective,
  Pcg64,
  type TrainingKind,
  type TrainingSequence,
  replaceChangeByNoise,
  specialToken,
} from '@icl-gd/transformer';
import { adaptedModel, guarded } from '../adapted-model.ts';
import {
  type AdaptOptions,
  type AdaptedModel,
  type Demonstration,
  DivergedError,
  type Learner,
  type LearnerOptions,
  type LearnerOptionsSchema,
} from '../learner.ts';
import { readOptions } from '../read-options.ts';
import { GROUPS, type TrainingOptions } from './options.ts';
import { tangentOf } from './tangent.ts';

/** Sound training changes the norm by a few percent; beyond this nothing of the model is left. */
const GROWTH_LIMIT = 100;

/** A learner that trains, whatever its options. */
export type TrainingLearner = Learner<LearnerOptions, AdaptedModel>;

/** What one learner that trains has that another has not. */
export interface TrainingDescription extends Pick<Learner, 'id' | 'label' | 'source'> {
  readonly objective: Objective;
  readonly options: LearnerOptionsSchema<TrainingOptions>;
}

/** Metrics that a tangent has not: it has directions alone. */
const NOT_OF_DIRECTIONS = [
  ...['simaou_norm', 'simam', 'simam_delta_softmax', 'update_norm'],
  ...['accuracy_ft', 'rec2ftp'],
];

/**
 * SGD on `BOS demonstration` as in arXiv 2311.07772v4, one epoch with batch size 1 on key and value projections alone; or what
 * its options say.
 */
export function fineTuningLearner({ objective, options: schema, ...description }: TrainingDescription) {
  const { id } = description;
  const learner: TrainingLearner = {
    ...description,
    role: 'learner',
    paper: true,
    needs: 'all',
    objective,
    options: schema as LearnerOptionsSchema<LearnerOptions>,
    with: (given) => {
      const training = readOptions(id, schema, ownOf(schema, given));
      const { tangent, noise, batch, steps } = training;
      return {
        takesRate: !tangent,
        draws: noise,
        keepsTrainingQueries: batch === 'one' && !tangent && !noise,
        training: trainingKind(objective, training),
        passes: batch === 'full' ? steps : 1,
        inapplicableMetrics: tangent ? NOT_OF_DIRECTIONS : [],
      };
    },
    async adapt(model, demonstrations, options = {}) {
      const training = readOptions(id, schema, options.learnerOptions);
      options.signal?.throwIfAborted();
      const sequences = trainingSequences(id, model, demonstrations, training);
      if (!training.tangent) return await train({ id, objective, model, training }, sequences, options);
      const { direction: _, ...of } = trainingKind(objective, training);
      const tangent = await tangentOf(model, sequences, { id, ...of }, options);
      return guarded(tangent, model.name);
    },
  };
  return learner;
}

/** A learner that is made of this one may have options of its own beside, or in the place of, these. */
function ownOf(
  schema: TrainingDescription['options'],
  given: Partial<LearnerOptions>,
): Partial<LearnerOptions> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => name in schema.shape));
}

function trainingKind(
  objective: Objective,
  { at, params, optimizer, batch, steps, tangent }: TrainingOptions,
): TrainingKind & Required<Pick<TrainingKind, 'group'>> {
  return {
    objective,
    group: GROUPS[params],
    ...(at === undefined ? {} : { readout: at }),
    ...(tangent ? { direction: true } : { optimizer }),
    ...(batch === 'full' ? { fullBatchSteps: steps } : {}),
  };
}

function trainingSequences(
  id: string,
  { config, name }: Model,
  demonstrations: readonly Demonstration[],
  { loss }: TrainingOptions,
): TrainingSequence[] {
  const bosTokenId = specialToken(config, 'bosTokenId', name);
  return demonstrations.map(({ tokens, answerLength }, i) => {
    if (loss === 'label' && answerLength === undefined)
      throw new RangeError(
        `${id}, loss: demonstrations[${i}] has no answerLength, the number of its last tokens that loss=label is over; \`tokenize\` says it`,
      );
    return { tokens: [bosTokenId, ...tokens], predicted: loss === 'label' ? answerLength : undefined };
  });
}

interface Trained {
  readonly id: string;
  readonly objective: Objective;
  readonly model: Model;
  readonly training: TrainingOptions;
}

async function train(
  { id, objective, model, training }: Trained,
  sequences: readonly TrainingSequence[],
  options: AdaptOptions,
): Promise<AdaptedModel> {
  const {
    releasedNorms = false,
    gradientNormVariants = false,
    keepTrainingQueries: kept,
    seed = 0,
  } = options;
  const { signal, onProgress, onStep } = options;
  const learningRate = requireRate(id, options);
  const { fullBatchSteps, direction: _, ...kind } = trainingKind(objective, training);
  const inFull = fullBatchSteps !== undefined;
  const tuning = new FineTuning(model, {
    ...kind,
    learningRate,
    keepQueries: kept && { steps: kept, tokens: tokensOf(kept, sequences) },
    steps: fullBatchSteps ?? sequences.length,
    // The released code has no full batches, and no norms of them.
    ...(inFull ? { sequencesPerStep: sequences.length } : { releasedNorms, gradientNormVariants }),
  });
  let result: FineTuningResult;
  try {
    const following = { signal, onProgress, onStep };
    if (inFull) await tuning.fullBatchSteps(sequences, fullBatchSteps, following);
    else await tuning.steps(sequences, following);
    result = await tuning.finish();
  } catch (error) {
    tuning.dispose();
    throw error;
  }
  const { model: tuned, steps, growth, queries } = result;
  try {
    const failure = divergence(steps, growth);
    if (failure) throw new DivergedError(`${id} with learning rate ${learningRate} diverged: ${failure}`);
    if (training.noise)
      await replaceChangeByNoise(model, tuned, kind.group, noiseOf({ id, training }, seed), { signal });
  } catch (error) {
    tuned.dispose();
    queries?.dispose();
    throw error;
  }
  return adaptedModel(tuned, options, steps, kind.group, queries);
}

/**
 * A generator for each learner and its options: settings that drew the same numbers from one seed would change weights in the same
 * direction, as if they were alike.
 */
function noiseOf({ id, training }: Pick<Trained, 'id' | 'training'>, seed: number): Pcg64 {
  const bytes = new TextEncoder().encode(JSON.stringify([id, training]));
  const name = BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
  return new Pcg64((name << 64n) | BigInt(seed));
}

/** Of sequences in all, without BOS. */
function tokensOf(places: readonly number[], sequences: readonly TrainingSequence[]): number {
  return places.reduce((total, place) => total + (sequences[place]?.tokens.length ?? 1) - 1, 0);
}

function requireRate(id: string, { learningRate }: AdaptOptions): number {
  if (typeof learningRate !== 'number')
    throw new RangeError(
      `${id} needs a learning rate${learningRate === undefined ? '' : `, a number; learningRate is ${JSON.stringify(learningRate)}`}`,
    );
  if (!Number.isFinite(Math.fround(learningRate)))
    throw new DivergedError(
      `${id} with learning rate ${learningRate} diverged: float32 cannot hold the rate`,
    );
  return learningRate;
}

/** Layer norms keep losses finite at any weights, so that the weights' own growth has to be looked at too. */
function divergence(steps: readonly FineTuningStep[], growth: number): string | undefined {
  const bad = steps.findIndex(
    ({ losses, gradientNorms }) => ![...losses, ...gradientNorms].every(Number.isFinite),
  );
  if (bad >= 0) return `at step ${bad} its loss or gradient is no longer finite`;
  return growth <= GROWTH_LIMIT ? undefined : `its weights grew to ${growth.toPrecision(2)} times their norm`;
}
