import { type Tensor, addScaled, l2Norm } from '@icl-gd/gpu-kernels';
import { copyGroup } from './copy-group.ts';
import { Gradients } from './decoder/gradients.ts';
import type { Objective, Readout } from './decoder/loss-gradient.ts';
import type { LongRunning } from './long-running.ts';
import type { Model } from './model.ts';
import type { LayerGroup } from './parameters.ts';
import {
  type TrainingInput,
  inCanonicalOrder,
  recordSequenceGradient,
  trainingSequence,
} from './training-sequence.ts';

/** Which gradient a {@link GradientDirection} is. */
export interface GradientDirectionOptions {
  readonly objective: Objective;
  /** What the objective `layerwise` reads of a layer; `layer` if absent. */
  readonly readout?: Readout;
  /** Parameters that have a gradient; the rest stays. All but `attention.kv` need weights stored as float32. */
  readonly group: LayerGroup;
}

/**
 * A model and the gradient of the mean over sequences of each one's mean loss: its parameters W − ε · gradient for any ε, in
 * copies of the group. The base model is not changed and must outlive it. The order of the sequences does not matter.
 */
export class GradientDirection implements Disposable {
  readonly #base: Model;
  readonly #options: GradientDirectionOptions;
  readonly #moved: ReadonlyMap<string, Tensor>;
  readonly #gradients: Gradients;
  #sequences = 0;
  /** The base model with the copies in place of its own parameters: at ε = 0 until {@link moveTo} says otherwise. */
  readonly model: Model;

  /**
   * Copies the group; the gradient is zero at first.
   * @throws UserError if the device has no room for it (`memory-budget`) or it is stored as float16 (`float16-training`)
   */
  constructor(base: Model, options: GradientDirectionOptions) {
    this.#base = base;
    this.#options = options;
    this.#moved = copyGroup(base, options.group, 'moved along a gradient');
    this.model = base.withParameters(base.parameters.overlay(this.#moved));
    this.#gradients = Gradients.ofGroup(base.gpu, base.config, options.group);
  }

  /**
   * Computes the gradient, in an order of the sequences of its own: whatever theirs is, the bits are the same.
   * @param options progress is in sequences that the device is done with
   * @returns to be disposed by the caller
   * @throws the signal's reason if it is aborted between two sequences; else as the constructor and {@link add}
   */
  static async of(
    base: Model,
    sequences: readonly TrainingInput[],
    options: GradientDirectionOptions,
    { signal, onProgress }: LongRunning = {},
  ): Promise<GradientDirection> {
    signal?.throwIfAborted();
    const direction = new GradientDirection(base, options);
    try {
      for (const [i, sequence] of inCanonicalOrder(sequences).entries()) {
        direction.add(sequence);
        if (!signal && !onProgress) continue;
        await base.gpu.finish();
        signal?.throwIfAborted();
        onProgress?.({ finished: i + 1, total: sequences.length });
      }
    } catch (error) {
      direction.dispose();
      throw error;
    }
    return direction;
  }

  /**
   * Takes another sequence into the mean. Does not wait.
   * @throws RangeError for a sequence that does not fit the model; UserError if the device has no room or cannot bind what is
   *   needed
   */
  add(input: TrainingInput): void {
    const { objective, readout } = this.#options;
    const { gpu, config } = this.#base;
    // Written beside the gradient, and of no interest.
    using losses = gpu.tensor([config.layers], { label: 'losses' });
    const gradients = this.#gradients;
    const into = { objective, readout, gradients, losses, lossIndex: 0 };
    recordSequenceGradient(this.#base, trainingSequence(input), into);
    this.#sequences++;
  }

  /**
   * Waits for the gradient.
   * @returns l2 norm of the group's parameters over that of the gradient: the ε at which they would change by their own norm;
   *   infinite if the gradient is zero, not a number if it is not finite
   */
  async relativeStep(): Promise<number> {
    const { gpu, parameters } = this.#base;
    using norms = gpu.tensor([2], { label: 'weight and gradient norm' });
    gpu.clear(norms);
    const found = [...this.#moved.keys()].filter((name) => this.#gradients.find(name));
    const gradients = found.flatMap((name) => this.#gradients.find(name) ?? []);
    const weights = found.map((name) => parameters.get(name));
    if (found.length > 0) {
      l2Norm(gpu, { tensors: weights, out: norms, outIndex: 0 });
      l2Norm(gpu, { tensors: gradients, out: norms, outIndex: 1 });
    }
    const [weight = Number.NaN, gradient = Number.NaN] = await gpu.read(norms);
    return Number.isFinite(gradient) ? (weight / gradient) * Math.max(1, this.#sequences) : Number.NaN;
  }

  /** Sets the parameters of `model` to W − ε · gradient of the mean over what was added. Does not wait. */
  moveTo(epsilon: number): void {
    const { gpu, parameters } = this.#base;
    for (const [name, target] of this.#moved) {
      gpu.copy(parameters.get(name), target);
      const source = this.#gradients.find(name);
      if (source) addScaled(gpu, { target, source, scale: -epsilon / Math.max(1, this.#sequences) });
    }
  }

  /** Frees the copies and the gradient; a second time it does nothing. */
  dispose(): void {
    this.model.dispose();
    this.#gradients.dispose();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
