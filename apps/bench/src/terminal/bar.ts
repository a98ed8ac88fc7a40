import { cutToWidth } from './columns.ts';
import { Pace } from './pace.ts';
import { printLine } from './print.ts';
import { visible } from './visible.ts';

/** Milliseconds between two drawings. */
const DRAW_EVERY_MS = 100;
/** Cells of the bar; fewer on a narrow terminal. */
const WIDEST = 40;
const COLUMNS_FOR_WORDS = 45;
const DEFAULT_COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[K';

/** A terminal, as far as a bar needs it. */
export interface Screen {
  write(text: string): boolean;
  readonly columns: number;
  readonly isTTY: boolean;
}

/**
 * The last line of a terminal, which shows how far something is. No setting of the terminal is changed: the line is cut
 * to the width instead of switching wrapping off, so that there is nothing to restore whenever the process ends.
 */
export class Bar {
  readonly #screen: Screen;
  readonly #clock: () => number;
  readonly #pace = new Pace();
  #text = '';
  #drawn = Number.NEGATIVE_INFINITY;

  /** @param clock milliseconds from any start */
  constructor(screen: Screen, clock: () => number = () => performance.now()) {
    this.#screen = screen;
    this.#clock = clock;
  }

  /** @param what is being done, and at the end of the line */
  show(done: number, total: number, what: string): void {
    const now = this.#clock();
    this.#pace.note(now / 1000, done);
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const columns = this.#screen.columns || DEFAULT_COLUMNS;
    const cells = Math.min(WIDEST, Math.max(0, columns - COLUMNS_FOR_WORDS));
    const full = Math.round(share * cells);
    const bar = cells === 0 ? '' : `${'█'.repeat(full)}${'░'.repeat(cells - full)} `;
    const left = this.#pace.left(total);
    const words = [`${Math.floor(100 * share)} %`, ...(left === undefined ? [] : [`${left} left`]), what];
    // The last column stays free: some terminals wrap as soon as it is written to.
    this.#text = `${bar}${cutToWidth(visible(words.join(' | ')), columns - bar.length - 1)}`;
    if (now - this.#drawn < DRAW_EVERY_MS && done < total) return;
    this.#drawn = now;
    this.#screen.write(`${CLEAR_LINE}${this.#text}`);
  }

  /** A line above the bar, as long as it is. */
  line(text: string): void {
    this.#screen.write(CLEAR_LINE);
    printLine(text, this.#screen);
    this.#screen.write(this.#text);
  }

  /** Takes the bar off the terminal. */
  clear(): void {
    if (this.#text !== '') this.#screen.write(CLEAR_LINE);
    this.#text = '';
  }
}
