import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRun } from '../apps/bench/src/results/read-run.ts';
import { type CommandResult, type Row, iclGd, readCsv, readJson } from './golden.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-rates-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ADAPTER = ['--adapter', process.env['ICL_GD_ADAPTER'] ?? 'auto'];
const OPEN = ['run', '--preset', 'smoke', '--datasets', 'syn-cb', '--shots', '2', ...ADAPTER];
const SMOKE = [...OPEN, '--controls', 'none'];
const RATES = ['--rate', 'best,published,matched-kl,matched-norm', '--development', '8'];
const FILES = ['rates.csv', 'development.csv', 'gate.csv'];
const out = join(folder, 'out');
const csv = (file: string): readonly Row[] => readCsv(join(out, file));
const tables = (): [string, string][] =>
  readdirSync(out)
    .filter((file) => file.endsWith('.csv'))
    .map((file) => [file, readFileSync(join(out, file), 'utf8')]);

let first: CommandResult;
beforeAll(async () => {
  first = await iclGd([...SMOKE, ...RATES, '--out', out]);
});

it('chooses a rate for each learner and rule, and says how', () => {
  expect(first.stderr).not.toContain('no development data');
  expect(first.code).toBe(0);
  const rates = csv('rates.csv');
  expect(rates.map(({ method, rule }) => `${method} ${rule}`)).toEqual(
    ['GD', 'LCGD'].flatMap((method) =>
      ['published', 'best', 'matched-kl', 'matched-norm'].map((rule) => `${method} ${rule}`),
    ),
  );
  for (const row of rates) {
    expect(row).toMatchObject({ published_rate: '0.01', seeds: '3', examples: '8' });
    if (!row['rule']!.startsWith('matched')) continue;
    const target = rates.find(({ method, rule }) => method === 'GD' && rule === row['rule'])!['objective'];
    expect(row['target']).toBe(target);
    if (row['learning_rate'] !== '')
      expect(Math.abs(Number(row['objective']) / Number(target) - 1)).toBeLessThanOrEqual(0.05);
    else expect(row['note']).toMatch(/^not reached/);
  }
});

it('runs every rule as a setting of its own, at its rate, on the trained model alone', () => {
  const rates = csv('rates.csv').filter(({ learning_rate: rate }) => rate !== '');
  const summary = csv('summary.csv').filter(({ metric }) => metric === 'accuracy_ft');
  const found = (variant: string): string[] =>
    summary
      .filter((row) => row['variant'] === variant)
      .map(({ method, learning_rate: rate }) => `${method} ${rate}`);
  const named = rates.map(({ method, rule, learning_rate: rate }) =>
    rule === 'published' ? `${method} ${rate}` : `${method}[rate=${rule}] ${rate}`,
  );
  expect(found('trained').toSorted()).toEqual(named.toSorted());
  expect(found('untrained')).toEqual(['GD 0.01', 'LCGD 0.01']);
});

it('computes a rate once, whatever the rules that choose it', () => {
  const layers = (method: string): (string | undefined)[] =>
    csv('layerwise.csv')
      .filter((row) => row['variant'] === 'trained' && row['method'] === method)
      .map(({ value }) => value);
  expect(layers('GD').length).toBeGreaterThan(0);
  expect(layers('GD[rate=matched-kl]')).toEqual(layers('GD'));
  const records = readdirSync(join(out, 'records')).filter((name) =>
    /^trained-syn-cb-seed0-order0-GD-label-\w+\.json$/.test(name),
  );
  const rates = csv('rates.csv').filter(({ method }) => method === 'GD');
  expect(records).toHaveLength(new Set(rates.map(({ learning_rate: rate }) => rate)).size);
});

it('reads back what it wrote', async () => {
  const { development, methods } = await readRun(out);
  expect(development?.rates).toHaveLength(8);
  expect(development?.gate).toHaveLength(8);
  expect(development?.curves).toHaveLength(csv('development.csv').length);
  expect(methods).toContain('LCGD[rate=best]');
  const manifest = readJson(join(out, 'manifest.json')) as { rates: unknown; settings: unknown };
  expect(manifest.rates).toEqual(development?.rates);
  expect(manifest.settings).toMatchObject({
    development: 8,
    methods: expect.arrayContaining(['GD[rate=best]']),
  });
});

