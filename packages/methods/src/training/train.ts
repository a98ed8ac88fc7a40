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
import { adaptedModel } from '../adapted-model.ts';
import { type AdaptOptions, type AdaptedModel, type Demonstration, DivergedError } from '../learner.ts';
import { GROUPS, type TrainingOptions } from './options.ts';

/** Sound training changes the norm by a few percent; beyond this nothing of the model is left. */
const GROWTH_LIMIT = 100;

/** What the options make of a training, for `FineTuning` and for memory plans. */
export function trainingKind(
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

/**
 * What the steps are taken on.
 * @throws RangeError for a demonstration without the length that a loss over the answer needs; UserError for a model without BOS
 */
export function trainingSequences(
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

/** What trains, and how. */
export interface Trained {
  readonly id: string;
  readonly objective: Objective;
  readonly model: Model;
  readonly training: TrainingOptions;
}

/** Takes the steps of one cell. @throws as `Learner.adapt` */
export async function train(
  { id, objective, model, training }: Trained,
  sequences: readonly TrainingSequence[],
  options: AdaptOptions,
): Promise<AdaptedModel> {
  const { releasedNorms = false, gradientNormVariants = false, keepTrainingQueries: kept } = options;
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
  return await completed({ id, objective, model, training }, result, options);
}

/**
 * The adapted model of a training that took all its steps, whose model and queries it owns from here on.
 * @throws DivergedError if a number is not finite or the weights exploded; the signal's reason if it is aborted; UserError
 *   (`memory-budget`) if the device has no room for rounded copies
 */
export async function completed(
  { id, objective, model, training }: Trained,
  { model: tuned, steps, growth, queries }: FineTuningResult,
  options: AdaptOptions,
): Promise<AdaptedModel> {
  const { group } = trainingKind(objective, training);
  const { learningRate, seed = 0, signal } = options;
  try {
    const failure = divergence(steps, growth);
    if (failure) throw new DivergedError(`${id} with learning rate ${learningRate} diverged: ${failure}`);
    if (training.noise)
      await replaceChangeByNoise(model, tuned, group, noiseOf({ id, training }, seed), { signal });
  } catch (error) {
    tuned.dispose();
    queries?.dispose();
    throw error;
  }
  return adaptedModel(tuned, options, steps, group, queries);
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

/** @throws RangeError if there is no rate; DivergedError for one that float32 cannot hold */
export function requireRate(id: string, { learningRate }: AdaptOptions): number {
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
