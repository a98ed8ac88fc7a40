import type { Probe, ProbeToken } from '@icl-gd/methods';
import type { DecoderConfig } from '@icl-gd/transformer';
import type { CellAddress } from './cell.ts';
import type { RecordStore } from './record-store.ts';
import { type TrialPlan, addressOf } from './trial-plan.ts';
import type { TrialSetting } from './trial-setting.ts';

/** Probes that are held for the next settings, by address. */
export class HeldProbes {
  readonly #store: RecordStore;
  readonly #config: DecoderConfig;
  #held = new Map<string, readonly Probe[]>();

  constructor(store: RecordStore, config: DecoderConfig) {
    this.#store = store;
    this.#config = config;
  }

  hold({ key }: CellAddress, probes: readonly Probe[]): void {
    this.#held.set(key, probes);
  }

  /** What is held of others takes memory. */
  holdOnly({ addresses }: TrialSetting): void {
    const keys = new Set([...addresses.values()].map(({ key }) => key));
    this.#held = new Map([...this.#held].filter(([key]) => keys.has(key)));
  }

  drop({ addresses }: TrialSetting): void {
    for (const { key } of addresses.values()) this.#held.delete(key);
  }

  /** Probes that are held, else those on disk, else computed once more. */
  async at(
    plan: TrialPlan,
    setting: TrialSetting,
    token: ProbeToken,
    compute: () => Promise<unknown>,
  ): Promise<readonly Probe[]> {
    const address = addressOf(setting, token);
    if (!this.#held.has(address.key)) {
      const kept = await this.#kept(plan, address);
      if (kept) this.hold(address, kept);
      else await compute();
    }
    const probes = this.#held.get(address.key);
    if (!probes)
      throw new Error(`${setting.id} diverged where it did not before: the device gives other numbers`);
    return probes;
  }

  async #kept({ prepared, records }: TrialPlan, address: CellAddress): Promise<readonly Probe[] | undefined> {
    if (!this.#store.hasProbes(address)) return undefined;
    const record = await this.#store.read(address, records.setting);
    if (record?.status !== 'finished') return undefined;
    const { predictions } = record;
    const { validationRows } = prepared;
    return await this.#store.readProbes(address, { config: this.#config, validationRows, predictions });
  }
}
