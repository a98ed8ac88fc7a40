import { join } from 'node:path';
import type { RecordStore } from './record-store.ts';
import type { TrialOutcome } from './run-trial.ts';
import { type TrialPlan, ownAddress, settingsOf } from './trial-plan.ts';

/** Puts h and m of every setting of a trial that finished into `probes/`; the key keeps apart other choices. */
export async function linkSavedProbes(
  store: RecordStore,
  out: string,
  plan: TrialPlan,
  { records }: TrialOutcome,
): Promise<void> {
  const { variant, dataset, seed } = plan.trial;
  for (const setting of settingsOf(plan)) {
    if (records.get(setting.id)?.status !== 'finished') continue;
    const address = ownAddress(setting);
    const id = setting.id.replaceAll(/[^\w.-]/g, '_');
    const name = `${variant}-${dataset}-seed${seed}-${address.key.slice(0, 8)}-${id}.safetensors`;
    await store.linkProbes(address, join(out, 'probes', name));
  }
}
