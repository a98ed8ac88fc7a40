import { type AdapterDescription, type Gpu, storageBytes } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import { recordEvaluation } from '../decoder/evaluate.ts';
import { withPositions } from '../decoder/positions.ts';
import type { ContextPrefix } from '../decoder/prefix.ts';
import { KeptQueries, type ScoredVectors, prefixOf, recordQueryScores } from '../decoder/query-scores.ts';
import { UserError } from '../errors.ts';
import { FineTuning } from '../fine-tuning.ts';
import { Model, passOver } from '../model.ts';
import { parameterSpecs } from '../parameters.ts';
import { withHalfParameters } from '../round-parameters.ts';
import { elementCount } from '../shape.ts';
import { parameterTensor } from '../weights/load.ts';
import { ParameterSet } from '../weights/parameter-set.ts';
import { type WeightDtype, storageDType } from '../weights/storage.ts';
import { countingGpu } from './counting-gpu.ts';
import {
  type EvaluationBatch,
  type QueryScoreBatch,
  type Workload,
  largestBatches,
  largestScored,
} from './workload.ts';

/** What decides about a plan besides the model and its workload. */
export interface PlannedDevice {
  /** Bytes that one kernel binding may span: what is larger is worked on in slices, or refused. */
  readonly maxBindingBytes: number;
  /** Whose kernels are planned for; an unknown graphics card's if absent. */
  readonly adapter?: AdapterDescription;
}

/** Bytes on the device, as the buffer pool allocates them. */
export interface MemoryPlan {
  /** Stored weights, and the table of positions where it is no weight. */
  readonly weights: number;
  /** The driver's copies of weights on their way to the device, at most. */
  readonly uploads: number;
  /** Evaluation without a context: activations, logits, probes. */
  readonly evaluation: number;
  /** A context's keys and values, and evaluation behind it. */
  readonly inContext: number;
  /** The trained copy of keys and values, if there is training; three copies with those rounded to float16. */
  readonly overlay: number;
  /** Activations and gradients of a training step. */
  readonly training: number;
  /** Scores of queries: kept queries and what is evaluated with them, or a context and what is behind it. */
  readonly queryScores: number;
  /** The most at any time. One setting is computed after another, so that the largest counts. */
  readonly peak: number;
  readonly largestWeight: { readonly name: string; readonly bytes: number };
  /** Work that is refused however much memory there is, because it would bind too much at once. */
  readonly refusals: readonly string[];
}

/** Weights on their way to the device, at most. */
const UPLOAD_BYTES = 2 ** 26;
/** What fine-tuning trains. */
const TRAINED = 'attention.kv';

/**
 * Finds out what a workload will allocate, before anything is: the code that will run is recorded on a device that only
 * counts.
 * @throws RangeError for a sequence past the model's context
 */
export function planMemory(config: DecoderConfig, workload: Workload, device: PlannedDevice): MemoryPlan {
  const { dtype, batches, context, training, queryScores: scored } = workload;
  using model = emptyModel(countingGpu(device.maxBindingBytes, device.adapter), config, dtype);
  model.parameters.positions?.atLeast(longestSequence(config, workload) + config.positions.offset);
  const meter = new Meter(model.gpu);
  const weights = model.gpu.pool.live.bytes;
  const uploads = Math.min(UPLOAD_BYTES, weights);
  const evaluation = meter.growth(() => evaluateAll(meter, model, batches));
  const inContext = context ? meter.growth(() => evaluateBehind(meter, model, context)) : 0;
  const copy = training ? meter.growth(() => withHalfParameters(model, TRAINED).dispose()) : 0;
  const step = training ? meter.growth(() => trainAll(meter, model, training)) - copy : 0;
  // In the order of a run: the rounded base model, the trained copy, and that rounded.
  const [base, overlay] = training?.halfCopies ? [copy, 3 * copy] : [0, copy];
  const whileProbing = Math.max(base + evaluation, base + inContext, overlay + (training ? evaluation : 0));
  const kept = scored ? meter.growth(() => keep(meter, model, scored)) : 0;
  const scoring = scored ? meter.growth(() => scoreKept(meter, model, scored)) : 0;
  const scoringBehind =
    scored && context ? meter.growth(() => scoreBehind(meter, model, context, scored)) : 0;
  const whileScoring = scored ? Math.max(scoringBehind, copy + Math.max(scoring, kept + step)) : 0;
  const peak = weights + Math.max(uploads, whileProbing, base + copy + step, whileScoring);
  return {
    ...{ weights, uploads, evaluation, inContext, overlay, training: step, peak },
    queryScores: Math.max(scoring, scoringBehind),
    largestWeight: largestWeight(config, dtype),
    refusals: meter.refusals,
  };
}

