import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { type CommandResult, iclGd, readCsv } from './golden.ts';

/** All files of a run but what depends on when it ran. */
function files({ out, folder }: FixtureCopy): [string, string][] {
  const names = (readdirSync(out, { recursive: true }) as string[]).sort();
  const timeless = (text: string): string =>
    text.replaceAll(folder, '').replace(/"written_at": ".*"/, '"written_at": ""');
  return names
    .filter((name) => /\.(csv|json)$/.test(name) && !name.startsWith('profile.'))
    .map((name) => [name, timeless(readFileSync(join(out, name), 'utf8'))]);
}

const [plain, profiled] = [new FixtureCopy('own-text-gpt2'), new FixtureCopy('own-text-gpt2')];
const SMALL = ['--examples', '3', '--shots', '2', '--controls', 'none'];
let result: CommandResult;
beforeAll(async () => {
  const { code, stderr } = await iclGd(plain.arguments(...SMALL));
  if (code !== 0) throw new Error(stderr);
  result = await iclGd(profiled.arguments(...SMALL, '--profile'));
});
afterAll(() => {
  plain[Symbol.dispose]();
  profiled[Symbol.dispose]();
});

it('a profiled run has the tables and records of one that is not, byte for byte', () => {
  expect(result.code).toBe(0);
  const expected = files(plain);
  expect(expected.map(([name]) => name)).toContain('cells.csv');
  expect(files(profiled)).toEqual(expected);
});

it('and says beside them how long each kernel ran, with a trace of all', () => {
  const rows = readCsv(join(profiled.out, 'profile.csv'));
  expect(rows.length).toBeGreaterThan(10);
  const total = rows.reduce((sum, row) => sum + Number(row['share']), 0);
  expect(total).toBeCloseTo(1, 2);
  const times = rows.map((row) => Number(row['ms']));
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  const products = rows.filter((row) => row['kernel']?.startsWith('matmul.') && Number(row['ms']) > 0);
  expect(products.length).toBeGreaterThan(0);
  expect(products.every((row) => Number(row['gflop_s']) > 0)).toBe(true);
  const trace = readFileSync(join(profiled.out, 'profile.trace.json'), 'utf8');
  const { traceEvents } = JSON.parse(trace) as { traceEvents: { name: string; ph: string }[] };
  const calls = rows.reduce((sum, row) => sum + Number(row['calls']), 0);
  expect(traceEvents.filter(({ ph }) => ph === 'X')).toHaveLength(calls);
  expect(result.stdout).toContain('profile.trace.json');
});

it('a run whose cells are all on record has nothing to profile, and says so', async () => {
  const { code, stdout } = await iclGd(profiled.arguments(...SMALL, '--profile'));
  expect(code).toBe(0);
  expect(stdout).toContain('profile: nothing was computed');
});
