import { Bar, type Screen } from '../terminal/bar.ts';
import { doing, doneDoing } from '../terminal/heartbeat.ts';
import { printLine } from '../terminal/print.ts';
import { isScreen } from '../terminal/screen.ts';

/** What a person sees while a run goes on. All of it goes to stderr. */
export interface Progress {
  /** @param total units of work in the whole run */
  start(total: number): void;
  advance(units: number, doing: string): void;
  line(text: string): void;
  stop(): void;
}

/** A live bar on a terminal; elsewhere plain lines, and one every half minute that says how far it is. */
export function createProgress(stream: Screen = process.stderr): Progress {
  let bar: Bar | undefined;
  let done = 0;
  let total = 0;
  const show = (text: string): void => {
    bar?.show(done, total, text);
    doing({ text, done, total });
  };
  return {
    start(units) {
      [done, total] = [0, units];
      if (isScreen(stream)) bar = new Bar(stream);
      show('begins');
    },
    advance(units, text) {
      done += units;
      show(text);
    },
    line(text) {
      if (bar) bar.line(text);
      else printLine(text, stream);
    },
    stop() {
      bar?.clear();
      bar = undefined;
      doneDoing();
    },
  };
}
