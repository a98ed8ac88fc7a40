import { FineTuning, type FineTuningResult } from '../fine-tuning.ts';
import type { LongRunning } from '../long-running.ts';
import type { Model } from '../model.ts';
import { type LockstepOptions, requireLockstep } from './options.ts';

/**
 * Trainings of the same base model that take their steps together: step i is one packed pass over the i-th sequence of every
 * cell that has one. Each cell has copies of the trained group of its own, all other weights are shared and read once. Bit for
 * bit what {@link FineTuning} gives for each cell alone. The base model is not changed and must outlive the results.
 */
export class LockstepFineTuning implements Disposable {
  readonly #model: Model;
  readonly #options: LockstepOptions;

  /**
   * @throws RangeError if an option is none that there is, or does not go with another or with lockstep; UserError if the device
   *   has no room for the copies (`memory-budget`) or the trained group is stored as float16 (`float16-training`)
   */
  constructor(model: Model, options: LockstepOptions) {
    requireLockstep(options);
    this.#model = model;
    this.#options = options;
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
    const { cells, ...shared } = this.#options;
    const total = cells.reduce((sum, { sequences }) => sum + sequences.length, 0);
    const results: FineTuningResult[] = [];
    let before = 0;
    try {
      for (const { learningRate, sequences } of cells) {
        using tuning = new FineTuning(this.#model, { ...shared, learningRate, steps: sequences.length });
        const tell = ({ finished }: { finished: number }): void =>
          onProgress?.({ finished: before + finished, total });
        await tuning.steps(sequences, { signal, ...(onProgress ? { onProgress: tell } : {}) });
        before += sequences.length;
        results.push(await tuning.finish());
      }
    } catch (error) {
      for (const { model } of results) model.dispose();
      throw error;
    }
    return results;
  }

  /** Frees everything that is not a result's; a second time it does nothing. */
  dispose(): void {}

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
