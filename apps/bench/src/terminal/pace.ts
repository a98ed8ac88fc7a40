/** Seconds of the past that the remaining time is estimated from. */
const WINDOW = 300;

/** How long what is left will take, by what was done in the last minutes. Times are in seconds from any start. */
export class Pace {
  /** Time and units done, oldest first. */
  #past: [number, number][] = [];

  note(time: number, done: number): void {
    this.#past.push([time, done]);
    while (this.#past.length > 2 && (this.#past[1]?.[0] ?? time) < time - WINDOW) this.#past.shift();
  }

  /** As `12 min`; undefined where nothing says it yet. */
  left(total: number): string | undefined {
    const [first, last] = [this.#past[0], this.#past.at(-1)];
    if (!first || !last || last[1] <= first[1] || last[0] <= first[0]) return undefined;
    return duration(((total - last[1]) * (last[0] - first[0])) / (last[1] - first[1]));
  }
}

/** `45 s`, `12 min`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
