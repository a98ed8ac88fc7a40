import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type DecoderConfig, UserError, formatBytes } from '@icl-gd/transformer';
import type { RecordStore } from './record-store.ts';
import { type TrialPlan, addressesOf } from './trial-plan.ts';

/** Bytes of what is recorded of every query in one setting: h and m in float32. */
function probeBytes(
  { queries }: TrialPlan['prepared'],
  { layers, heads, dModel }: Pick<DecoderConfig, 'layers' | 'heads' | 'dModel'>,
): number {
  let keys = 0;
  for (const { tokens, options } of queries) keys += tokens.length + (options[0]?.length ?? 0);
  return 4 * layers * (queries.length * dModel + keys * heads);
}

/**
 * Says how much the probes beside the records will take, and refuses what the disk has no room for.
 * @param folder that the records go to
 * @param discard whether probes are dropped once no further setting needs them
 * @throws UserError if there is too little room
 */
export async function planDisk(
  folder: string,
  plans: readonly TrialPlan[],
  {
    store,
    config,
    discard,
    log,
    spaceOf = statfs,
  }: {
    store: RecordStore;
    config: DecoderConfig;
    discard: boolean;
    log: (line: string) => void;
    /** Free blocks, and bytes of one, where a folder lies: `statfs`, but for tests. */
    spaceOf?: (folder: string) => Promise<{ bavail: number; bsize: number }>;
  },
): Promise<void> {
  const missing = new Map<string, number>();
  let largest = 0;
  for (const plan of plans) {
    const bytes = probeBytes(plan.prepared, config);
    let own = 0;
    for (const address of addressesOf(plan)) {
      if (!store.has(address)) missing.set(address.key, bytes);
      own += bytes;
    }
    largest = Math.max(largest, own);
  }
  const all = [...missing.values()].reduce((total, bytes) => total + bytes, 0);
  const needed = discard ? Math.min(all, largest) : all;
  if (needed === 0) return;
  const { bavail, bsize } = await spaceOf(existing(resolve(folder)));
  const free = bavail * bsize;
  if (needed > free)
    throw new UserError(
      `what is recorded of every example takes ${formatBytes(needed)} in ${folder}, and ${formatBytes(free)} are free: use another --out, fewer --examples${discard ? '' : ', or --discard-probes'}`,
    );
  log(
    `disk plan: ${formatBytes(needed)} of h and m beside the records${discard ? ', dropped as the run goes on' : ''}`,
  );
}

/** The folder itself, or the nearest one above it that there is. */
function existing(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : existing(dirname(folder));
}
