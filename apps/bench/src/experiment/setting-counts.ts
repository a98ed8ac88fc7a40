import type { CellAddress } from './cell.ts';
import { type TrialPlan, settingsOf } from './trial-plan.ts';
import type { TrialSetting } from './trial-setting.ts';

/**
 * Settings that trials ask for, over all passes of a command, and how many of them are not the same: zero-shot is shared by seeds
 * and orders, both probe tokens come from the same forward passes, and a pass that changes the order of fine-tuning leaves what does
 * not depend on it.
 */
export class SettingCounts {
  readonly #distinct = new Set<string>();
  #asked = 0;
  #computed = 0;

  ask(plans: readonly TrialPlan[]): void {
    for (const setting of plans.flatMap(settingsOf)) {
      this.#asked++;
      this.#distinct.add(keyOf(setting));
    }
  }

  compute(settings: number): void {
    this.#computed += settings;
  }

  get asked(): number {
    return this.#asked;
  }

  get distinct(): number {
    return this.#distinct.size;
  }

  /** Of what was computed. */
  describe(): string {
    return `settings of all trials: ${this.#asked} asked for, ${this.#computed} computed`;
  }

  /** Of what would be computed where nothing is on record. */
  describePlan(): string {
    return `settings of all trials: ${this.#asked} asked for, ${this.distinct} to be computed, less what is on record`;
  }
}

/** Whatever the pass's own probe token is. */
function keyOf({ addresses }: TrialSetting): string {
  const [first] = [...addresses.values()].toSorted((a, b) => (a.cell.probe < b.cell.probe ? -1 : 1));
  return (first as CellAddress).key;
}
