import type { z } from 'zod';
import type { CellAddress } from './cell.ts';
import type { SettingRecord } from './record.ts';
import { type TrialPlan, ownAddress } from './trial-plan.ts';
import type { TrialRunnerOptions } from './trial-runner-options.ts';
import type { TrialSetting } from './trial-setting.ts';

type Options = Pick<TrialRunnerOptions, 'store' | 'fresh' | 'written' | 'keepAllProbes'>;

/** The records that a run may go by: all there are, or, where it computes afresh, those that it has written itself. */
export class CellRecords {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The record of a setting, if there is one under every probe token and, where they are asked for, the probes. */
  async of(plan: TrialPlan, setting: TrialSetting): Promise<SettingRecord | undefined> {
    const { store, keepAllProbes } = this.#options;
    const own = ownAddress(setting);
    const addresses = [...setting.addresses.values()];
    if (!addresses.every((address) => this.#isRecorded(address))) return undefined;
    const record = await store.read(own, plan.records.setting);
    const complete = !keepAllProbes || addresses.every((address) => store.hasProbes(address));
    return record?.status === 'diverged' || complete ? record : undefined;
  }

  /** Whether nothing of a setting has to be computed, going by what files there are. */
  async isThere(plan: TrialPlan, { addresses }: TrialSetting): Promise<boolean> {
    const { store, fresh, keepAllProbes } = this.#options;
    const all = [...addresses.values()];
    if (all.every((own) => this.#isRecorded(own)))
      return !keepAllProbes || all.every((own) => store.hasProbes(own));
    if (fresh) return false;
    for (const own of all) if (!(await store.findUnscored(own, plan.records.setting))) return false;
    return true;
  }

  async isReadable(address: CellAddress, schema: z.ZodType): Promise<boolean> {
    return this.#isRecorded(address) && (await this.#options.store.read(address, schema)) !== undefined;
  }

  async write(address: CellAddress, result: unknown): Promise<void> {
    await this.#options.store.write(address, result);
    this.#options.written.add(address.key);
  }

  #isRecorded(address: CellAddress): boolean {
    const { store, fresh, written } = this.#options;
    return fresh ? written.has(address.key) : store.has(address);
  }
}
