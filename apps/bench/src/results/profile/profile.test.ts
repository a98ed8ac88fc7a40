import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { toCsv } from '../csv.ts';
import { profileTable } from './profile-table.ts';
import { writeTrace } from './write-trace.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-profile-'));
afterAll(() => rmSync(folder, { recursive: true }));

const KERNELS = [
  { label: 'matmul', calls: 2, ms: 3, bytes: 6e6, workgroups: 4, flop: 9e6 },
  { label: 'add', calls: 1, ms: 1, bytes: 1e6, workgroups: 1, flop: 0 },
  { label: 'small', calls: 1, ms: 0, bytes: 8, workgroups: 1, flop: 0 },
];

test('a profile tells time, rates and their shares of the peaks, and nothing where there is no rate', () => {
  expect(toCsv(profileTable(KERNELS, { fma: 30e9, copy: 4e9 })))
    .toBe(`kernel,calls,ms,share,gflop_s,gb_s,fma_share,copy_share
matmul,2,3,0.75,3,2,0.1,0.5
add,1,1,0.25,,1,,0.25
small,1,0,0,,,,
`);
});

test('a trace has every dispatch in microseconds, as Chrome and Perfetto read it', async () => {
  const dispatches = Array.from({ length: 10_001 }, (_, i) => ({
    ...{ label: `kernel "${i % 3}"`, start: i / 4, end: i / 4 + 0.1250004 },
  }));
  const file = join(folder, 'a.trace.json');
  await writeTrace(file, 'an adapter', dispatches);
  const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as { traceEvents: object[] };
  expect(traceEvents[0]).toMatchObject({ ph: 'M', args: { name: 'an adapter' } });
  expect(traceEvents).toHaveLength(10_002);
  expect(traceEvents[2]).toEqual({ name: 'kernel "1"', ph: 'X', ts: 250, dur: 125, pid: 1, tid: 1 });
});
