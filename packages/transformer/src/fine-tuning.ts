import { type Gpu, type Tensor, l2Norm, refuseMisspelt, requireOneOf, sgdStep } from '@icl-gd/gpu-kernels';
import { copyGroup } from './copy-group.ts';
import { Gradients } from './decoder/gradients.ts';
import { type LossOptions, type Objective, recordLossGradient } from './decoder/loss-gradient.ts';
import { KeptQueries } from './decoder/query-scores.ts';
import { nextTokenTargets, planTargets } from './decoder/targets.ts';
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
  /** Keeps the query vectors that sequences have while they are trained on: {@link FineTuningResult.queries}. */
  readonly keepQueries?: KeepQueriesOptions | undefined;
  /**
   * What a step does to a parameter, by what it dispatches: another optimizer than plain SGD, which is what is done if it is
   * absent. Called once for each trained parameter and step.
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
}

/** How {@link FineTuning.steps} is followed. */
export interface StepsOptions extends LongRunning {
  /** Called after each step with what it reports and its place from 0 on; the device is read from at each step then. */
  readonly onStep?: ((step: FineTuningStep, place: number) => void) | undefined;
}

/** Rows of the log that each step writes, one number a layer each. */
const LOG_ROWS = { norms: 0, losses: 1, releasedNorms: 2 } as const;
const LOG_ROW_COUNT = 3;

/** A fine-tuned model and the way to it. */
export interface FineTuningResult {
  /** Owns the trained copies; shares the rest with the base model, which must outlive it. */
  readonly model: Model;
  /** One entry a step, in their order. */
  readonly steps: readonly FineTuningStep[];
  /**
   * With `keepQueries`: query vectors of those steps' sequences, step after step, without each one's first token (BOS), as they
   * were in the step's forward pass, before its update. To be disposed by the caller, before or after the model.
   */
  readonly queries?: KeptQueries;
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
  readonly #queries: KeptQueries | undefined;
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
    const { keepQueries, steps } = options;
    let log: Tensor | undefined;
    try {
      this.#log = log = gpu.tensor([steps, LOG_ROW_COUNT, config.layers], { label: 'fine-tuning log' });
      this.#queries = keepQueries && new KeptQueries(gpu, config, keepQueries.tokens);
    } catch (error) {
      log?.dispose();
      this.#tuned.dispose();
      throw error;
    }
    this.#released = options.releasedNorms ? new ReleasedNorms(gpu) : undefined;
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
    using gradients = Gradients.ofGroup(gpu, config, this.#released ? 'layers' : group);
    using pass = passOver(this.#tuned, [tokens], { gradients });
    const targets = planTargets(pass, nextTokenTargets([tokens]));
    recordLossGradient(pass, {
      objective,
      targets,
      losses: this.#log,
      lossIndex: this.#logIndex(LOG_ROWS.losses),
      ...this.#keeping(tokens.length),
      onLayer: (layer) => this.#update(gradients, layer, learningRate, targets.targetCount),
    });
    this.#taken++;
  }

  /** Copies the queries of a step's sequence, if they are to be kept, as its forward pass goes. */
  #keeping(length: number): Pick<LossOptions, 'onForward'> {
    const kept = this.#queries;
    if (!kept || !this.#options.keepQueries?.steps.includes(this.#taken)) return {};
    const row = kept.reserve(length - 1);
    return {
      onForward: (layer, { attention: { query } }) => {
        const width = query.length / length;
        const target = kept.layers[layer] as Tensor;
        this.#model.gpu.copy(query, target, (length - 1) * width, width, row * width);
      },
    };
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
    return { model: this.#tuned, steps, growth, ...(this.#queries ? { queries: this.#queries } : {}) };
  }

  /** What a step has written to the log. */
  #report(log: Float32Array, step: number): FineTuningStep {
    const row = (name: keyof typeof LOG_ROWS): number[] => {
      const at = this.#logIndex(LOG_ROWS[name], step);
      return Array.from(log.subarray(at, at + this.#model.config.layers));
    };
    const losses = row('losses');
    return {
      gradientNorms: row('norms'),
      losses: this.#options.objective === 'output' ? losses.map(() => losses[0] as number) : losses,
      ...(this.#released ? { releasedGradientNorms: row('releasedNorms') } : {}),
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
    this.#queries?.dispose();
    this.#freeLog();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #freeLog(): void {
    this.#released?.[Symbol.dispose]();
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
    if (!this.#released) return gradients.drop(layer);
    const released = this.#released.take(gradients, layer, tokens, (name) => this.#trained.has(name));
    l2Norm(gpu, {
      tensors: released,
      out: this.#log,
      outIndex: this.#logIndex(LOG_ROWS.releasedNorms) + layer,
    });
    gradients.drop(layer);
  }

  /** First element of a row of the log. */
  #logIndex(row: number, step = this.#taken): number {
    return (step * LOG_ROW_COUNT + row) * this.#model.config.layers;
  }
}

const KNOWN_OPTIONS: Required<{ [name in keyof FineTuningOptions]: true }> = {
  objective: true,
  learningRate: true,
  group: true,
  steps: true,
  releasedNorms: true,
  keepQueries: true,
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

function plainStep({ gpu, parameter, gradient, learningRate }: ParameterUpdate): void {
  sgdStep(gpu, { parameter, gradient, learningRate });
}
