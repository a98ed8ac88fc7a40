import { type Gpu, type Tensor, adamWStep, clipScale, scaleInPlace, sumOfSquares } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import { Gradients } from '../decoder/gradients.ts';
import { recordLossGradient } from '../decoder/loss-gradient.ts';
import { Pass } from '../decoder/pass.ts';
import { withPositions } from '../decoder/positions.ts';
import { type TokenTargets, planTargets } from '../decoder/targets.ts';
import type { LongRunning } from '../long-running.ts';
import { type ParameterSpec, parameterSpecs } from '../parameters.ts';
import { ParameterSet } from '../weights/parameter-set.ts';
import { elementCount } from '../shape.ts';

/** AdamW (Loshchilov and Hutter 2019); the decay acts on matrices, not on norms and biases. */
export interface PretrainingOptimizer {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** A step's gradient with a larger l2 norm is scaled down to this one. */
  readonly maxGradientNorm: number;
}

/** Packed sequences and the tokens that the loss is taken on. */
export interface TrainingBatch {
  readonly sequences: readonly (readonly number[])[];
  /** Rows count through all sequences of the batch; one target a row at most. */
  readonly targets: TokenTargets;
}

/** What a training step reports. */
export interface PretrainingStep {
  /** Mean cross-entropy in nats a target, before the step; the mean over the accumulated batches. */
  readonly loss: number;
  /** l2 norm of the whole gradient before clipping. */
  readonly gradientNorm: number;
}

/**
 * Everything that training goes on from, in float32: `parameter.<name>`, `firstMoment.<name>` and `secondMoment.<name>` of
 * each parameter.
 */
export type PretrainingTensors = ReadonlyMap<string, Float32Array>;

interface Trained {
  readonly spec: ParameterSpec;
  readonly parameter: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
}

/** Trains every parameter of a decoder from scratch. The same calls give the same weights, bit by bit, on one adapter. */
export class Pretraining implements Disposable {
  readonly #gpu: Gpu;
  readonly #config: DecoderConfig;
  readonly #optimizer: PretrainingOptimizer;
  readonly #trained: readonly Trained[];
  readonly #parameters: ParameterSet;
  readonly #gradients: Gradients;
  #taken: number;
  #disposed = false;