/** Measures what recorded work needs. */
class Meter {
  readonly #gpu: Gpu;
  readonly refusals: string[] = [];

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** By how many bytes the work has more in use at its peak than before it. */
  growth(work: () => void): number {
    const { pool } = this.#gpu;
    pool.trim();
    pool.resetPeak();
    const before = pool.live.bytes;
    work();
    return pool.peakBytes - before;
  }

  /** Does the work as far as the adapter binds what it needs. */
  attempt(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof UserError && error.code === 'binding-limit')) throw error;
      this.refusals.push(`${what}: ${error.message}`);
    }
  }
}

function evaluateAll(
  meter: Meter,
  model: Model,
  batches: readonly EvaluationBatch[],
  prefix?: ContextPrefix,
): void {
  for (const batch of largestBatches(batches)) {
    const sequences = batch.map(({ tokens }) => tokens);
    const total = sequences.reduce((sum, { length }) => sum + length, 0);
    meter.attempt(`evaluating ${total} tokens at once`, () => {
      using pass = passOver(model, sequences, { prefixLength: prefix?.length ?? 0 });
      recordEvaluation(pass, batch, prefix);
    });
  }
}

function evaluateBehind(
  meter: Meter,
  model: Model,
  { tokens, batches }: NonNullable<Workload['context']>,
): void {
  meter.attempt(`a context of ${tokens} tokens`, () => {
    using prefix = model.prefix(zeros(tokens));
    evaluateAll(meter, model, batches, prefix);
  });
}

type QueryScores = NonNullable<Workload['queryScores']>;

function keep(meter: Meter, model: Model, { keptTokens }: QueryScores): void {
  meter.attempt(`keeping the queries of ${keptTokens} tokens`, () =>
    new KeptQueries(model.gpu, model.config, keptTokens).dispose(),
  );
}

function scoreKept(meter: Meter, model: Model, { keptTokens, batches }: QueryScores): void {
  meter.attempt(`keeping the queries of ${keptTokens} tokens`, () => {
    using kept = new KeptQueries(model.gpu, model.config, keptTokens);
    scoreAll(meter, model, batches, kept);
  });
}

function scoreBehind(
  meter: Meter,
  model: Model,
  { tokens }: NonNullable<Workload['context']>,
  { inContext }: QueryScores,
): void {
  meter.attempt(`a context of ${tokens} tokens`, () => {
    using prefix = model.prefix(zeros(tokens));
    scoreAll(meter, model, inContext, prefix);
  });
}

function scoreAll(
  meter: Meter,
  model: Model,
  batches: readonly QueryScoreBatch[],
  towards: ScoredVectors,
): void {
  for (const batch of largestScored(batches))
    meter.attempt(`scoring ${batch.length} queries at once`, () => {
      const sequences = batch.map(({ tokens }) => tokens);
      using pass = passOver(model, sequences, { prefixLength: prefixOf(towards)?.length ?? 0 });
      recordQueryScores(pass, batch, towards);
    });
}

function trainAll(
  meter: Meter,
  model: Model,
  { objectives, steps, tokens, releasedNorms }: NonNullable<Workload['training']>,
): void {
  for (const objective of objectives) {
    const options = { objective, learningRate: 0, group: TRAINED, steps, releasedNorms } as const;
    meter.attempt(`training on ${tokens} tokens`, () => {
      const tuning = new FineTuning(model, options);
      try {
        // Two are as good as all: what a step leaves behind is there from the second on.
        for (let step = 0; step < Math.min(steps, 2); step++) tuning.step(zeros(tokens));
      } finally {
        tuning.dispose();
      }
    });
  }
}

/** A model whose parameters have a place on the device, but no values. */
function emptyModel(gpu: Gpu, config: DecoderConfig, dtype: WeightDtype): Model {
  const tensors = new Map(
    parameterSpecs(config).map((spec) => [spec.name, parameterTensor(gpu, spec, dtype)]),
  );
  return new Model(gpu, 'the model', config, withPositions(gpu, config, new ParameterSet(tensors), false));
}

/** In tokens, what stands before it included. */
function longestSequence({ contextLength }: DecoderConfig, { batches, context, training }: Workload): number {
  const longestOf = (of: readonly EvaluationBatch[]): number =>
    of.flat().reduce((longest, { tokens }) => Math.max(longest, tokens.length), 0);
  const behind = context ? context.tokens + longestOf(context.batches) : 0;
  return Math.min(contextLength, Math.max(longestOf(batches), behind, training?.tokens ?? 0));
}

function zeros(length: number): number[] {
  return Array<number>(length).fill(0);
}

/** The weight that takes the most bytes. */
function largestWeight(config: DecoderConfig, dtype: WeightDtype): MemoryPlan['largestWeight'] {
  return parameterSpecs(config)
    .map((spec) => ({
      name: spec.name,
      bytes: storageBytes(elementCount(spec.shape), storageDType(spec, dtype)),
    }))
    .reduce((largest, other) => (other.bytes > largest.bytes ? other : largest));
}
