import type { Experiment } from '../experiment/experiment.ts';
import type { Answer, ModelChoice, Order } from './messages.ts';

/** A worker that is inside a long call does not hear; after this time it is ended. */
const PATIENCE_MS = 4000;

/** The page's side of the worker that computes: one run at a time. */
export class Computation {
  readonly #listen: (answer: Answer) => void;
  #worker: Worker | undefined;
  #impatience: ReturnType<typeof setTimeout> | undefined;

  /** @param listen takes what the worker tells of the current run; its last word is finished, cancelled or failed */
  constructor(listen: (answer: Answer) => void) {
    this.#listen = listen;
  }

  run(model: ModelChoice, experiment: Experiment): void {
    this.#worker ??= this.#start();
    this.#order({ kind: 'run', model, experiment });
  }

  /** After the model was said to be large. */
  proceed(): void {
    this.#order({ kind: 'proceed' });
  }

  /** Stops the run, if need be with the worker; `cancelled` follows. */
  cancel(): void {
    this.#order({ kind: 'cancel' });
    this.#impatience ??= setTimeout(() => {
      this.#worker?.terminate();
      this.#worker = undefined;
      this.#hear({ kind: 'cancelled' });
    }, PATIENCE_MS);
  }

  #order(order: Order): void {
    this.#worker?.postMessage(order);
  }

  #hear(answer: Answer): void {
    if (['finished', 'cancelled', 'failed'].includes(answer.kind)) {
      clearTimeout(this.#impatience);
      this.#impatience = undefined;
    }
    this.#listen(answer);
  }

  #start(): Worker {
    const worker = new Worker(new URL('worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => this.#hear(data));
    worker.addEventListener('error', ({ message }) => {
      worker.terminate();
      this.#worker = undefined;
      this.#hear({
        kind: 'failed',
        message: `The computation stopped: ${message || 'its code could not be loaded'}.`,
      });
    });
    return worker;
  }
}
