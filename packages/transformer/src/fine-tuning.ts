import { type Gpu, type Tensor, l2Norm, refuseMisspelt, requireOneOf, sgdStep } from '@icl-gd/gpu-kernels';
import { copyGroup } from './copy-group.ts';
import { Gradients } from './decoder/gradients.ts';
import { type Objective, recordLossGradient } from './decoder/loss-gradient.ts';
import { nextTokenTargets, planTargets } from './decoder/targets.ts';
import {
  type GradientNormVariant,
  GradientNormVariants,
  VARIANT_ROWS,
  type VariantRow,
} from './gradient-norm-variants.ts';
import type { LongRunning } from './long-running.ts';
import { type Model, passOver } from './model.ts';
import { type ParameterGroup, inLayer } from './parameters.ts';
import { ReleasedNorms } from './released-norms.ts';

/** How a model is fine-tuned. */
export interface FineTuningOptions {
  readonly objective: Objective;
  /** Constant step size: a step subtracts learningRate · gradient. */
  readonly learningRate: number;
  /**
   * What is trained; the rest is frozen. All but `attention.kv` need weights stored as float32. Not `all`: steps are taken layer
   * by layer, which embeddings are in none of; see `Pretraining` for those.
   */
  readonly group: Exclude<ParameterGroup, 'all'>;
  /** Number of steps that will be taken, at most. */
  readonly steps: number;
  /**
   * Whether each step also reports the gradient norms by the definition of the code released with arXiv 2311.07772v4. The
   * gradients of all parameters of the layers are computed and kept then. No if absent.
   */
  readonly releasedNorms?: boolean;
  /**
   * Whether each step also reports the gradient norms under every definition. The gradients of all parameters of the layers
   * are computed, and their sums over the steps kept twice. No if absent.
   */
  readonly gradientNormVariants?: boolean;
  /**
   * What a step does to a parameter, by what it dispatches: another optimizer than plain SGD, which is what is done if it is
   * absent. Called once for each trained parameter and step.
   */
  readonly update?: (update: ParameterUpdate) => void;
}

/** A trained parameter and its gradient in one step, both on the device. The gradient lives as long as the call. */
export interface ParameterUpdate {
  readonly gpu: Gpu;
  /** From 0. */
  readonly step: number;
  /** As `parameterSpecs` names it. */
  readonly name: string;
  /** float32, to be changed in place. */
  readonly parameter: Tensor;
  /** float32, as long as the parameter: of the mean loss of this step alone. To be read. */
  readonly gradient: Tensor;
  readonly learningRate: number;
}

/** What a training step reports, one entry a layer in each list. */
export interface FineTuningStep {
  /** l2 norm of the loss's gradient with respect to the layer's trained parameters. */
  readonly gradientNorms: readonly number[];
  /** Mean cross-entropy in nats a predicted token, before the step; for `output` the same number for every layer. */
  readonly losses: readonly number[];
  /**
   * l2 norm over all of the layer's parameters of the gradient of the loss summed over tokens, where the gradients of
   * frozen parameters add up over the steps; there if `releasedNorms` asks for it.
   */
  readonly releasedGradientNorms?: readonly number[];
  /** The gradient norms under every definition; there if `gradientNormVariants` asks for them. */
  readonly gradientNormVariants?: readonly GradientNormVariant[];
}

/** How {@link FineTuning.steps} is followed. */
export interface StepsOptions extends LongRunning {
  /** Called after each step with what it reports and its place from 0 on; the device is read from at each step then. */
  readonly onStep?: ((step: FineTuningStep, place: number) => void) | undefined;
}

/** Rows of the log that each step writes, one number a layer each; after them those of the variants, if they are asked for. */
const LOG_ROWS = { norms: 0, losses: 1, releasedNorms: 2 } as const;
const LOG_ROW_COUNT = 3;

/** A fine-tuned model and the way to it. */
export interface FineTuningResult {
  /** Owns the trained copies; shares the rest with the base model, which must outlive it. */
  readonly model: Model;
  /** One entry a step, in their order. */
  readonly steps: readonly FineTuningStep[];
  /** l2 norm of the trained parameters, after over before; far above 1 or not finite if the learning rate was too high. */
  readonly growth: number;
}

/**
 * Stochastic gradient descent as in arXiv 2311.07772v4: one sequence a step, a constant learning rate, no momentum, decay or
 * clipping unless `update` does it. The base model is not changed; of its weights the trained group alone is copied.
 */
