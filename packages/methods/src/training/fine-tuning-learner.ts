import type { Objective } from '@icl-gd/transformer';
import { guarded } from '../adapted-model.ts';
import type { AdaptedModel, Learner, LearnerOptions, LearnerOptionsSchema } from '../learner.ts';
import { readOptions } from '../read-options.ts';
import { lockstepText, togetherBy, trainTogether } from './lockstep.ts';
import type { TrainingOptions } from './options.ts';
import { tangentOf } from './tangent.ts';
import { train, trainingKind, trainingSequences } from './train.ts';

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
        lockstep: lockstepText(id, objective, training),
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
  const { adapt } = learner;
  togetherBy(adapt, (model, cells, following) =>
    trainTogether({ id, objective, schema, model }, cells, following),
  );
  return learner;
}

/** A learner that is made of this one may have options of its own beside, or in the place of, these. */
function ownOf(
  schema: TrainingDescription['options'],
  given: Partial<LearnerOptions>,
): Partial<LearnerOptions> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => name in schema.shape));
}
