import {
  FineTuning,
  type FineTuningResult,
  type FineTuningStep,
  type Objective,
  specialToken,
} from '@icl-gd/transformer';
import { adaptedModel } from '../adapted-model.ts';
import {
  type AdaptedModel,
  type Demonstration,
  DivergedError,
  type Learner,
  type LearnerOptions,
} from '../learner.ts';

/** Sound training changes the norm by a few percent; beyond this nothing of the model is left. */
const GROWTH_LIMIT = 100;

/** Key and value projections alone, weights and biases, as in arXiv 2311.07772v4. */
const TRAINED = 'attention.kv';

type TrainingLearner = Learner<LearnerOptions, AdaptedModel>;

/** GD (arXiv 2311.07772v4): the loss is taken at the model's output, its gradient flows through all layers. */
export const gradientDescent: TrainingLearner = fineTuningLearner(
  { id: 'GD', label: 'gradient descent', source: 'arXiv 2311.07772v4, settings' },
  'output',
);

/**
 * LCGD, layer-causal gradient descent (arXiv 2311.07772v4): every layer's output goes through the frozen final norm and
 * unembedding; the cross-entropy of that prediction trains this layer alone, since each layer's input is detached. The loss
 * is taken at the whole layer's output, as in the code released with the paper.
 */
export const layerCausalGradientDescent: TrainingLearner = fineTuningLearner(
  {
    id: 'LCGD',
    label: 'layer-causal gradient descent',
    source: 'arXiv 2311.07772v4, layer-causal gradient descent, as released',
  },
  'layerwise',
);

/** One epoch of SGD with batch size 1 over `BOS demonstration`, on key and value projections alone. */
function fineTuningLearner(
  description: Pick<Learner, 'id' | 'label' | 'source'>,
  objective: Objective,
): TrainingLearner {
  const { id } = description;
  return {
    ...description,
    role: 'learner',
    paper: true,
    needs: 'all',
    objective,
    keepsTrainingQueriesWith: trainsOnEachDemonstration,
    async adapt(model, demonstrations, options = {}) {
      const {
        learningRate,
        releasedNorms = false,
        keepTrainingQueries: kept,
        signal,
        onProgress,
        onStep,
      } = options;
      signal?.throwIfAborted();
      if (typeof learningRate !== 'number')
        throw new RangeError(
          `${id} needs a learning rate${learningRate === undefined ? '' : `, a number; learningRate is ${JSON.stringify(learningRate)}`}`,
        );
      if (!Number.isFinite(Math.fround(learningRate)))
        throw new DivergedError(
          `${id} with learning rate ${learningRate} diverged: float32 cannot hold the rate`,
        );
      const tuning = new FineTuning(model, {
        objective,
        learningRate,
        group: TRAINED,
        steps: demonstrations.length,
        releasedNorms,
        keepQueries: kept && { steps: kept, tokens: tokensOf(kept, demonstrations) },
      });
      let result: FineTuningResult;
      try {
        const bosTokenId = specialToken(model.config, 'bosTokenId', model.name);
        const sequences = demonstrations.map(({ tokens }) => [bosTokenId, ...tokens]);
        await tuning.steps(sequences, { signal, onProgress, onStep });
        result = await tuning.finish();
      } catch (error) {
        tuning.dispose();
        throw error;
      }
      const { model: tuned, steps, growth, queries } = result;
      const failure = divergence(steps, growth);
      if (failure) {
        tuned.dispose();
        queries?.dispose();
        throw new DivergedError(`${id} with learning rate ${learningRate} diverged: ${failure}`);
      }
      return adaptedModel(tuned, options, steps, queries);
    },
  };
}

/** Not where one step is on all of them, or none is taken. */
function trainsOnEachDemonstration({ batch, tangent, noise }: LearnerOptions): boolean {
  return batch !== 'full' && tangent !== true && noise !== true;
}

/** Tokens of demonstrations in all. */
function tokensOf(places: readonly number[], demonstrations: readonly Demonstration[]): number {
  return places.reduce((total, place) => total + (demonstrations[place]?.tokens.length ?? 0), 0);
}

/** Layer norms keep losses finite at any weights, so that the weights' own growth has to be looked at too. */
function divergence(steps: readonly FineTuningStep[], growth: number): string | undefined {
  const bad = steps.findIndex(
    ({ losses, gradientNorms }) => ![...losses, ...gradientNorms].every(Number.isFinite),
  );
  if (bad >= 0) return `at step ${bad} its loss or gradient is no longer finite`;
  return growth <= GROWTH_LIMIT ? undefined : `its weights grew to ${growth.toPrecision(2)} times their norm`;
}
