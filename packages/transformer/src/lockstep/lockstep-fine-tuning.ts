import { L2Norms, RowGroups, type Tensor, groupedL2Norm, l2Norm } from '@icl-gd/gpu-kernels';
import { Gradients } from '../decoder/gradients.ts';
import { recordLossGradient } from '../decoder/loss-gradient.ts';
import { lastTokenTargets, planTargets } from '../decoder/targets.ts';
import type { FineTuningResult, FineTuningStep } from '../fine-tuning.ts';
import type { LongRunning } from '../long-running.ts';
import { type Model, passOver } from '../model.ts';
import { inLayer } from '../parameters.ts';
import { type TrainingSequence, fedTokens, trainingSequence } from '../training-sequence.ts';
import { LockstepLog } from './lockstep-log.ts';
import { type LockstepOptions, requireLockstep } from './options.ts';
import { stackGroup, unstack } from './stacks.ts';

/**
 * Trainings of the same base model that take their steps together: step i is one packed pass over the i-th sequence of every
 * cell that has one. Each cell has copies of the trained group of its own, all other weights are shared and read once. Bit for
 * bit what {@link FineTuning} gives for each cell alone. The base model is not changed and must outlive the results.
 */
export class LockstepFineTuning implements Disposable {
  readonly #model: Model;
  readonly #options: LockstepOptions;
  readonly #sequences: readonly (readonly TrainingSequence[])[];
  /** The trained parameters of all cells by name, [C, …]. */
  readonly #stacks: ReadonlyMap<string, Tensor>;
  /** The base model with the stacks in place of its own parameters: to be used in passes that know of their groups alone. */
  readonly #stacked: Model;
  /** Of each cell, float32 [C]. */
  readonly #learningRates: Tensor;
  readonly #log: LockstepLog;
  #taken = 0;
  /** Finished or disposed: there is nothing left to free. */
  #over = false;

