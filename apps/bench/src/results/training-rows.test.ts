import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MeasuredTraining } from '../experiment/training/read-training.ts';
import type { TrialResult } from '../experiment/trial-result.ts';
import { madeUpTrials } from '../testing/made-up-trials.ts';
import { toCsv } from './csv.ts';
import { type MeasuredRun, measureTrial } from './measured.ts';
import { matchPaper } from './published/paper-match.ts';
import { readRun } from './read-run.ts';
import { trialTables } from './rows.ts';
import { TRIAL } from './test-support.ts';
import { type TrainingRows, trainingRows, withTraining } from './training-rows.ts';
import { gradientNorms, precision, weights } from './training-tables.ts';
import { summaryTables, writeTrialTables } from './write-results.ts';

const TRAINING: MeasuredTraining = {
  pairs: [{ ids: ['GD', 'LCGD'], values: [0.5, null] }],
  precision: new Map([
    [
      'GD',
      [
        { changed: 0.25, cosine: 0.75, cosineOfRounded: 0.875, relativeSize: 0.125 },
        { changed: 0, cosine: null, cosineOfRounded: null, relativeSize: 0 },
      ],
    ],
  ]),
  gradientNorms: new Map([
    [
      'GD',
      [
        {
          step: 0,
          variants: [
            { parameters: 'all', reduction: 'sum', gradients: 'accumulated', norms: [4, 2] },
            { parameters: 'key_bias', reduction: 'mean', gradients: 'reset', norms: [0, 1e-9] },
          ],
        },
        {
          step: 7,
          variants: [{ parameters: 'kv', reduction: 'mean', gradients: 'reset', norms: [3, 1] }],
        },
      ],
    ],
  ]),
};

describe('tables', () => {
  const csv = ({ columns, rows }: typeof weights, trial: TrialResult = { ...TRIAL, training: TRAINING }) =>
    toCsv({ columns, rows: rows('m', trial) });

  test('weights.csv: a pair of learners, a layer; empty where one of them changes nothing', () => {
    expect(csv(weights)).toMatchInlineSnapshot(`
      "model,variant,dataset,seed,permutation,method_a,method_b,learning_rate_a,learning_rate_b,layer,value
      m,trained,mr,5,0,GD,LCGD,0.003,0.003,0,0.5
      m,trained,mr,5,0,GD,LCGD,0.003,0.003,1,
      "
    `);
  });

  test('precision.csv: a learner, a layer', () => {
    expect(csv(precision)).toMatchInlineSnapshot(`
      "model,variant,dataset,method,seed,permutation,learning_rate,layer,changed_share,cosine,cosine_of_rounded,relative_size
      m,trained,mr,GD,5,0,0.003,0,0.25,0.75,0.875,0.125
      m,trained,mr,GD,5,0,0.003,1,0,,,0
      "
    `);
  });

  test('gradient_norms.csv: a step, a definition, a layer', () => {
    expect(csv(gradientNorms)).toMatchInlineSnapshot(`
      "model,variant,dataset,method,seed,permutation,learning_rate,step,layer,parameters,reduction,gradients,value
      m,trained,mr,GD,5,0,0.003,0,0,all,sum,accumulated,4
      m,trained,mr,GD,5,0,0.003,0,1,all,sum,accumulated,2
      m,trained,mr,GD,5,0,0.003,0,0,key_bias,mean,reset,0
      m,trained,mr,GD,5,0,0.003,0,1,key_bias,mean,reset,1e-9
      m,trained,mr,GD,5,0,0.003,7,0,kv,mean,reset,3
      m,trained,mr,GD,5,0,0.003,7,1,kv,mean,reset,1
      "
    `);
  });

  test('a trial of which nothing of the kind was measured has no rows', () => {
    for (const { rows } of [weights, precision, gradientNorms]) expect(rows('m', TRIAL)).toEqual([]);
    expect(withTraining([trainingRows(TRIAL)])).toEqual({});
  });
});