  /**
   * @param tensors initial parameters, and both moments when training goes on
   * @param taken number of steps that were taken before
   * @throws RangeError if a tensor is missing or of another size; UserError (`memory-budget`) if the device has no room
   */
  constructor(
    gpu: Gpu,
    config: DecoderConfig,
    optimizer: PretrainingOptimizer,
    tensors: PretrainingTensors,
    taken = 0,
  ) {
    this.#gpu = gpu;
    this.#config = config;
    this.#optimizer = optimizer;
    this.#taken = taken;
    // Frees what was uploaded if something is refused further on.
    using scope = gpu.scope();
    this.#trained = parameterSpecs(config).map((spec) => {
      const size = elementCount(spec.shape);
      const upload = (kind: string): Tensor => {
        const values =
          tensors.get(`${kind}.${spec.name}`) ?? (taken === 0 ? new Float32Array(size) : undefined);
        if (values?.length !== size)
          throw new RangeError(`${kind}.${spec.name} has ${values?.length ?? 'no'} values, not ${size}`);
        return scope.own(gpu.upload(values, spec.shape, { label: `${kind} of ${spec.name}`, exact: true }));
      };
      return {
        spec,
        parameter: upload('parameter'),
        firstMoment: upload('firstMoment'),
        secondMoment: upload('secondMoment'),
      };
    });
    this.#parameters = withPositions(
      gpu,
      config,
      new ParameterSet(new Map(this.#trained.map(({ spec, parameter }) => [spec.name, parameter]))),
    );
    this.#gradients = Gradients.ofGroup(gpu, config, 'all');
    for (const { parameter, firstMoment, secondMoment } of this.#trained)
      for (const tensor of [parameter, firstMoment, secondMoment]) scope.release(tensor);
  }

  /** Number of steps taken, those before a restart included. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * One AdamW step on the mean of the batches' mean losses (gradient accumulation), and waits for it.
   * @param options the signal is looked at before each batch; once the weights are being changed the step is finished.
   *   Progress is in batches of the step that the device has been given
   * @throws the signal's reason if it is aborted: no weight is changed then; RangeError for a target outside of its
   *   batch or the vocabulary, or two on one row; UserError if the device has no room or cannot bind what is needed;
   *   Error if the device failed
   */
  async step(
    batches: readonly TrainingBatch[],
    learningRate: number,
    { signal, onProgress }: LongRunning = {},
  ): Promise<PretrainingStep> {
    const gpu = this.#gpu;
    this.#requireOpen();
    signal?.throwIfAborted();
    using scope = gpu.scope();
    const log = scope.tensor([batches.length], 'training losses');
    this.#gradients.clear();
    for (const [i, batch] of batches.entries()) {
      this.#accumulate(batch, log, i);
      onProgress?.({ finished: i + 1, total: batches.length });
      signal?.throwIfAborted();
    }
    const entries = this.#trained.flatMap((trained) => {
      const gradient = this.#gradients.find(trained.spec.name);
      return gradient ? [{ ...trained, gradient }] : [];
    });
    if (batches.length > 1)
      for (const { gradient } of entries) scaleInPlace(gpu, { x: gradient, scale: 1 / batches.length });
    const squaredNorm = scope.tensor([1], 'squared norm');
    for (const [i, { gradient }] of entries.entries())
      sumOfSquares(gpu, { x: gradient, out: squaredNorm, accumulate: i > 0 });
    const gradientScale = scope.tensor([1], 'gradient scale');
    clipScale(gpu, { squaredNorm, maxNorm: this.#optimizer.maxGradientNorm, out: gradientScale });
    const { beta1, beta2, epsilon, weightDecay } = this.#optimizer;
    this.#taken++;
    for (const { spec, parameter, gradient, firstMoment, secondMoment } of entries) {
      adamWStep(gpu, {
        parameter,
        gradient,
        firstMoment,
        secondMoment,
        step: this.#taken,
        learningRate,
        beta1,
        beta2,
        epsilon,
        weightDecay: spec.kind === 'weight' && spec.role !== 'norm' ? weightDecay : 0,
        gradientScale,
      });
    }
    const [losses, [norm = Number.NaN]] = await Promise.all([gpu.read(log), gpu.read(squaredNorm)]);
    let loss = 0;
    for (let i = 0; i < batches.length; i++) loss += (losses[i] as number) / batches.length;
    return { loss, gradientNorm: Math.sqrt(norm) };
  }

  #accumulate({ sequences, targets }: TrainingBatch, losses: Tensor, lossIndex: number): void {
    using pass = Pass.over({
      gpu: this.#gpu,
      config: this.#config,
      parameters: this.#parameters,
      sequences,
      gradients: this.#gradients,
    });
    recordLossGradient(pass, { objective: 'output', targets: planTargets(pass, targets), losses, lossIndex });
  }

  /**
   * What a later training goes on from.
   * @param options progress is in parameters
   * @throws the signal's reason if it is aborted; Error if the device failed
   */
  async tensors({ signal, onProgress }: LongRunning = {}): Promise<PretrainingTensors> {
    this.#requireOpen();
    const tensors = new Map<string, Float32Array>();
    for (const [i, { spec, ...own }] of this.#trained.entries()) {
      signal?.throwIfAborted();
      for (const kind of ['parameter', 'firstMoment', 'secondMoment'] as const)
        tensors.set(`${kind}.${spec.name}`, await this.#gpu.read(own[kind]));
      onProgress?.({ finished: i + 1, total: this.#trained.length });
    }
    signal?.throwIfAborted();
    return tensors;
  }

  /** @throws RangeError */
  #requireOpen(): void {
    if (this.#disposed) throw new RangeError('a pretraining that was disposed');
  }

  /** Frees parameters, moments and gradients. */
  dispose(): void {
    this.#disposed = true;
    this.#gradients[Symbol.dispose]();
    this.#parameters.dispose();
    for (const { parameter, firstMoment, secondMoment } of this.#trained)
      for (const tensor of [parameter, firstMoment, secondMoment]) tensor.dispose();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
