import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AttentionLevel } from '../experiment/training-attention/record.ts';
import type { TrialResult } from '../experiment/trial-result.ts';
import { madeUpTrials } from '../testing/made-up-trials.ts';
import { toCsv } from './csv.ts';
import { type MeasuredRun, measureTrial } from './measured.ts';
import { matchPaper } from './published/paper-match.ts';
import { readRun } from './read-run.ts';
import { trialTables } from './rows.ts';
import { type MeasuredAttention, measureAttention } from './training-attention.ts';
import { summaryTables, writeTrialTables } from './write-results.ts';

const FILE = 'training_attention.csv';
const TABLES = trialTables({
  ...{ taskOptions: 2, releasedNorms: false, noiseFloor: false, trainingAttention: true },
});

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-attention-'))));
afterEach(() => rm(out, { recursive: true }));

const level = (items: number, k: number, seed: number): AttentionLevel => ({
  ...{ items, k },
  layers: [0, 1].map((layer) => ({
    ...{ examples: 3 - layer, kendallTau: layer === 0 ? -0.25 + seed / 10 : null, kendallTauRandom: 0.125 },
    ...(items < k
      ? { topKRecall: null, topKRecallRandom: null }
      : { topKRecall: 0.5, topKRecallRandom: 0.75 }),
  })),
});

async function* trials(): AsyncGenerator<TrialResult> {
  for await (const result of madeUpTrials({ trials: 2, examples: 3, layers: 2, steps: 2 })) {
    const { seed } = result.trial;
    const record = { token: level(80, 100, seed), example: level(8, 5, seed) };
    // LCGD of the second trial diverged, or was left out.
    const ids = seed === 0 ? ['GD', 'LCGD'] : ['GD'];
    yield { ...result, trainingAttention: ids.map((id) => ({ id, record })) };
  }
}

async function write(): Promise<MeasuredAttention[]> {
  const cells: MeasuredRun['cells'][number][] = [];
  const attention: MeasuredAttention[] = [];
  await writeTrialTables(out, 'made-up', TABLES, trials(), (result) => {
    cells.push(...measureTrial(result));
    attention.push(...measureAttention(result));
  });
  const sizes = new Map([['mr', { train: 10, validation: 5, averageTokens: 3.25 }]]);
  const run = { model: 'made-up', variants: ['trained'], methods: ['GD', 'LCGD'], cells, sizes, noise: [] };
  const tables = summaryTables({ ...run, paper: matchPaper(undefined) });
  await writeFile(join(out, 'table3.csv'), toCsv(tables['table3.csv']!));
  return attention;
}

test('the table has a row a learner, level and layer, with nothing where there are fewer items than k', async () => {
  await write();
  const [head, ...rows] = (await readFile(join(out, FILE), 'utf8')).trimEnd().split('\n');
  expect(head).toBe(
    'model,variant,dataset,method,seed,permutation,learning_rate,level,layer,items,k,examples,kendall_tau,kendall_tau_random,top_k_recall,top_k_recall_random,top_k_recall_expected',
  );
  expect(rows).toHaveLength(12);
  expect(rows[0]).toBe('made-up,trained,mr,GD,0,0,0.003,token,0,80,100,3,-0.25,0.125,,,');
  expect(rows[3]).toBe('made-up,trained,mr,GD,0,0,0.003,example,1,8,5,2,,0.125,0.5,0.75,0.625');
});

test('what is read back is what was measured; nothing without the file', async () => {
  const attention = await write();
  expect(attention).toHaveLength(6);
  const run = await readRun(out);
  expect(run.trainingAttention).toEqual(attention);
  await rm(join(out, FILE));
  const { trainingAttention: _, ...rest } = run;
  expect(await readRun(out)).toEqual(rest);
});

test.each([
  [
    'a τ beyond 1',
    (row: string) => row.replace(',0.125,', ',1.125,'),
    'kendall_tau_random 1.125 is not between -1 and 1',
  ],
  [
    'a recall below 0',
    (row: string) => row.replace(',0.5,', ',-0.5,'),
    'top_k_recall -0.5 is not between 0 and 1',
  ],
  [
    'a level that there is not',
    (row: string) => row.replace('example', 'word'),
    'level "word" is none of token, example',
  ],
  [
    'another number of items',
    (row: string) => row.replace(',8,5,', ',9,5,'),
    'items is 9, and 8 in another layer',
  ],
  ['a layer twice', (row: string) => row.replace('example,1', 'example,0'), 'layer 0 is there twice'],
  ['a layer left out', (row: string) => row.replace('example,1', 'example,2'), 'there is no layer 1'],
  [
    'a learner that there is not',
    (row: string) => row.replace(',GD,', ',XGD,'),
    'summary.csv has no such cell',
  ],
])('%s is refused with its line', async (_, change, message) => {
  await write();
  const lines = (await readFile(join(out, FILE), 'utf8')).split('\n');
  lines[4] = change(lines[4]!);
  await writeFile(join(out, FILE), lines.join('\n'));
  await expect(readRun(out)).rejects.toThrow(message);
  await expect(readRun(out)).rejects.toThrow(`${FILE}, line 5`);
});