export class FineTuning implements Disposable {
  readonly #model: Model;
  readonly #options: FineTuningOptions;
  /** The trained copies by name. */
  readonly #trained: ReadonlyMap<string, Tensor>;
  /** The base model with the trained copies in place of its own parameters. */
  readonly #tuned: Model;
  readonly #log: Tensor;
  readonly #released: ReleasedNorms | undefined;
  readonly #variants: GradientNormVariants | undefined;
  readonly #logRows: number;
  #taken = 0;
  /** Finished or disposed: there is nothing left to free. */
  #over = false;

  /**
   * Copies the trained group.
   * @throws UserError (`memory-budget`) if the device has no room for it; RangeError if it is stored as float16, or an
   *   option is none that there is
   */
  constructor(model: Model, options: FineTuningOptions) {
    requireOptions(options);
    this.#model = model;
    this.#options = options;
    const { gpu, config } = model;
    this.#trained = copyGroup(model, options.group, 'fine-tuned');
    this.#tuned = model.withParameters(model.parameters.overlay(this.#trained));
    this.#logRows = LOG_ROW_COUNT + (options.gradientNormVariants ? VARIANT_ROWS.length : 0);
    try {
      this.#log = gpu.tensor([options.steps, this.#logRows, config.layers], { label: 'fine-tuning log' });
      // A layer may lack the parameters of a row.
      if (options.gradientNormVariants) gpu.clear(this.#log);
    } catch (error) {
      this.#tuned.dispose();
      throw error;
    }
    this.#released = options.releasedNorms ? new ReleasedNorms(gpu) : undefined;
    this.#variants = options.gradientNormVariants ? new GradientNormVariants(gpu, config) : undefined;
  }

  /**
   * Records one step on the mean cross-entropy of all next-token predictions of a sequence. Does not wait for it.
   * @param tokens with BOS
   * @throws RangeError for a sequence of fewer than two tokens or past the model's context, a token outside of its
   *   vocabulary, or more steps than announced; UserError if the device has no room or cannot bind what is needed
   */
  step(tokens: readonly number[]): void {
    const { gpu, config } = this.#model;
    const { objective, learningRate, group, steps } = this.#options;
    this.#requireOpen();
    if (this.#taken >= steps) throw new RangeError(`fine-tuning was set up for ${steps} steps`);
    if (tokens.length < 2) throw new RangeError('a training sequence needs two tokens or more');
    using gradients = Gradients.ofGroup(gpu, config, this.#released || this.#variants ? 'layers' : group);
    using pass = passOver(this.#tuned, [tokens], { gradients });
    const targets = planTargets(pass, nextTokenTargets([tokens]));
    recordLossGradient(pass, {
      objective,
      targets,
      losses: this.#log,
      lossIndex: this.#logIndex(LOG_ROWS.losses),
      onLayer: (layer) => this.#update(gradients, layer, learningRate, targets.targetCount),
    });
    this.#taken++;
  }

  /**
   * Takes a step on each sequence in their order, as {@link step} does. The device is given the next one while it works on one.
   * @param options progress is in steps that the device has done
   * @throws the signal's reason if it is aborted between two steps; else as {@link step}
   */
  async steps(
    sequences: readonly (readonly number[])[],
    { signal, onProgress, onStep }: StepsOptions = {},
  ): Promise<void> {
    const [total, first] = [sequences.length, this.#taken];
    let before: Promise<void> | undefined;
    /** The log after each step that is not told yet. */
    const logs = new Map<number, Float32Array>();
    const tell = (step: number): void => {
      const log = logs.get(step);
      logs.delete(step);
      if (log) onStep?.(this.#report(log, first + step), first + step);
    };
    for (const [i, tokens] of sequences.entries()) {
      signal?.throwIfAborted();
      this.step(tokens);
      if (!signal && !onProgress && !onStep) continue;
      const { gpu } = this.#model;
      const own = onStep ? gpu.read(this.#log).then((log) => void logs.set(i, log)) : gpu.finish();
      // Where it is not waited for, what went wrong is reported by the next wait.
      own.catch(() => {});
      await before;
      tell(i - 1);
      if (i > 0) onProgress?.({ finished: i, total });
      before = own;
    }
    await before;
    signal?.throwIfAborted();
    tell(total - 1);
    if (total > 0) onProgress?.({ finished: total, total });
  }

  /**
   * Waits for the steps. This object is done with then.
   * @throws UserError (`out-of-memory`) or Error if the device failed
   */
  async finish(): Promise<FineTuningResult> {
    this.#requireOpen();
    const values = await this.#model.gpu.read(this.#log);
    const steps = Array.from({ length: this.#taken }, (_, step) => this.#report(values, step));
    const growth = await this.#growth();
    this.#requireOpen();
    this.#freeLog();
    this.#over = true;
    return { model: this.#tuned, steps, growth };
  }

  /** What a step has written to the log. */
  #report(log: Float32Array, step: number): FineTuningStep {
    const row = (place: number): number[] => {
      const at = this.#logIndex(place, step);
      return Array.from(log.subarray(at, at + this.#model.config.layers));
    };
    const losses = row(LOG_ROWS.losses);
    return {
      gradientNorms: row(LOG_ROWS.norms),
      losses: this.#options.objective === 'output' ? losses.map(() => losses[0] as number) : losses,
      ...(this.#released ? { releasedGradientNorms: row(LOG_ROWS.releasedNorms) } : {}),
      ...(this.#variants
        ? { gradientNormVariants: this.#variants.report(step, (name) => row(variantRow(name))) }
        : {}),
    };
  }

  async #growth(): Promise<number> {
    const { gpu, parameters } = this.#model;
    using norms = gpu.tensor([2], { label: 'weight norms' });
    l2Norm(gpu, { tensors: [...this.#trained.values()], out: norms, outIndex: 0 });
    l2Norm(gpu, {
      tensors: [...this.#trained.keys()].map((name) => parameters.get(name)),
      out: norms,
      outIndex: 1,
    });
    const [after = 0, before = 0] = await gpu.read(norms);
    return after / before;
  }

  /** Frees everything, instead of `finish`; after it, and a second time, it does nothing. */
  dispose(): void {
    if (this.#over) return;
    this.#over = true;
    this.#tuned.dispose();
    this.#freeLog();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #freeLog(): void {
    this.#released?.[Symbol.dispose]();
    this.#variants?.[Symbol.dispose]();
    this.#log.dispose();
  }

  /** @throws RangeError */
  #requireOpen(): void {
    if (this.#over) throw new RangeError(`a fine-tuning of ${this.#model.name} that is finished or disposed`);
  }

  #update(gradients: Gradients, layer: number, learningRate: number, tokens: number): void {
    const { gpu } = this.#model;
    const { update = plainStep } = this.#options;
    const names = [...this.#trained.keys()].filter((name) => inLayer(name, layer));
    const tensors = names.flatMap((name) => gradients.find(name) ?? []);
    l2Norm(gpu, { tensors, out: this.#log, outIndex: this.#logIndex(LOG_ROWS.norms) + layer });
    for (const name of names) {
      const gradient = gradients.find(name);
      if (!gradient) continue;
      const parameter = this.#trained.get(name) as Tensor;
      update({ gpu, step: this.#taken, name, parameter, gradient, learningRate });
    }
    const isTrained = (name: string): boolean => this.#trained.has(name);
    const step = this.#taken;
    this.#variants?.take(
      { gradients, layer, step, tokens, isTrained },
      this.#log,
      (row) => this.#logIndex(variantRow(row)) + layer,
    );
    if (!this.#released) return gradients.drop(layer);
    // Last: it rescales the gradients of trained parameters.
    const released = this.#released.take(gradients, layer, tokens, isTrained);
    l2Norm(gpu, {
      tensors: released,
      out: this.#log,
      outIndex: this.#logIndex(LOG_ROWS.releasedNorms) + layer,
    });
    gradients.drop(layer);
  }

  /** First element of a row of the log. */
  #logIndex(row: number, step = this.#taken): number {
    return (step * this.#logRows + row) * this.#model.config.layers;
  }
}

const KNOWN_OPTIONS: Required<{ [name in keyof FineTuningOptions]: true }> = {
  objective: true,
  learningRate: true,
  group: true,
  steps: true,
  releasedNorms: true,
  gradientNormVariants: true,
  update: true,
};

/** What types do not hold in JavaScript. @throws RangeError */
function requireOptions(options: FineTuningOptions): void {
  refuseMisspelt('FineTuning', options, KNOWN_OPTIONS);
  const { objective, group, learningRate, steps } = options;
  requireOneOf('objective', objective, ['output', 'layerwise'] satisfies Objective[]);
  requireOneOf('group', group, ['attention.kv', 'attention', 'layers'] satisfies ParameterGroup[]);
  if (typeof learningRate !== 'number')
    throw new RangeError(`FineTuning: the learning rate is ${String(learningRate)}, not a number`);
  if (!Number.isInteger(steps) || steps < 0)
    throw new RangeError(`FineTuning: steps is ${String(steps)}, not a number of steps`);
}

function variantRow(row: VariantRow): number {
  return LOG_ROW_COUNT + VARIANT_ROWS.indexOf(row);
}

function plainStep({ gpu, parameter, gradient, learningRate }: ParameterUpdate): void {
  sgdStep(gpu, { parameter, gradient, learningRate });
}
