import type { Doing } from './heartbeat.ts';
import { Pace, duration } from './pace.ts';
import { visible } from './visible.ts';

/** When a line about progress is due, and what it says. Times are in seconds from any start. */
export class Beat {
  readonly #first: number;
  readonly #every: number;
  #doing: Doing | undefined;
  #begun = 0;
  #due = Number.POSITIVE_INFINITY;
  #pace = new Pace();

  /** @param first until the first line, @param every between lines */
  constructor(first: number, every: number) {
    this.#first = first;
    this.#every = every;
  }

  /** @param doing undefined where nothing is being done */
  note(doing: Doing | undefined, time: number): void {
    if (doing !== undefined && this.#doing === undefined) {
      this.#begun = time;
      this.#due = time + this.#first;
    }
    if (doing?.total !== this.#doing?.total) this.#pace = new Pace();
    this.#doing = doing;
    if (doing?.done !== undefined) this.#pace.note(time, doing.done);
  }

  /** The line, if one is due. */
  line(time: number): string | undefined {
    if (time < this.#due || this.#doing === undefined) return undefined;
    this.#due = time + this.#every;
    const { text, done, total } = this.#doing;
    const parts = [visible(text)];
    if (done !== undefined && total !== undefined && total > 0) {
      parts.push(`${Math.floor((100 * done) / total)} %`);
      const left = this.#pace.left(total);
      if (left !== undefined) parts.push(`ETA ${left}`);
    }
    parts.push(`${duration(time - this.#begun)} so far`);
    return parts.join(', ');
  }
}
