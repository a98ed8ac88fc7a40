import type { AdapterDescription } from '../../device/description.ts';

/** A small batch on a graphics card is through in less; longer ones are not worth a core. */
const EAGER_MS = 0.5;
/** Dawn's own poll keeps one core busy; on software adapters that core is needed for the work itself. */
const INTERVAL_MS = 1;
/** A poll takes about 40 µs of CPU time: whoever waits for long is told a little later. */
const SHARE_OF_WAIT = 1 / 16;
/**
 * Polls never lie further apart, a thousandth of a core: who asks may have waited for something else before, pipelines or
 * longer passes, and would be told late.
 */
const LONGEST_MS = 32;
/** Nobody asks for so much of the shortest of the last waits. */
const QUIET = { share: 0.5, waits: 4 };

/** When devices are asked, by one process. */
export class PollTimes {
  #eagerUntil = -Infinity;
  /** When a device last had something new to do for somebody who waits, or was done with something. */
  #since = -Infinity;
  readonly #waiting = { hardware: 0, software: 0 };
  /** Of waits for software adapters. */
  #last: number[] = [];

  /**
   * Tells that somebody begins to wait for a device: a graphics card is asked again and again for a fraction of a millisecond,
   * then at intervals, a software adapter first when it may be done, by how long the last waits took, then at intervals.
   * @returns to be called when the wait is over
   */
  waitBegins(kind: AdapterDescription['kind'], now = performance.now()): (end?: number) => void {
    if (kind === 'hardware') this.#eagerUntil = now + EAGER_MS;
    if (this.#isIdle()) this.#since = now;
    this.#waiting[kind]++;
    return (end = performance.now()) => {
      this.#waiting[kind]--;
      if (kind === 'software') this.#last = [end - this.#since, ...this.#last].slice(0, QUIET.waits);
      this.#since = end;
    };
  }

  /** Tells that a device is asked from now on. */
  pollingBegins(now = performance.now()): void {
    if (this.#isIdle()) this.#since = now;
  }

  /** Milliseconds until the device is asked next; 0 for as soon as the event loop is through. */
  pollDelay(now = performance.now()): number {
    if (now < this.#eagerUntil) return 0;
    const elapsed = now - this.#since;
    const { hardware, software } = this.#waiting;
    const isQuiet = software > 0 && hardware === 0 && this.#last.length === QUIET.waits;
    const quiet = isQuiet ? QUIET.share * Math.min(...this.#last) : 0;
    const delay = elapsed < quiet ? quiet - elapsed : elapsed * SHARE_OF_WAIT;
    return Math.min(Math.max(INTERVAL_MS, delay), LONGEST_MS);
  }

  /** Whether nobody waits: a device may still be asked, for its pipelines. */
  #isIdle(): boolean {
    return this.#waiting.hardware + this.#waiting.software === 0;
  }
}

/** Those of this process. */
export const pollTimes = new PollTimes();

/** See {@link PollTimes.waitBegins}. */
export function waitBegins(kind: AdapterDescription['kind']): () => void {
  return pollTimes.waitBegins(kind);
}
