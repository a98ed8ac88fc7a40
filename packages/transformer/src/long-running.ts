/** How far something long is. The unit (batches, queries, demonstrations, bytes) is said where the callback is taken. */
export interface Progress {
  readonly finished: number;
  readonly total: number;
}

/** What everything long takes. */
export interface LongRunning {
  /**
   * Stops the work at its next step or batch: the promise rejects with the signal's reason, and nothing that was made on
   * the way is left on the device. A signal that is aborted already has no work done at all.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called after each step or batch. What it throws ends the work as an error would. */
  readonly onProgress?: ((done: Progress) => void) | undefined;
}
