import type { CellAddress } from './cell.ts';
import { groupBy } from './group-by.ts';

/** Counts cells, each once however many trials share it. */
export class Tally {
  readonly #asked = new Map<string, string>();
  readonly #computed = new Map<string, string>();

  ask({ key, cell }: CellAddress): void {
    this.#asked.set(key, cell.setting);
  }

  compute({ key, cell }: CellAddress): void {
    this.#computed.set(key, cell.setting);
  }

  /** How many were computed. */
  get computed(): number {
    return this.#computed.size;
  }

  /**
   * `settings: 7 asked for (1 ZSL, 2 ICL, 2 GD, 2 LCGD), 2 computed (2 LCGD), 5 taken from records`.
   * @param what stands before the colon
   */
  describe(what = 'settings'): string {
    const taken = [...this.#asked.keys()].filter((key) => !this.#computed.has(key)).length;
    return `${what}: ${count('asked for', this.#asked)}, ${count('computed', this.#computed)}, ${taken} taken from records`;
  }
}

function count(what: string, cells: ReadonlyMap<string, string>): string {
  const bySetting = [...groupBy(cells.values(), (setting) => setting)];
  const detail = bySetting.map(([setting, own]) => `${own.length} ${setting}`).join(', ');
  return `${cells.size} ${what}${detail === '' ? '' : ` (${detail})`}`;
}
