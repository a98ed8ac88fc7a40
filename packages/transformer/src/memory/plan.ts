import { type Gpu, type Kernel, storageBytes } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import { copyGroup } from '../copy-group.ts';
import { recordEvaluation } from '../decoder/evaluate.ts';
import { withPositions } from '../decoder/positions.ts';
import type { ContextPrefix } from '../decoder/prefix.ts';
import { KeptQueries, type ScoredVectors, prefixOf, recordQueryScores } from '../decoder/query-scores.ts';
import { UserError } from '../errors.ts';
import { FineTuning } from '../fine-tuning.ts';
import { GradientDirection } from '../gradient-direction.ts';
import { passOverCells } from '../lockstep/evaluate-together.ts';
import { LockstepFineTuning } from '../lockstep/lockstep-fine-tuning.ts';
import { trainsInLockstep } from '../lockstep/options.ts';
import { stackGroup } from '../lockstep/stacks.ts';
import { Model, passOver } from '../model.ts';
import { type LayerGroup, parameterSpecs } from '../parameters.ts';
import { elementCount } from '../shape.ts';
import { parameterTensor } from '../weights/load.ts';
import { ParameterSet } from '../weights/parameter-set.ts';
import { type WeightDtype, storageDType } from '../weights/storage.ts';
import { countingGpu } from './counting-gpu.ts';
import type { PlannedDevice } from './planned-device.ts';
import {
  type EvaluationBatch,
  type QueryScoreBatch,
  type TrainingKind,
  type Workload,
  largestBatches,
  largestTogether,
  largestScored,
} from './workload.ts';

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
  /**
   * The trained copy of keys and values, or of what else is trained; with that of the base and the one rounded to float16, where
   * there are such; with the gradient where the model is moved along it. Of the training that needs most in all.
   */
  readonly overlay: number;
  /** Activations, gradients and an optimizer's moments of a step of that training. */
  readonly training: number;
  /** Scores of queries: kept queries and what is evaluated with them, or a context and what is behind it. */
  readonly queryScores: number;
  /** The most at any time. One setting is computed after another, so that the largest counts. */
  readonly peak: number;
  readonly largestWeight: { readonly name: string; readonly bytes: number };
  /** Work that is refused however much memory there is, because it would bind too much at once. */
  readonly refusals: readonly string[];
  /**
   * What the work runs, of a device as the plan's: for `gpu.warm`. Other kernels may be chosen for smaller batches.
   */
  readonly kernels: readonly Kernel[];
}

/** Weights on their way to the device, at most. */
const UPLOAD_BYTES = 2 ** 26;
/** What fine-tuning trains unless told otherwise. */
export const TRAINED = 'attention.kv';

/**
 * Finds out what a workload will allocate, before anything is: the code that will run is recorded on a device that only
 * counts.
 * @throws RangeError for a sequence past the model's context; UserError (`float16-training`) if what is trained is stored as
 *   float16
 */
