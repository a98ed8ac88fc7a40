import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFile } from '@icl-gd/transformer/files';
import type { RecordStore } from './record-store.ts';
import type { TrialOutcome } from './run-trial.ts';
import { type TrialPlan, addressesOf, ownAddress, settingsOf } from './trial-plan.ts';

const FOLDER = 'probes';
/** The first digits of the key in a name of ours. */
const NAME = /-seed\d+-([0-9a-f]{8})-[\w.-]+\.safetensors$/;

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
    await store.linkProbes(address, join(out, FOLDER, name));
  }
}

/**
 * Removes from `probes/` what is of none of these trials. Only names of records that are there: they keep h and m, and a file
 * of the user's is none of them.
 */
export async function removeOtherProbes(
  store: RecordStore,
  out: string,
  plans: readonly TrialPlan[],
): Promise<void> {
  const start = (key: string): string => key.slice(0, 8);
  const own = new Set(plans.flatMap(addressesOf).map(({ key }) => start(key)));
  const kept = new Set(
    store.names().flatMap((name) => start(/-([0-9a-f]{32})\.safetensors$/.exec(name)?.[1] ?? '') || []),
  );
  for (const name of await readdir(join(out, FOLDER)).catch(() => [])) {
    const key = NAME.exec(name)?.[1];
    if (key !== undefined && kept.has(key) && !own.has(key)) await removeFile(join(out, FOLDER, name));
  }
}
