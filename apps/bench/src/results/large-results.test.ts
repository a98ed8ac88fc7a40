import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isTemporary } from '@icl-gd/transformer/files';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { madeUpTrials } from '../testing/made-up-trials.ts';
import { toCsv } from './csv.ts';
import { type MeasuredRun, measureTrial } from './measured.ts';
import { type MeasuredOutputs, measureOutputs } from './outputs.ts';
import { matchPaper } from './published/paper-match.ts';
import { readRun } from './read-run.ts';
import { OPTIONAL_TABLES, trialTables } from './rows.ts';
import { removeOthers, summaryTables, writeTrialTables } from './write-results.ts';

const TABLES = trialTables({ taskOptions: 2, releasedNorms: false, noiseFloor: false });

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-tables-'))));
afterEach(() => rm(out, { recursive: true }));

async function write(size: Parameters<typeof madeUpTrials>[0]): Promise<MeasuredRun> {
  const cells: MeasuredRun['cells'][number][] = [];
  const outputs: MeasuredOutputs[] = [];
  await writeTrialTables(out, 'made-up', TABLES, madeUpTrials(size), (result) => {
    for (const cell of measureTrial(result)) cells.push(cell);
    outputs.push(...measureOutputs(result));
  });
  const sizes = new Map([['mr', { train: 10, validation: 5, averageTokens: 3.25 }]]);
  const run = {
    model: 'made-up',
    variants: ['trained'],
    methods: ['GD', 'LCGD'],
    cells,
    sizes,
    noise: [],
    outputs,
    paper: matchPaper(undefined),
  };
  await writeFile(join(out, 'table3.csv'), toCsv(summaryTables(run)['table3.csv']!));
  return run;
}

test('what is read back from the tables is what was measured', async () => {
  const run = await write({ trials: 3, examples: 7, layers: 2, steps: 3 });
  expect(await readRun(out)).toEqual(run);
});

test('64 cells of 2,000 examples: as many rows as a call has no room for', async () => {
  await write({ trials: 32, examples: 2000, layers: 2, steps: 1 });
  const lines = (await readFile(join(out, 'predictions.csv'), 'utf8')).split('\n');
  // Header and end; ZSL, ICL, GD and LCGD of each trial.
  expect(lines).toHaveLength(2 + 32 * 4 * 2000);
});

test('2,000 cells: memory holds one trial and what summaries need, not the rows', async () => {
  const bench = join(import.meta.dirname, '../../bench/large-results.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=256',
    ...[bench, '--trials', '1000', '--examples', '20'],
  ]);
  expect(stdout).toMatch(/^2000 cells × 20 examples: \d+ MiB of tables/);
});

test('a number that is not finite leaves what was there, and nothing else', async () => {
  await write({ trials: 1, examples: 2, layers: 1, steps: 1 });
  const before = await readFile(join(out, 'layerwise.csv'), 'utf8');
  async function* broken() {
    for await (const result of madeUpTrials({ trials: 2, examples: 2, layers: 1, steps: 1 })) {
      if (result.trial.seed === 1) result.pairs['alpha']!.values[0] = Number.NaN;
      yield result;
    }
  }
  await expect(writeTrialTables(out, 'made-up', TABLES, broken(), () => {})).rejects.toThrow(
    'column value: NaN',
  );
  expect(await readFile(join(out, 'layerwise.csv'), 'utf8')).toBe(before);
  expect((await readdir(out)).filter(isTemporary)).toEqual([]);
});

test('a file that cannot take its name leaves none of the others half written', async () => {
  await mkdir(join(out, 'examples.csv', 'taken'), { recursive: true });
  await expect(write({ trials: 1, examples: 2, layers: 1, steps: 1 })).rejects.toThrow(
    /EISDIR|ENOTEMPTY|EEXIST/,
  );
  expect((await readdir(out)).filter(isTemporary)).toEqual([]);
});

test('optional tables of an earlier run go, all else stays', async () => {
  await write({ trials: 1, examples: 2, layers: 1, steps: 1 });
  const own = await readdir(out);
  for (const { file, columns } of OPTIONAL_TABLES)
    await writeFile(join(out, file), toCsv({ columns, rows: [] }));
  await writeFile(join(out, 'mine.csv'), '');
  await removeOthers(out, TABLES);
  expect((await readdir(out)).sort()).toEqual([...own, 'mine.csv'].sort());
  // One of the user's, by its columns.
  await writeFile(join(out, 'noise_floor.csv'), 'a,b\n');
  await removeOthers(out, TABLES);
  expect(await readdir(out)).toContain('noise_floor.csv');
});