describe('read back', () => {
  let out: string;
  let run: MeasuredRun;
  beforeEach(async () => {
    out = await mkdtemp(join(tmpdir(), 'icl-gd-rows-'));
    run = await write();
  });
  afterEach(() => rm(out, { recursive: true }));

  async function write(): Promise<MeasuredRun> {
    const cells: MeasuredRun['cells'][number][] = [];
    const rows: TrainingRows[] = [];
    const tables = trialTables({
      ...{ taskOptions: 2, releasedNorms: false, noiseFloor: false },
      ...{ weightChanges: true, gradientNorms: true },
    });
    const trials = (async function* () {
      for await (const result of madeUpTrials({ trials: 2, examples: 2, layers: 2, steps: 1 }))
        yield { ...result, training: TRAINING };
    })();
    await writeTrialTables(out, 'made-up', tables, trials, (result) => {
      cells.push(...measureTrial(result));
      rows.push(trainingRows(result));
    });
    const sizes = new Map([['mr', { train: 10, validation: 5, averageTokens: 3.25 }]]);
    const measured = {
      ...{ model: 'made-up', variants: ['trained'], methods: ['GD', 'LCGD'], cells, sizes, noise: [] },
      ...withTraining(rows),
      paper: matchPaper(undefined),
    };
    await writeFile(join(out, 'table3.csv'), toCsv(summaryTables(measured)['table3.csv']!));
    return measured;
  }

  test('what is read is what was measured, of every trial', async () => {
    const { training } = await readRun(out);
    expect(training).toEqual(run.training);
    expect(training?.weights).toHaveLength(2 * 2);
    expect(training?.precision[0]).toMatchObject({ method: 'GD', layer: 0, changed: 0.25, cosine: 0.75 });
    expect(training?.gradientNorms.at(-1)).toMatchObject({ step: 7, parameters: 'kv', value: 1 });
  });

  test('a run without the files has none of it', async () => {
    for (const { file } of [weights, precision, gradientNorms]) await rm(join(out, file));
    expect(await readRun(out)).not.toHaveProperty('training');
  });

  test.each([
    ['weights.csv', 'value', '1.5', 'value 1.5 is not between -1 and 1'],
    ['weights.csv', 'layer', '1', 'layer 1 is there twice'],
    ['weights.csv', 'layer', '5', 'layer 5, but there is no layer 0'],
    ['weights.csv', 'method_b', 'Noise', 'method_b Noise: summary.csv has no such cell'],
    ['weights.csv', 'learning_rate_a', '7', 'method_a GD: summary.csv has no such cell'],
    ['precision.csv', 'changed_share', '-0.5', 'changed_share -0.5 is not between 0 and 1'],
    ['precision.csv', 'cosine', '-2', 'cosine -2 is not between -1 and 1'],
    ['precision.csv', 'cosine_of_rounded', 'x', 'cosine_of_rounded "x" is not a number'],
    ['precision.csv', 'relative_size', '-1', 'relative_size -1 is below 0'],
    ['precision.csv', 'method', 'Noise', 'method Noise: summary.csv has no such cell'],
    ['gradient_norms.csv', 'value', '', 'value is empty'],
    ['gradient_norms.csv', 'value', '-1', 'value -1 is below 0'],
    ['gradient_norms.csv', 'parameters', 'q', 'parameters "q" is none of all, kv, key_bias'],
    ['gradient_norms.csv', 'reduction', '', 'reduction "" is none of sum, mean'],
    ['gradient_norms.csv', 'gradients', 'kept', 'gradients "kept" is none of accumulated, reset'],
    ['gradient_norms.csv', 'step', '1', 'layer 1, but there is no layer 0'],
  ])('%s with the %s "%s" is refused by line', async (file, column, value, message) => {
    const path = join(out, file);
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const at = lines[0]!.split(',').indexOf(column);
    // The first row: of layer 0.
    lines[1] = lines[1]!.split(',').with(at, value).join(',');
    await writeFile(path, `${lines.join('\n')}\n`);
    const failure: unknown = await readRun(out).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'UserError', message: expect.stringContaining(message) });
    expect((failure as Error).message).toMatch(new RegExp(`${file}, line \\d+: `));
  });
});
