import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toCsv } from '../csv.ts';
import { developmentTables } from './development-tables.ts';
import { type MeasuredDevelopment, judgeDevelopment } from './measured-development.ts';
import { readDevelopment } from './read-development.ts';

const answers = (...correct: number[]) => [{ correct }, { correct: correct.toReversed() }, { correct }];
const at = { dataset: 'mr', seed: 1001, learningRate: 0.003, status: 'finished' as const };
const MEASURED: MeasuredDevelopment = judgeDevelopment({
  rates: [
    {
      ...{ dataset: 'mr', method: 'GD', rule: 'published', learningRate: 0.003, publishedRate: 0.003 },
      ...{ target: null, objective: 0.7, standardError: 0.01, points: 1, seeds: 3, examples: 4 },
      note: "the run's own",
    },
    {
      ...{ dataset: 'mr', method: 'LCGD[loss=label]', rule: 'matched-kl', learningRate: null },
      ...{ publishedRate: 0.003, target: 0.5, objective: 0.1, standardError: null, points: 13 },
      ...{ seeds: 3, examples: 4, note: 'not reached: closest at 0.1; at the edge, and beyond' },
    },
  ],
  curves: [
    {
      ...{ ...at, method: 'ZSL', learningRate: null, goldNll: 0.9, accuracy: 0.25, kl: 0, updateNorm: 0 },
      ...{ simaou: null, simamDelta: null },
    },
    {
      ...{ ...at, method: 'GD', goldNll: 0.7, accuracy: 0.75, kl: 0.1, updateNorm: 0.02 },
      ...{ simaou: -0.1, simamDelta: 0.2 },
    },
    {
      ...{ ...at, method: 'GD', learningRate: 3, goldNll: null, accuracy: null, kl: null },
      ...{ updateNorm: null, simaou: null, simamDelta: null, status: 'diverged' },
    },
  ],
  judged: [
    {
      ...{ dataset: 'mr', method: 'GD', rule: 'published', learningRate: 0.003 },
      ...{ zsl: answers(0, 0, 0, 1), icl: answers(1, 1, 1, 1), learner: answers(1, 1, 0, 1) },
    },
    {
      ...{ dataset: 'mr', method: 'LCGD[loss=label,rate=matched-kl]', rule: 'matched-kl' },
      ...{ learningRate: null, zsl: answers(0, 1), icl: answers(1, 1), learner: undefined },
    },
  ],
});

let out: string;
const whole = new Map<string, string>();
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'icl-gd-development-'));
  for (const [file, table] of Object.entries(developmentTables('m', MEASURED))) whole.set(file, toCsv(table));
  await restore();
});
afterAll(() => rm(out, { recursive: true }));

async function restore(): Promise<void> {
  for (const [file, text] of whole) await writeFile(join(out, file), text);
}

test('the gate has the intervals of the summary, which are wider than those of one source of chance alone', () => {
  const [gd, lcgd] = MEASURED.gate;
  expect(gd).toMatchObject({ icl: { mean: 0.75 }, learner: { mean: 0.5 } });
  expect(gd!.icl!.lower).toBeLessThan(0.75);
  expect(gd!.icl!.upper).toBeGreaterThan(0.75);
  expect(lcgd).toMatchObject({ learner: null, outcome: 'not measured' });
});

test('what was measured on development data is read back as it was', async () => {
  expect(await readDevelopment(out)).toEqual(MEASURED);
});

test('a run without development data has none', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'icl-gd-development-'));
  expect(await readDevelopment(empty)).toBeUndefined();
  await rm(empty, { recursive: true });
});

test.each([
  ['rates.csv', 2, 'published', 'bst', 'rule "bst" is none of published, best'],
  ['rates.csv', 2, '0.003', '-1', 'learning_rate -1 is below 0'],
  ['rates.csv', 2, '0.003', '0', 'learning_rate "0" is no learning rate'],
  ['rates.csv', 3, 'LCGD[loss=label],matched-kl', 'GD,published', 'rule is there twice'],
  ['development.csv', 3, '0.75', '1.5', 'accuracy 1.5 is not between 0 and 1'],
  ['development.csv', 3, '-0.1', '-1.1', 'simaou -1.1 is not between -1 and 1'],
  ['development.csv', 4, 'diverged', 'dived', 'status "dived" is none of finished, diverged'],
  ['gate.csv', 3, 'not measured', 'learnt', 'outcome "learnt" is none of learned,'],
])(
  '%s: what does not fit is refused by line and column (%i: %s → %s)',
  async (file, line, old, now, said) => {
    const lines = (whole.get(file) as string).split('\n');
    expect(lines[line - 1]).toContain(old);
    lines[line - 1] = (lines[line - 1] as string).replace(old, now);
    await writeFile(join(out, file), lines.join('\n'));
    await expect(readDevelopment(out)).rejects.toThrow(said);
    await expect(readDevelopment(out)).rejects.toThrow(`${file}, line ${line}: `);
    await restore();
  },
);

test('where one of the three files is gone the folder is refused', async () => {
  await rm(join(out, 'gate.csv'));
  await expect(readDevelopment(out)).rejects.toThrow('gate.csv does not exist');
  await restore();
});
