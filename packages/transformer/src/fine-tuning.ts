import { L2Norms, type Tensor, l2Norm, scaleInPlace } from '@icl-gd/gpu-kernels';
import { copyGroup } from './copy-group.ts';
import { Gradients } from './decoder/gradients.ts';
import { type GradientNormVariant, GradientNormVariants } from './gradient-norm-variants.ts';
import type { LossOptions } from './decoder/loss-gradient.ts';
import { KeptQueries } from './decoder/query-scores.ts';
import type { LongRunning } from './long-running.ts';
import type { Model } from './model.ts';
import { type FineTuningOptions, requireOptions } from './fine-tuning-options.ts';
import { Adam } from './optimizer.ts';
import { inLayer } from './parameters.ts';
import { ReleasedNorms } from './released-norms.ts';
import { TrainingLog } from './training-log.ts';
import {
  type TrainingInput,
  inCanonicalOrder,
  recordSequenceGradient,
  trainingSequence,
} from './training-sequence.ts';

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

/** The gradients of a step and their norms. */
interface StepGradients {
  readonly gradients: Gradients;
  readonly norms: L2Norms;
}

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
  readonly #log: TrainingLog;
  readonly #released: ReleasedNorms | undefined;
  readonly #adam: Adam | undefined;
  readonly #queries: KeptQueries | undefined;
  /** Sequences that each step has taken in. */
  readonly #sequences: number[] = [];
  readonly #variants: GradientNormVariants | undefined;
  #taken = 0;
  /** Finished or disposed: there is nothing left to free. */
  #over = false;

  /**
   * Copies the trained group.
   * @throws UserError if the device has no room for it (`memory-budget`) or it is stored as float16 (`float16-training`);
   *   RangeError if an option is none that there is, or does not go with another
   */
  constructor(model: Model, options: FineTuningOptions) {
    requireOptions(options);
    this.#model = model;
    this.#options = options;
    const { gpu, config } = model;
    this.#trained = copyGroup(model, options.group, 'fine-tuned');
    this.#tuned = model.withParameters(model.parameters.overlay(this.#trained));
    try {
      this.#log = new TrainingLog(gpu, config, options);
    } catch (error) {
      this.#tuned.dispose();
      throw error;
    }
    const { optimizer, keepQueries } = options;
    let adam: Adam | undefined;
    try {
      this.#adam = adam = optimizer === 'adam' ? new Adam(gpu, this.#trained) : undefined;
      this.#queries = keepQueries && new KeptQueries(gpu, config, keepQueries.tokens);
    } catch (error) {
      this.#tuned.dispose();
      adam?.[Symbol.dispose]();
      this.#log[Symbol.dispose]();
      throw error;
    }
    this.#released = options.releasedNorms ? new ReleasedNorms(gpu) : undefined;
    this.#variants = options.gradientNormVariants ? new GradientNormVariants(gpu, config) : undefined;
  }

  /**
   * Records one step on the mean cross-entropy of all next-token predictions of a sequence, or of its last ones. Does not wait
   * for it.
   * @param input tokens with BOS
   * @throws RangeError for a sequence of fewer than two tokens or past the model's context, a token outside of its
   *   vocabulary, more predictions than there are, or more steps than announced; UserError if the device has no room or cannot
   *   bind what is needed
   */
  step(input: TrainingInput): void {
    const { objective, readout } = this.#options;
    this.#requireRoom();
    using gradients = this.#gradients();
    using norms = this.#norms();
    const sequence = trainingSequence(input);
    recordSequenceGradient(this.#tuned, sequence, {
      ...{ objective, readout, gradients },
      losses: this.#log.tensor,
      lossIndex: this.#log.index(this.#taken, 'losses'),
      onForward: this.#keeping(sequence.tokens.length),
      onLayer: (layer, predictions) => this.#update({ gradients, norms }, layer, predictions),
    });
    norms.finish();
    this.#sequences[this.#taken++] = 1;
  }

  /** What copies the queries of a step's sequence as its forward pass goes, if they are to be kept. */
  #keeping(length: number): LossOptions['onForward'] {
    const kept = this.#queries;
    if (!kept || !this.#options.keepQueries?.steps.includes(this.#taken)) return undefined;
    const row = kept.reserve(length - 1);
    return (layer, { attention: { query } }) => {
      const width = query.length / length;
      const target = kept.layers[layer] as Tensor;
      this.#model.gpu.copy(query, target, (length - 1) * width, width, row * width);
    };
  }

  /**
   * Takes a step on each sequence in their order, as {@link step} does. The device is given the next one while it works on one.
   * @param options progress is in steps that the device has done
   * @throws the signal's reason if it is aborted between two steps; else as {@link step}
   */
  async steps(sequences: readonly TrainingInput[], options: StepsOptions = {}): Promise<void> {
    const record = (i: number): void => this.step(sequences[i] as TrainingInput);
    await this.#follow(record, { total: sequences.length, perStep: 1 }, options);
  }

  /**
   * Takes steps along the gradient of the mean over sequences of each one's mean loss. The order of the sequences does not matter:
   * the same ones give the same bits.
   * @param count number of steps, each on all sequences
   * @param options progress is in sequences that the device is done with, `count` times each
   * @throws the signal's reason if it is aborted between two sequences; RangeError if there are more sequences than announced,
   *   or `releasedNorms`, `gradientNormVariants` or `keepQueries` are set, which are of single steps; else as {@link step}
   */
  async fullBatchSteps(
    sequences: readonly TrainingInput[],
    count: number,
    options: StepsOptions = {},
  ): Promise<void> {
    const perStep = sequences.length;
    using gradients = this.#gradients();
    const record = this.#fullBatch(sequences, gradients);
    await this.#follow(record, { total: perStep * count, perStep }, options);
  }

  /**
   * Records one such step. Does not wait for it.
   * @throws as {@link fullBatchSteps}
   */
  fullBatchStep(sequences: readonly TrainingInput[]): void {
    using gradients = this.#gradients();
    const record = this.#fullBatch(sequences, gradients);
    for (let i = 0; i < sequences.length; i++) record(i);
  }

  #gradients(): Gradients {
    const { gpu, config } = this.#model;
    return Gradients.ofGroup(gpu, config, this.#released || this.#variants ? 'layers' : this.#options.group);
  }

  /** Those of the step at hand, by layer. */
  #norms(): L2Norms {
    const { gpu, config } = this.#model;
    const [out, outIndex] = [this.#log.tensor, this.#log.index(this.#taken, 'norms')];
    return new L2Norms(gpu, { out, outIndex, sets: config.layers });
  }

  /** Records the sequence whose turn it is, and a step after the last. */
  #fullBatch(sequences: readonly TrainingInput[], gradients: Gradients): (i: number) => void {
    const { sequencesPerStep = 1, objective, readout } = this.#options;
    const { layers } = this.#model.config;
    const perStep = sequences.length;
    if (this.#released || this.#variants)
      throw new RangeError(
        'full batches have no gradient norms of other definitions: those are of single steps',
      );
    if (this.#queries) throw new RangeError('full batches keep no queries: those are of single steps');
    if (perStep > sequencesPerStep)
      throw new RangeError(`fine-tuning was set up for ${sequencesPerStep} sequences a step, not ${perStep}`);
    const ordered = inCanonicalOrder(sequences);
    return (i) => {
      this.#requireRoom();
      const place = i % perStep;
      recordSequenceGradient(this.#tuned, ordered[place] as (typeof ordered)[number], {
        ...{ objective, readout, gradients },
        losses: this.#log.tensor,
        lossIndex: this.#log.index(this.#taken, 'losses', place),
      });
      if (place < perStep - 1) return;
      using norms = this.#norms();
      for (let layer = 0; layer < layers; layer++)
        this.#update({ gradients, norms }, layer, perStep, 1 / perStep);
      norms.finish();
      this.#sequences[this.#taken++] = perStep;
    };
  }

  /** Records pieces of work of which so many make a step: the device is given the next one while it works on one. */
  async #follow(
    record: (i: number) => void,
    { total, perStep }: { readonly total: number; readonly perStep: number },
    { signal, onProgress, onStep }: StepsOptions,
  ): Promise<void> {
    const first = this.#taken;
    let before: Promise<void> | undefined;
    /** The log after each step that is not told yet, by the last piece of the step. */
    const logs = new Map<number, Float32Array>();
    const tell = (piece: number): void => {
      const log = logs.get(piece);
      logs.delete(piece);
      const place = first + Math.floor(piece / perStep);
      if (log) onStep?.(this.#report(log, place), place);
    };
    for (let i = 0; i < total; i++) {
      signal?.throwIfAborted();
      record(i);
      if (!signal && !onProgress && !onStep) continue;
      const { gpu } = this.#model;
      const own =
        onStep && (i + 1) % perStep === 0
          ? gpu.read(this.#log.tensor).then((log) => void logs.set(i, log))
          : gpu.finish();
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
    const values = await this.#model.gpu.read(this.#log.tensor);
    const steps = Array.from({ length: this.#taken }, (_, step) => this.#report(values, step));
    const growth = await this.#growth();
    this.#requireOpen();
    this.#freeLog();
    this.#over = true;
    return { model: this.#tuned, steps, growth, ...(this.#queries ? { queries: this.#queries } : {}) };
  }

  /** What a step has written to the log. */
  #report(values: Float32Array, step: number): FineTuningStep {
    const row = (...of: [Parameters<TrainingLog['index']>[1], number?]): number[] =>
      this.#log.row(values, step, ...of);
    const sequences = this.#sequences[step] ?? 1;
    const rows = Array.from({ length: sequences }, (_, place) => row('losses', place));
    const losses = row('losses').map(
      (_, layer) => rows.reduce((sum, own) => sum + (own[layer] as number), 0) / sequences,
    );
    return {
      gradientNorms: row('norms'),
      losses: this.#options.objective === 'output' ? losses.map(() => losses[0] as number) : losses,
      ...(this.#released ? { releasedGradientNorms: row('releasedNorms') } : {}),
      ...(this.#variants ? { gradientNormVariants: this.#variants.report(step, row) } : {}),
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
    this.#adam?.[Symbol.dispose]();
    this.#variants?.[Symbol.dispose]();
    this.#log[Symbol.dispose]();
  }

  /** @throws RangeError */
  #requireOpen(): void {
    if (this.#over) throw new RangeError(`a fine-tuning of ${this.#model.name} that is finished or disposed`);
  }

  /** @throws RangeError if it is over, or the steps announced are taken */
  #requireRoom(): void {
    this.#requireOpen();
    const { steps } = this.#options;
    if (this.#taken >= steps) throw new RangeError(`fine-tuning was set up for ${steps} steps`);
  }

  /**
   * Changes the parameters of a layer, and frees their gradients.
   * @param tokens number of predictions that the loss is a mean over
   * @param scale what the gradients are to be multiplied with first
   */
  #update({ gradients, norms }: StepGradients, layer: number, tokens: number, scale = 1): void {
    const { gpu } = this.#model;
    const { learningRate, update } = this.#options;
    const names = [...this.#trained.keys()].filter((name) => inLayer(name, layer));
    const tensors = names.flatMap((name) => gradients.find(name) ?? []);
    const [log, step] = [this.#log, this.#taken];
    if (scale !== 1) for (const x of tensors) scaleInPlace(gpu, { x, scale });
    const trained = names.flatMap((name) => {
      const gradient = gradients.find(name);
      return gradient ? [{ name, parameter: this.#trained.get(name) as Tensor, gradient }] : [];
    });
    if (update || this.#adam) norms.add(layer, tensors);
    else norms.step(layer, trained, learningRate);
    if (update) for (const own of trained) update({ gpu, step, learningRate, ...own });
    else this.#adam?.update(gpu, step, trained, learningRate);
    const isTrained = (name: string): boolean => this.#trained.has(name);
    this.#variants?.take(
      { gradients, layer, step, tokens, isTrained },
      log.tensor,
      (row) => log.index(step, row) + layer,
    );
    if (!this.#released) return gradients.drop(layer);
    // Last: it rescales the gradients of trained parameters.
    const released = this.#released.take(gradients, layer, tokens, isTrained);
    l2Norm(gpu, {
      tensors: released,
      out: log.tensor,
      outIndex: log.index(step, 'releasedNorms') + layer,
    });
    gradients.drop(layer);
  }
}
