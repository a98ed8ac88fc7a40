/** One piece of work at a time beside what its caller does next. */
export class InFlight {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Starts a piece once the last is done.
   * @returns what it will give, wrapped, since whoever waits for this does not wait for that
   * @throws what the last one threw
   */
  async start<T>(work: () => Promise<T>): Promise<{ readonly outcome: Promise<T> }> {
    await this.#last;
    const outcome = work();
    this.#last = outcome;
    // Whoever wants it is told; others are not to be ended by it.
    outcome.catch(() => {});
    return { outcome };
  }

  /** Waits for the last piece, whatever comes of it, and forgets it. */
  async settle(): Promise<void> {
    await this.#last.catch(() => {});
    this.#last = Promise.resolve();
  }
}
