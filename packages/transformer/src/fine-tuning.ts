import { type Tensor, l2Norm, sgdStep } from '@icl-gd/gpu-kernels';
import { Gradients } from './decoder/gradients.ts';
import { type Objective, recordLossGradient } from './decoder/loss-gradient.ts';
import { nextTokenTargets, planTargets } from './decoder/targets.ts';
import { type Model, passOver } from './model.ts';
import { inGroup, inLayer, parameterSpecs } from './parameters.ts';
import { ReleasedNorms } from './released-norms.ts';

export interface FineTuningOptions {
  readonly objective: Objective;
  readonly learningRate: number;
  /** Layer parameters only; the rest stays frozen. `attention` needs weights stored as float32. */
  readonly group: 'attention.kv' | 'attention';
  /** Number of steps that will be taken. */
  readonly steps: number;
  /** Also report the gradient norm by the released code's definition; every layer parameter's gradient is computed then. */
  readonly releasedNorms?: boolean;
}

/** One entry per layer. */
export interface FineTuningStep {
  /** l2 norm of the loss's gradient over the layer's trained parameters. */
  readonly gradientNorms: readonly number[];
  /** Nats per predicted token before the step; `output`: the same number for every layer. */
  readonly losses: readonly number[];
  /** See {@link ReleasedNorms}; present if asked for. */
  readonly releasedGradientNorms?: readonly number[];
}

/** Rows of the log that each step writes, one number a layer each. */
const LOG_ROWS = { norms: 0, losses: 1, releasedNorms: 2 } as const;
const LOG_ROW_COUNT = 3;

export interface FineTuningResult {
  readonly model: Model;
  readonly steps: FineTuningStep[];
  /** Norm of the trained parameters after over before; far above 1 (or not finite) after a learning rate that was too high. */
  readonly growth: number;
}

/**
 * Plain stochastic gradient descent, one sequence a step, no momentum or decay (paper.md, Settings). The base model's
 * weights are neither changed nor copied, except for the trained group.
 */
export class FineTuning {
  readonly #model: Model;
  readonly #options: FineTuningOptions;
  readonly #trained = new Map<string, Tensor>();
  /** The base model with the trained copies in place of its own parameters. */
  readonly #tuned: Model;
  readonly #log: Tensor;
  readonly #released: ReleasedNorms | undefined;
  #taken = 0;

  constructor(model: Model, options: FineTuningOptions) {
    this.#model = model;
    this.#options = options;
    const { gpu, config } = model;
    for (const spec of parameterSpecs(config)) {
      if (!inGroup(spec.name, options.group)) continue;
      const copy = gpu.tensor(spec.shape, { label: `${spec.name} (fine-tuned)`, exact: true });
      gpu.copy(model.parameters.get(spec.name), copy);
      this.#trained.set(spec.name, copy);
    }
    this.#tuned = model.withParameters(model.parameters.overlay(this.#trained));
    this.#log = gpu.tensor([options.steps, LOG_ROW_COUNT, config.layers], { label: 'fine-tuning log' });
    this.#released = options.releasedNorms ? new ReleasedNorms(gpu) : undefined;
  }

  /**
   * Records one step on one sequence (with BOS): the mean cross-entropy of all its next-token predictions.
   * @throws RangeError for a sequence of fewer than two tokens or past the model's context
   */
  step(tokens: readonly number[]): void {
    const { gpu, config } = this.#model;
    const { objective, learningRate, group, steps } = this.#options;
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
      onLayer: (layer) => this.#update(gradients, layer, learningRate, targets.targetCount),
    });
    this.#taken++;
  }

  /** Waits for the steps and hands over the fine-tuned model, which shares everything else with its base. */
  async finish(): Promise<FineTuningResult> {
    const { gpu, config } = this.#model;
    const values = await gpu.read(this.#log);
    this.#log.dispose();
    this.#released?.[Symbol.dispose]();
    const row = (step: number, name: keyof typeof LOG_ROWS): number[] => {
      const at = this.#logIndex(LOG_ROWS[name], step);
      return Array.from(values.subarray(at, at + config.layers));
    };
    const steps = Array.from({ length: this.#taken }, (_, step) => {
      const losses = row(step, 'losses');
      return {
        gradientNorms: row(step, 'norms'),
        losses: this.#options.objective === 'output' ? losses.map(() => losses[0] as number) : losses,
        ...(this.#released ? { releasedGradientNorms: row(step, 'releasedNorms') } : {}),
      };
    });
    const growth = await this.#growth();
    return { model: this.#tuned, steps, growth };
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

  /** Frees the trained copies if `finish` was never reached. */
  abandon(): void {
    this.#tuned.dispose();
    this.#released?.[Symbol.dispose]();
    this.#log.dispose();
  }

  #update(gradients: Gradients, layer: number, learningRate: number, tokens: number): void {
    const { gpu } = this.#model;
    const names = [...this.#trained.keys()].filter((name) => inLayer(name, layer));
    const tensors = names.flatMap((name) => gradients.find(name) ?? []);
    l2Norm(gpu, { tensors, out: this.#log, outIndex: this.#logIndex(LOG_ROWS.norms) + layer });
    for (const name of names) {
      const gradient = gradients.find(name);
      if (gradient) sgdStep(gpu, { parameter: this.#trained.get(name) as Tensor, gradient, learningRate });
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
