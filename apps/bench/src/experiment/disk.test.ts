import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError, formatBytes } from '@icl-gd/transformer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FAKE_CONFIG } from '../testing/fake-model.ts';
import type { CellAddress } from './cell.ts';
import { planDisk } from './disk.ts';
import { RecordStore } from './record-store.ts';
import type { TrialPlan } from './trial-plan.ts';

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-disk-'))));
afterEach(() => rm(out, { recursive: true }));

const addressOf = (key: string): CellAddress =>
  ({ title: 'cell', key, cell: {}, parts: { environment: {}, choices: {} } }) as unknown as CellAddress;

/** A trial whose settings have these records. */
const plan = (...keys: string[]): TrialPlan => {
  const [zeroShot, inContext, ...methods] = keys.map((key) => ({
    addresses: new Map([['label', addressOf(key)]]),
  }));
  // Probed at the label: keys of 2 + 1 and 3 + 1 tokens.
  const queries = [
    [1, 2],
    [1, 2, 3],
  ].map((tokens) => ({ tokens, options: [[7], [8, 9]] }));
  return { prepared: { queries }, zeroShot, inContext, methods } as unknown as TrialPlan;
};
// float32, two layers: h of three numbers for each query, m of two heads for each key.
const BYTES = 4 * 2 * (2 * 3 + (3 + 4) * 2);

async function planned(plans: readonly TrialPlan[], free: number, discard = false): Promise<string[]> {
  // It is the disk that the folder will lie on.
  const spaceOf = async (folder: string) => ({ bavail: folder === out ? free / 4 : NaN, bsize: 4 });
  const lines: string[] = [];
  const store = new RecordStore(out, () => {});
  await planDisk(join(out, 'not', 'there'), plans, {
    ...{ store, config: FAKE_CONFIG, discard, log: (line: string) => lines.push(line) },
    spaceOf,
  });
  return lines;
}

test('a record that trials share is counted once, one that is there not at all', async () => {
  const plans = [plan('zsl', 'icl-1', 'gd-1'), plan('zsl', 'icl-2', 'gd-2')];
  expect(await planned(plans, 1e6)).toEqual([
    `disk plan: ${formatBytes(5 * BYTES)} of h and m beside the records`,
  ]);
  const store = new RecordStore(out, () => {});
  for (const key of ['zsl', 'gd-1']) await store.write(addressOf(key), {});
  expect(await planned(plans, 1e6)).toEqual([
    `disk plan: ${formatBytes(3 * BYTES)} of h and m beside the records`,
  ]);
  for (const key of ['icl-1', 'icl-2', 'gd-2']) await store.write(addressOf(key), {});
  expect(await planned(plans, 0)).toEqual([]);
});

test('as much as is free fits, and one byte more does not', async () => {
  const plans = [plan('zsl', 'icl', 'gd')];
  expect(await planned(plans, 3 * BYTES)).toHaveLength(1);
  await expect(planned(plans, 3 * BYTES - 4)).rejects.toThrow(UserError);
  await expect(planned(plans, 3 * BYTES - 4)).rejects.toThrow(
    /use another --out, fewer --examples, or --discard/,
  );
});

test('where probes are dropped, those of one trial at a time need room', async () => {
  const plans = [plan('zsl', 'icl-1', 'gd-1'), plan('zsl', 'icl-2', 'gd-2')];
  expect(await planned(plans, 3 * BYTES, true)).toEqual([
    expect.stringMatching(`^disk plan: ${formatBytes(3 * BYTES)} .*dropped as the run goes on$`),
  ]);
  await expect(planned(plans, 3 * BYTES - 4, true)).rejects.toThrow(/fewer --examples$/);
});
