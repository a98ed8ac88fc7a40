import { refuseMisspelt, requireOneOf } from '@icl-gd/gpu-kernels';
import { type Objective, READOUTS, type Readout } from './decoder/loss-gradient.ts';
import { OPTIMIZERS, type Optimizer, type ParameterUpdate } from './optimizer.ts';
import { LAYER_GROUPS, type LayerGroup } from './parameters.ts';

/** How a model is fine-tuned. */
export interface FineTuningOptions {
  readonly objective: Objective;
  /** What the objective `layerwise` reads of a layer; `layer` if absent. `output` has no other. */
  readonly readout?: Readout;
  /** Constant step size: a step subtracts learningRate · gradient. */
  readonly learningRate: number;
  /**
   * What is trained; the rest is frozen. All but `attention.kv` need weights stored as float32. Not `all`: steps are taken layer
   * by layer, which embeddings are in none of; see `Pretraining` for those.
   */
  readonly group: LayerGroup;
  /** Number of steps that will be taken, at most. */
  readonly steps: number;
  /** Number of sequences that each step of {@link FineTuning.fullBatchSteps} takes in, at most; 1 if absent. */
  readonly sequencesPerStep?: number;
  /** `sgd` if absent. `adam` keeps two moments of each trained parameter. */
  readonly optimizer?: Optimizer;
  /**
   * Whether each step also reports the gradient norms by the definition of the code released with arXiv 2311.07772v4. The
   * gradients of all parameters of the layers are computed and kept then. No if absent.
   */
  readonly releasedNorms?: boolean;
  /**
   * Keeps the query vectors that sequences have while they are trained on, one a step: `FineTuningResult.queries`; not of full
   * batches.
   */
  readonly keepQueries?: KeepQueriesOptions | undefined;
  /**
   * Whether each step also reports the gradient norms under every definition; not of full batches. The gradients of all
   * parameters of the layers are computed, and their sums over the steps kept twice. No if absent.
   */
  readonly gradientNormVariants?: boolean;
  /**
   * What a step does to a parameter, by what it dispatches, instead of `optimizer`. Called once for each trained parameter and
   * step.
   */
  readonly update?: (update: ParameterUpdate) => void;
}

/** Of which steps query vectors are kept. */
export interface KeepQueriesOptions {
  /** From 0. */
  readonly steps: readonly number[];
  /** That the sequences of these steps have in all, without the first of each. */
  readonly tokens: number;
}

const KNOWN_OPTIONS: Required<{ [name in keyof FineTuningOptions]: true }> = {
  ...{ objective: true, readout: true, learningRate: true, group: true, steps: true },
  ...{
    sequencesPerStep: true,
    optimizer: true,
    releasedNorms: true,
    gradientNormVariants: true,
    keepQueries: true,
    update: true,
  },
};

/** What types do not hold in JavaScript. @throws RangeError */
export function requireOptions(options: FineTuningOptions): void {
  refuseMisspelt('FineTuning', options, KNOWN_OPTIONS);
  const { objective, readout = 'layer', group, learningRate, optimizer = 'sgd' } = options;
  requireOneOf('objective', objective, ['output', 'layerwise'] satisfies Objective[]);
  requireOneOf('readout', readout, READOUTS);
  requireOneOf('group', group, LAYER_GROUPS);
  requireOneOf('optimizer', optimizer, OPTIMIZERS);
  if (objective === 'output' && readout !== 'layer')
    throw new RangeError(`FineTuning: readout ${readout} needs the objective layerwise`);
  if (group === 'feedForward' && readout !== 'layer')
    throw new RangeError(`FineTuning: readout ${readout} gives feed-forward blocks no gradient`);
  if (typeof learningRate !== 'number')
    throw new RangeError(`FineTuning: the learning rate is ${String(learningRate)}, not a number`);
  const { steps, sequencesPerStep = 1 } = options;
  for (const [name, count] of Object.entries({ steps, sequencesPerStep }))
    if (!Number.isInteger(count) || count < 0)
      throw new RangeError(
        `FineTuning: ${name} is ${String(count)}, not a number of ${name === 'steps' ? 'steps' : 'sequences'}`,
      );
}