it('trains cells together, and gives the same bytes where there is room for fewer of them', async () => {
  const other = ['--out', join(folder, 'little')];
  const together = ({ stderr }: CommandResult): number =>
    Number(/up to (\d+) cells that train together/.exec(stderr)?.[1] ?? 1);
  const none = await iclGd([...SMOKE, ...RATES, ...other, '--memory-budget', '0.0000001']);
  const needed = Number(/this needs ([\d.]+) MiB on the device/.exec(none.stderr)?.[1]);
  const little = await iclGd([
    ...[...SMOKE, ...RATES, ...other],
    ...['--memory-budget', String((needed + 0.01) / 1024)],
  ]);
  expect(little.code).toBe(0);
  expect(together(little)).toBeLessThan(together(first));
  for (const [file, text] of tables()) expect(readFileSync(join(folder, 'little', file), 'utf8')).toBe(text);
});

it('gives the same bytes again and computes nothing, and goes without what is no longer asked for', async () => {
  const before = tables();
  const again = await iclGd([...SMOKE, ...RATES, '--out', out]);
  expect(again.stderr).toMatch(/^development: .*, 0 computed, /m);
  expect(again.stderr).toMatch(/^settings: .*, 0 computed, /m);
  expect(tables()).toEqual(before);
  const without = await iclGd([...SMOKE, '--out', out]);
  expect(without.stderr).toMatch(/^settings: .*, 0 computed, /m);
  expect(readdirSync(out).filter((file) => FILES.includes(file))).toEqual([]);
});

it('measures the gate and the curves alone where no rule is asked for', async () => {
  const gated = await iclGd([...SMOKE, '--development', '8', '--out', out]);
  expect(gated.stderr).toMatch(/^development: .*, 0 computed, /m);
  expect(csv('gate.csv').map(({ method }) => method)).toEqual(['GD', 'LCGD']);
});

it('says before what it would do', async () => {
  const { stdout } = await iclGd([...SMOKE, ...RATES, '--dry-run']);
  expect(stdout).toContain('development  8 examples');
  const checked = await iclGd([
    ...[...OPEN, ...RATES, '--controls', 'ICL[disjoint]', '--check-only'],
    '--out',
    join(folder, 'checked'),
  ]);
  expect(checked.stdout).toContain(
    'to do: development syn-cb seeds 1001, 1002, 1003, 8 examples, GD and LCGD at 7 rates',
  );
  expect(checked.code).toBe(0);
});

it('leaves out a dataset with too few rows by name, and the settings that need its rates', async () => {
  const place = join(folder, 'few');
  const few = await iclGd([...SMOKE, '--shots', '9', '--rate', 'published,best', '--out', place]);
  expect(few.stderr).toContain(
    'WARNING: syn-cb has no development data: 9 demonstrations are asked for, and half its training split has 8 rows',
  );
  const cells = readCsv(join(place, 'cells.csv'));
  expect(cells.filter(({ method }) => method === 'GD[rate=best]')).toMatchObject([
    { status: 'unavailable', message: expect.stringContaining('no rate by best: left out') },
  ]);
  expect(readCsv(join(place, 'gate.csv')).map(({ outcome }) => outcome)).toEqual(
    Array.from({ length: 4 }, () => 'not measured'),
  );
});

it('refuses a table that was damaged, by file and line', async () => {
  const path = join(out, 'gate.csv');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/,[a-z ]+\n$/, ',perhaps\n'));
  const { code, stderr } = await iclGd(['validate', '--from', out]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/gate\.csv, line 3: outcome "perhaps" is none of learned/);
});

it.each([
  [['--rate', 'bst'], '--rate: unknown "bst" (did you mean best?)'],
  [['--rate', 'best,best'], '--rate: best is named twice'],
  [['--development', '7'], '--development 7: a gate needs at least 8 examples'],
  [['--rate', 'best', '--development', '0'], '--development 0: GD[rate=best] needs at least 8 examples'],
])('refuses %j', async (options, said) => {
  const { code, stderr } = await iclGd([...SMOKE, ...options, '--dry-run']);
  expect(code).toBe(2);
  expect(stderr).toContain(said);
});