  /**
   * Copies the trained group for each cell.
   * @throws RangeError if an option is none that there is, or does not go with another or with lockstep; UserError if the device
   *   has no room for the copies (`memory-budget`) or the trained group is stored as float16 (`float16-training`)
   */
  constructor(model: Model, options: LockstepOptions) {
    requireLockstep(options);
    const { gpu, config } = model;
    const { cells, group } = options;
    this.#model = model;
    this.#options = options;
    this.#sequences = cells.map(({ sequences }) => sequences.map(trainingSequence));
    const steps = Math.max(0, ...this.#sequences.map(({ length }) => length));
    this.#stacks = stackGroup(model, group, cells.length);
    this.#stacked = model.withParameters(model.parameters.overlay(this.#stacks));
    using scope = gpu.scope();
    try {
      const rates = Float32Array.from(cells, ({ learningRate }) => learningRate);
      this.#learningRates = scope.upload(rates, [cells.length], 'learning rates');
      this.#log = new LockstepLog(gpu, config, steps, cells.length);
    } catch (error) {
      this.#stacked.dispose();
      throw error;
    }
    scope.release(this.#learningRates);
  }

  /**
   * Takes all steps of all cells. This object is done with then.
   * @param options the signal is looked at between two steps; progress is in steps of all cells that the device has done
   * @returns one result a cell, in their order, each with a model of its own to be disposed by the caller. A cell that diverges
   *   has losses, norms or a growth that are not finite or too large, and does not disturb the others
   * @throws the signal's reason if it is aborted; RangeError for a sequence of fewer than two tokens or past the model's context,
   *   a token outside of its vocabulary, or more predictions than there are; UserError if the device has no room or cannot bind
   *   what is needed. Nothing is left on the device then
   */
  async run({ signal, onProgress }: LongRunning = {}): Promise<FineTuningResult[]> {
    this.#requireOpen();
    const { gpu } = this.#model;
    const lengths = this.#sequences.map(({ length }) => length);
    const finishedAfter = (steps: number): number =>
      lengths.reduce((sum, length) => sum + Math.min(steps, length), 0);
    const total = finishedAfter(Infinity);
    try {
      let before: Promise<void> | undefined;
      while (this.#taken < Math.max(0, ...lengths)) {
        signal?.throwIfAborted();
        this.step();
        if (!signal && !onProgress) continue;
        const own = gpu.finish();
        // Where it is not waited for, what went wrong is reported by the next wait.
        own.catch(() => {});
        await before;
        if (before) onProgress?.({ finished: finishedAfter(this.#taken - 1), total });
        before = own;
      }
      await before;
      signal?.throwIfAborted();
      if (before) onProgress?.({ finished: total, total });
      return await this.#finish();
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * Records the next step of every cell that has one. Does not wait for it.
   * @throws as {@link run}; RangeError if no cell has one
   */
  step(): void {
    this.#requireOpen();
    const { gpu, config } = this.#model;
    const { objective, readout } = this.#options;
    const step = this.#taken;
    const sequences = this.#sequences.map((own) => own[step]);
    const packed = sequences.filter((own) => own !== undefined);
    if (packed.length === 0) throw new RangeError(`no cell has a step ${step}`);
    const targets = packed.map(({ tokens, predicted }) => lastTokenTargets(tokens, predicted));
    const countsOf = (lengths: readonly number[]): number[] => {
      const left = [...lengths];
      return sequences.map((own) => (own ? (left.shift() as number) : 0));
    };
    const fed = packed.map(({ tokens }) => fedTokens(this.#stacked, tokens));
    using rows = new RowGroups(gpu, countsOf(fed.map(({ length }) => length)));
    using targetGroups = new RowGroups(gpu, countsOf(targets.map(({ tokens }) => tokens.length)));
    using gradients = Gradients.ofGroup(gpu, config, this.#options.group);
    using pass = passOver(this.#stacked, fed, {
      gradients,
      groups: { rows, has: (name) => this.#stacks.has(name) },
    });
    let start = 0;
    const wanted = { rows: [] as number[], tokens: [] as number[] };
    for (const [i, own] of targets.entries()) {
      for (const row of own.rows) wanted.rows.push(start + row);
      wanted.tokens.push(...own.tokens);
      start += (fed[i] as (typeof fed)[number]).length;
    }
    const [out, outIndex] = [this.#log.tensor, this.#log.index(step, 'norms')];
    using norms = new L2Norms(gpu, { out, outIndex, sets: config.layers, stacked: sequences.length });
    recordLossGradient(pass, {
      ...{ objective, readout, targets: planTargets(pass, wanted, targetGroups) },
      losses: this.#log.tensor,
      lossIndex: this.#log.index(step, 'losses'),
      onLayer: (layer) => this.#update({ gradients, norms }, layer),
    });
    norms.finish();
    this.#taken++;
  }

  /** Changes the parameters of a layer, and frees their gradients. Of cells that have no step they are zero. */
  #update({ gradients, norms }: { gradients: Gradients; norms: L2Norms }, layer: number): void {
    const pairs = [...this.#stacks].flatMap(([name, parameter]) => {
      const gradient = inLayer(name, layer) ? gradients.find(name) : undefined;
      return gradient ? [{ parameter, gradient }] : [];
    });
    norms.groupedStep(layer, { pairs, learningRates: this.#learningRates });
    gradients.drop(layer);
  }

  /** Waits for the steps, and gives each cell its own. */
  async #finish(): Promise<FineTuningResult[]> {
    const { gpu } = this.#model;
    const cells = this.#sequences.length;
    const values = await gpu.read(this.#log.tensor);
    const growths = await this.#growths();
    this.#requireOpen();
    this.#over = true;
    this.#free();
    let models: Model[];
    try {
      models = unstack(this.#model, this.#stacks, cells);
    } catch (error) {
      this.#stacked.dispose();
      throw error;
    }
    return models.map((model, cell) => ({
      model,
      steps: (this.#sequences[cell] ?? []).map((_, step) => this.#report(values, step, cell)),
      growth: growths[cell] as number,
    }));
  }

  #report(values: Float32Array, step: number, cell: number): FineTuningStep {
    const losses = this.#log.row(values, step, 'losses', cell);
    return {
      gradientNorms: this.#log.row(values, step, 'norms', cell),
      losses: this.#options.objective === 'output' ? losses.map(() => losses[0] as number) : losses,
    };
  }

  /** Norm of each cell's trained parameters, after over before. */
  async #growths(): Promise<number[]> {
    const { gpu, parameters } = this.#model;
    const cells = this.#sequences.length;
    using norms = gpu.tensor([cells + 1], { label: 'weight norms' });
    groupedL2Norm(gpu, { tensors: [...this.#stacks.values()], out: norms });
    const before = [...this.#stacks.keys()].map((name) => parameters.get(name));
    l2Norm(gpu, { tensors: before, out: norms, outIndex: cells });
    const read = await gpu.read(norms);
    return Array.from({ length: cells }, (_, cell) => (read[cell] as number) / (read[cells] as number));
  }

  /** Frees everything that is not a result's; a second time it does nothing. */
  dispose(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stacked.dispose();
    this.#free();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #free(): void {
    this.#learningRates.dispose();
    this.#log.dispose();
  }

  /** @throws RangeError */
  #requireOpen(): void {
    if (this.#over)
      throw new RangeError(`cells of ${this.#model.name} in lockstep that are finished or disposed`);
  }
}