export function planMemory(config: DecoderConfig, workload: Workload, device: PlannedDevice): MemoryPlan {
  const { dtype, batches, context } = workload;
  using model = emptyModel(countingGpu(device), config, dtype);
  model.parameters.positions?.atLeast(longestSequence(config, workload) + config.positions.offset);
  const meter = new Meter(model.gpu);
  const weights = model.gpu.pool.live.bytes;
  const uploads = Math.min(UPLOAD_BYTES, weights);
  const evaluation = meter.growth(() => evaluateAll(meter, model, batches));
  const inContext = context ? meter.growth(() => evaluateBehind(meter, model, context)) : 0;
  const { base, kind, ofSingles } = planTraining(meter, model, workload, evaluation);
  const whileProbing = Math.max(base + evaluation, base + inContext, kind.overlay + evaluation);
  const scored = planScores(meter, model, workload);
  // No rounded base model is there then.
  const whileScoring = ofSingles.map(({ held, step }) => held + Math.max(scored.kept + step, scored.scoring));
  const peak =
    weights +
    Math.max(uploads, whileProbing, kind.peak, scored.behind, ...(workload.queryScores ? whileScoring : []));
  return {
    ...{ weights, uploads, evaluation, inContext, overlay: kind.overlay, training: kind.step, peak },
    queryScores: Math.max(scored.scoring, scored.behind),
    largestWeight: largestWeight(config, dtype),
    refusals: meter.refusals,
    kernels: model.gpu.pipelines.kernels,
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

/** Bytes of scoring queries: of those that are kept; with them, of scoring towards them; and of scoring behind a context. */
function planScores(
  meter: Meter,
  model: Model,
  { context, queryScores }: Workload,
): Readonly<Record<'kept' | 'scoring' | 'behind', number>> {
  if (!queryScores) return { kept: 0, scoring: 0, behind: 0 };
  const { keptTokens, batches, inContext } = queryScores;
  const towardsKept = (what: readonly QueryScoreBatch[]): number =>
    meter.growth(() => {
      using kept = new KeptQueries(model.gpu, model.config, keptTokens);
      scoreAll(meter, model, what, kept);
    });
  const behind = (tokens: number): number =>
    meter.growth(() =>
      meter.attempt(`a context of ${tokens} tokens`, () => {
        using prefix = model.prefix(zeros(tokens));
        scoreAll(meter, model, inContext, prefix);
      }),
    );
  return {
    kept: towardsKept([]),
    scoring: towardsKept(batches),
    behind: context ? behind(context.tokens) : 0,
  };
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

/** Bytes of a kind of training. */
interface PlannedKind {
  /** The trained copy, and the gradient where the model is moved along it. */
  readonly held: number;
  /** Copies that are there while the trained model is probed. */
  readonly overlay: number;
  /** What a step needs beside the copies that are there then. */
  readonly step: number;
  /** The most of both. */
  readonly peak: number;
}

/** @returns the rounded base model's bytes, the kind of training that needs most, and those that take a sequence a step */
function planTraining(
  meter: Meter,
  model: Model,
  { training, queryScores }: Pick<Workload, 'training' | 'queryScores'>,
  evaluation: number,
): { readonly base: number; readonly kind: PlannedKind; readonly ofSingles: readonly PlannedKind[] } {
  if (!training) return { base: 0, kind: { held: 0, overlay: 0, step: 0, peak: 0 }, ofSingles: [] };
  const copyOf = (group: LayerGroup): number =>
    meter.growth(() => {
      for (const copy of copyGroup(model, group, 'trained').values()) copy.dispose();
    });
  const { halfCopies = false, kinds } = training;
  const base = halfCopies ? copyOf(TRAINED) : 0;
  const cellsOf = (kind: TrainingKind): number => (queryScores ? 1 : cellsTogether(kind, training));
  const probingTogether = kinds.some((kind) => cellsOf(kind) > 1)
    ? meter.growth(() => evaluateCells(meter, model, training))
    : 0;
  const planned = kinds.map((kind): PlannedKind => {
    const cells = cellsOf(kind);
    const copy = cells * copyOf(kind.group ?? TRAINED);
    const held = kind.direction ? 2 * copy : copy;
    const whole = { ...training, cells, keeps: !!queryScores };
    const step = Math.max(0, stepGrowth(meter, model, kind, whole) - held);
    // In the order of a run: the rounded base model, the trained copies, and those rounded.
    const overlay = base + held + (halfCopies && !kind.direction ? copy : 0);
    const probing = cells > 1 ? Math.max(evaluation, probingTogether) : evaluation;
    return { held, overlay, step, peak: Math.max(base + held + step, overlay + probing) };
  });
  const copies = (halfCopies ? 3 : 1) * copyOf(TRAINED);
  const none: PlannedKind = { held: copies, overlay: copies, step: 0, peak: copies + evaluation };
  if (planned.length === 0) return { base, kind: none, ofSingles: [] };
  return {
    base,
    kind: planned.reduce((most, other) => (other.peak > most.peak ? other : most)),
    ofSingles: planned.filter((_, i) => !kinds[i]?.direction && kinds[i]?.fullBatchSteps === undefined),
  };
}

/** What cells are asked together, by copies of what some of them have of their own: cells of several groups have all of them. */
function evaluateCells(
  meter: Meter,
  model: Model,
  { kinds, together = [] }: NonNullable<Workload['training']>,
): void {
  const groups = kinds.filter(trainsInLockstep).map(({ group = TRAINED }) => group);
  for (const asked of largestTogether(together)) {
    meter.attempt(`probing ${asked.length} cells at once`, () => {
      using stacked = model.withParameters(model.parameters.overlay(stackGroup(model, groups, asked.length)));
      using own = passOverCells(stacked, asked);
      recordEvaluation(own.pass, asked.flat());
    });
  }
}

/** Cells that take their steps in one pass. */
function cellsTogether(
  kind: TrainingKind,
  { cells = 1, releasedNorms, gradientNormVariants = false }: NonNullable<Workload['training']>,
): number {
  return releasedNorms || gradientNormVariants || !trainsInLockstep(kind) ? 1 : cells;
}

/** How a kind is trained. */
interface PlannedTraining extends NonNullable<Workload['training']> {
  /** Whether queries are kept by trainings of a sequence a step, which are fed its last token then. */
  readonly keeps: boolean;
}

/** What trained copies and steps take together, without room for kept queries. */
function stepGrowth(meter: Meter, model: Model, kind: TrainingKind, training: PlannedTraining): number {
  const tokens = keptTokens(kind, training);
  const growth = meter.growth(() => train(meter, model, kind, training));
  if (tokens === 0) return growth;
  return growth - meter.growth(() => new KeptQueries(model.gpu, model.config, tokens).dispose());
}

/** Of all steps that are planned. */
function keptTokens(
  { direction, fullBatchSteps }: TrainingKind,
  { keeps, ...training }: PlannedTraining,
): number {
  if (!keeps || direction || fullBatchSteps !== undefined) return 0;
  return plannedSteps(training.steps) * (training.tokens - 1);
}

/** Two are as good as all: what a step leaves behind is there from the second on. */
function plannedSteps(steps: number): number {
  return Math.min(steps, 2);
}

function train(meter: Meter, model: Model, trained: TrainingKind, training: PlannedTraining): void {
  const { direction, fullBatchSteps, group = TRAINED, ...kind } = trained;
  const { steps, tokens, releasedNorms, gradientNormVariants = false, cells = 1 } = training;
  const few = plannedSteps(steps);
  const sequence = zeros(tokens);
  meter.attempt(`training on ${tokens} tokens`, () => {
    if (direction) {
      if (few === 0) return;
      using moved = new GradientDirection(model, { ...kind, group });
      for (let step = 0; step < few; step++) moved.add(sequence);
      const probes = [{ row: tokens - 1, firstKey: 1 }];
      evaluateAll(meter, moved.model, [[{ tokens: sequence, probes, logProbs: [] }]]);
      return;
    }
    if (cells > 1) {
      const { optimizer: _, ...shared } = kind;
      const cell = { learningRate: 0, sequences: Array.from({ length: steps }, () => sequence) };
      const all = Array.from({ length: cells }, () => cell);
      // Taken apart at the end they need less than in a step.
      using tuning = new LockstepFineTuning(model, { ...shared, group, cells: all });
      for (let step = 0; step < few; step++) tuning.step();
      return;
    }
    const common = { ...kind, group, learningRate: 0 };
    if (fullBatchSteps === undefined) {
      const kept = { tokens: keptTokens(trained, training), steps: Array.from({ length: few }, (_, i) => i) };
      const keepQueries = kept.tokens > 0 ? kept : undefined;
      using tuning = new FineTuning(model, {
        ...{ ...common, steps, releasedNorms, gradientNormVariants, keepQueries },
      });
      for (let step = 0; step < few; step++) tuning.step(sequence);
      return;
    }
    using tuning = new FineTuning(model, { ...common, steps: fullBatchSteps, sequencesPerStep: steps });
    const batch = Array.from({ length: few }, () => sequence);
    for (let step = 0; step < Math.min(fullBatchSteps, 2); step++) tuning.fullBatchStep(batch);
  });
}

/** A model whose parameters have a place on the device, but no values. */
export function emptyModel(gpu: Gpu, config: DecoderConfig, dtype: WeightDtype): Model {
  const tensors = new Map(
    parameterSpecs(config).map((spec) => [spec.name, parameterTensor(gpu, spec, dtype)]),
  );
  return new Model(gpu, 'the model', config, withPositions(gpu, config, new ParameterSet(tensors), false));
}

/** In tokens, what stands before it included. */
function longestSequence(
  { contextLength }: DecoderConfig,
  { batches, context, positionOffset = 0, training }: Workload,
): number {
  const longestOf = (of: readonly EvaluationBatch[]): number =>
    of.flat().reduce((longest, { tokens }) => Math.max(longest, tokens.length), 0);
  const behind = context ? context.tokens + longestOf(context.batches) : 0;
  return Math.min(
    contextLength,
    Math.max(positionOffset + longestOf(batches), behind, training?.tokens ?? 0),
  );
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
