import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NoiseEntry } from '../experiment/record.ts';
import type { TrialResult } from '../experiment/trial-result.ts';
import { madeUpTrials } from '../testing/made-up-trials.ts';
import { toCsv } from './csv.ts';
import { type MeasuredRun, measureNoise, measureTrial } from './measured.ts';
import { type MeasuredOutputs, measureOutputs } from './outputs.ts';
import { matchPaper } from './published/paper-match.ts';
import { measuredRows } from './measured-rows.ts';
import { readRun, readSummary } from './read-run.ts';
import { trialTables } from './rows.ts';
import { TRIAL } from './test-support.ts';
import { summaryTables, writeTrialTables } from './write-results.ts';

const SIZE = { trials: 2, examples: 3, layers: 2, steps: 2 };
const TABLES = trialTables({ taskOptions: 2, releasedNorms: true, noiseFloor: true });

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-read-'))));
afterEach(() => rm(out, { recursive: true }));

async function* noisyTrials(): AsyncGenerator<TrialResult> {
  const noise: NoiseEntry = {
    ...{ method: 'GD', metric: 'simaou', perturbation: 'summation-order' },
    ...{ value: 0.5, perturbed: 0.25, exampleChange: 0.125, layerChange: 0.125 },
  };
  for await (const result of madeUpTrials(SIZE)) yield { ...result, noise: [noise] };
}

async function* oneTrial(result: TrialResult): AsyncGenerator<TrialResult> {
  yield result;
}

async function write(trials: AsyncIterable<TrialResult> = noisyTrials()): Promise<MeasuredRun> {
  const cells: MeasuredRun['cells'][number][] = [];
  const noise: MeasuredRun['noise'][number][] = [];
  const outputs: MeasuredOutputs[] = [];
  await writeTrialTables(out, 'made-up', TABLES, trials, (result) => {
    cells.push(...measureTrial(result));
    noise.push(...measureNoise(result));
    outputs.push(...measureOutputs(result));
  });
  const methods = [...new Set(cells.map(({ method }) => method))].filter((method) => method !== '-');
  const sizes = new Map([['mr', { train: 10, validation: 5, averageTokens: 3.25 }]]);
  const run = {
    model: 'made-up',
    variants: ['trained'],
    methods,
    cells,
    sizes,
    noise,
    outputs,
    paper: matchPaper(undefined),
  };
  await writeFile(join(out, 'table3.csv'), toCsv(summaryTables(run)['table3.csv']!));
  return run;
}

/** Rewrites lines (the header is the first) of a table. */
async function edit(file: string, change: (lines: string[]) => readonly string[]): Promise<void> {
  const lines = (await readFile(join(out, file), 'utf8')).trimEnd().split('\n');
  await writeFile(
    join(out, file),
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

async function put(file: string, line: number, column: string, value: string): Promise<void> {
  await edit(file, (lines) => {
    const at = lines[0]!.split(',').indexOf(column);
    return lines.with(line - 1, lines[line - 1]!.split(',').with(at, value).join(','));
  });
}

test('a trial whose methods have rates of their own is read back as one trial', async () => {
  const { trial, methods, ...rest } = TRIAL;
  const [gd, lcgd] = methods as [TrialResult['methods'][number], TrialResult['methods'][number]];
  const chosen = { ...gd, id: 'GD[rate=best]', learningRate: 0.0125 };
  const written = await write(oneTrial({ ...rest, trial, methods: [gd, chosen, lcgd] }));
  expect(written.cells.map(({ method, learningRate }) => [method, learningRate])).toEqual([
    ['-', 0.003],
    ['GD', 0.003],
    ['GD[rate=best]', 0.0125],
    ['LCGD', 0.003],
  ]);
  expect((await readRun(out)).cells).toEqual(written.cells);
  // The trial counts the examples of all of them.
  await edit('examples.csv', (lines) => lines.filter((line) => !/rate=best.*,4,/.test(line)));
  await expect(readRun(out)).rejects.toThrow('examples.csv has 1 rows of variant trained');
});

test('a method has no number of a metric that does not apply to it, whatever it predicts', () => {
  const [gd] = TRIAL.methods as [TrialResult['methods'][number]];
  const numbersWithout = (inapplicableMetrics: readonly string[]): string[] => {
    const [, own] = measureTrial({ ...TRIAL, methods: [{ ...gd, inapplicableMetrics }], pairs: {} });
    return [...(own?.numbers.keys() ?? [])];
  };
  const all = numbersWithout([]);
  expect(all).toContain('accuracy_ft');
  expect(numbersWithout(['accuracy_ft'])).toEqual(all.filter((metric) => metric !== 'accuracy_ft'));
});

describe('what is read is what was measured', () => {
  test('of a run with everything', async () => {
    const run = await write();
    expect(await readRun(out)).toEqual(run);
  });

  test('of diverged methods, of a model that overflows, and of a method without any metric', async () => {
    const diverged = { status: 'diverged', message: 'grew' } as const;
    const [gd, lcgd] = TRIAL.methods as [TrialResult['methods'][number], TrialResult['methods'][number]];
    const training = [{ gradientNorms: [1], losses: [1] }];
    const none: TrialResult['methods'][number] = {
      id: 'None',
      inapplicableMetrics: ['accuracy_ft', 'rec2ftp'],
      record: { status: 'finished', metrics: {}, predictions: [], training },
    };
    const { baselines: _none, ...overflowing } = { ...TRIAL, trial: { ...TRIAL.trial, seed: 6 } };
    const run = await write(
      (async function* () {
        yield { ...TRIAL, methods: [{ ...gd, record: diverged }, none, { ...gd, id: 'Other' }, lcgd] };
        yield {
          ...overflowing,
          methods: ['GD', 'None', 'Other', 'LCGD'].map((id) => ({ ...lcgd, id })),
        };
      })(),
    );
    expect(run.cells).toHaveLength(10);
    expect(await readRun(out)).toEqual(run);
    expect((await readSummary(out)).methods).toEqual(['GD', 'Other', 'LCGD', 'None']);
  });

  test('in whatever order rows by index come', async () => {
    const run = await write();
    const reversed = ([head = '', ...rows]: readonly string[]) => [head, ...rows.toReversed()];
    for (const file of ['layerwise.csv', 'training.csv', 'training_released.csv']) await edit(file, reversed);
    expect(await readRun(out)).toEqual(run);
  });

  test('before a metric had a column', async () => {
    async function* older() {
      for await (const { pairs: _pairs, ...result } of madeUpTrials(SIZE)) yield { ...result, pairs: {} };
    }
    const run = await write(older());
    await edit('examples.csv', (lines) => lines.map((line) => line.slice(0, line.lastIndexOf(','))));
    expect((await readFile(join(out, 'examples.csv'), 'utf8')).split('\n')[0]).not.toContain('alpha');
    expect(await readRun(out)).toEqual(run);
  });

  test('before there was an outputs.csv', async () => {
    const { outputs, ...run } = await write();
    expect(outputs?.map(({ method }) => method)).toEqual(['ZSL', 'GD', 'LCGD', 'ZSL', 'GD', 'LCGD']);
    await rm(join(out, 'outputs.csv'));
    expect(await readRun(out)).toEqual(run);
  });

  test('before tables said which share is defined', async () => {
    const run = await write();
    await edit('layerwise.csv', (lines) => lines.map((line) => line.slice(0, line.lastIndexOf(','))));
    const read = await readRun(out);
    for (const { scores } of read.cells)
      for (const score of scores.values()) expect(score.definedShares).toBeUndefined();
    const layersOf = ({ cells }: MeasuredRun) =>
      cells.map(({ scores }) => [...scores].map(([metric, { layers }]) => [metric, layers]));
    expect(layersOf(read)).toEqual(layersOf(run));
  });

  test('numbers alone need summary.csv and table3.csv', async () => {
    const run = await write();
    for (const { file } of TABLES) if (file !== 'summary.csv') await rm(join(out, file));
    const { cells, sizes } = await readSummary(out);
    expect(sizes).toEqual(run.sizes);
    expect(cells.map(({ method, numbers }) => [method, numbers])).toEqual(
      run.cells.map(({ method, numbers }) => [method, numbers]),
    );
  });
});

describe('refuses', () => {
  beforeEach(() => write());
  const complaint = async (): Promise<string> => {
    const error: unknown = await readRun(out).then(
      () => 'nothing',
      (own: unknown) => own,
    );
    expect(error).toMatchObject({ name: 'UserError' });
    return (error as Error).message.replace(`${out}/`, '');
  };

  test.each([
    ['summary.csv', 2, 'seed', '', 'seed is empty'],
    ['summary.csv', 2, 'permutation', '0.5', 'permutation "0.5" is not a whole number from 0'],
    ['summary.csv', 3, 'learning_rate', '', 'learning_rate is empty'],
    [
      'summary.csv',
      9,
      'learning_rate',
      '',
      'learning_rate is empty in some rows of LCGD, and a rate in others',
    ],
    ['summary.csv', 3, 'metric', 'simaou_random', 'metric simaou_random is there twice'],
    ['table3.csv', 2, 'train', '', 'train is empty'],
    ['table3.csv', 2, 'validation', '-1', 'validation "-1" is not a whole number'],
    ['table3.csv', 2, 'average_tokens', '-1', 'average_tokens -1 is below 0'],
    ['training.csv', 3, 'layer', '0', 'layer 0 is there twice'],
    ['training.csv', 3, 'layer', '7', 'layer 7, but there is no layer 1'],
    ['training.csv', 2, 'step', '1', 'step "1" is there twice'],
    ['training.csv', 2, 'step', '4000000000', 'step 4000000000 is more than 999999'],
    ['training.csv', 2, 'gradient_norm', '', 'gradient_norm is empty'],
    ['training.csv', 2, 'gradient_norm', '-0.5', 'gradient_norm -0.5 is below 0'],
    ['training.csv', 2, 'method', 'Noise', 'method Noise: summary.csv has no such cell'],
    ['layerwise.csv', 3, 'layer', '0', 'layer 0 is there twice'],
    ['layerwise.csv', 3, 'layer', '2', 'layer 2, but there is no layer 1'],
    ['layerwise.csv', 2, 'layer', '4000000000', 'layer 4000000000 is more than 999999'],
    ['layerwise.csv', 2, 'seed', '9', 'method -: summary.csv has no such cell'],
    ['layerwise.csv', 2, 'defined_share', '1.5', 'defined_share 1.5 is not between 0 and 1'],
    ['examples.csv', 3, 'example', '0', 'example 0 is there twice'],
    ['examples.csv', 3, 'example', '', 'example is empty'],
    ['examples.csv', 2, 'dataset', 'cb', 'method -: summary.csv has no such cell'],
    ['cells.csv', 2, 'seed', '9', 'method GD: summary.csv has no such cell'],
    ['outputs.csv', 2, 'agreement', '1.5', 'agreement 1.5 is not between 0 and 1'],
    ['outputs.csv', 3, 'kappa', 'NaN', 'kappa "NaN" is not a number'],
    ['outputs.csv', 3, 'method', 'Noise', 'method Noise: summary.csv has no such cell'],
    ['outputs.csv', 4, 'method', 'GD', 'method GD is there twice in the same trial'],
    ['outputs.csv', 3, 'rec2ftp_upper_95', '0.5', 'rec2ftp_lower_95 nothing to 0.5 is no interval'],
    ['outputs.csv', 2, 'rec2ftp_examples', '-1', 'rec2ftp_examples -1 is not between 0 and'],
    ['noise_floor.csv', 2, 'value', '1.5', 'value 1.5: simaou lies between -1 and 1'],
    ['noise_floor.csv', 2, 'example_change', '-1', 'example_change -1 is below 0'],
    ['noise_floor.csv', 2, 'method', 'Noise', 'method Noise: summary.csv has no such cell'],
  ])('%s, line %i: %s "%s"', async (file, line, column, value, message) => {
    await put(file, line, column, value);
    // Step 1 has layers 0 and 1 of its own.
    const expected = column === 'step' && value === '1' ? 'layer 0 is there twice' : message;
    const text = await complaint();
    expect(text).toContain(expected);
    expect(text).toMatch(new RegExp(`^${file}, line \\d+: `));
  });

  test.each(['summary.csv', 'layerwise.csv', 'examples.csv', 'training.csv', 'table3.csv'])(
    '%s if it is empty, or lacks a column and has no row',
    async (file) => {
      await writeFile(join(out, file), '');
      expect(await complaint()).toContain(`${file} is empty`);
      await writeFile(join(out, file), 'other\n');
      expect(await complaint()).toContain(`${file} lacks the column `);
    },
  );

  test('a summary without rows', async () => {
    await edit('summary.csv', ([head = '']) => [head]);
    expect(await complaint()).toContain('summary.csv has no rows');
  });

  test('a cell with fewer examples than the summary counts', async () => {
    await edit('examples.csv', (lines) => lines.slice(0, -1));
    expect(await complaint()).toMatch(/^examples.csv has 2 rows of .* method LCGD, seed 1.* they are 3$/);
  });

  test('a step with fewer layers than the others', async () => {
    await edit('training.csv', (lines) => lines.slice(0, -1));
    expect(await complaint()).toMatch(
      /^training.csv: of .* method LCGD, seed 1.*, step 0 has 2 layers and step 1 has 1$/,
    );
  });

  test('the column of a metric that was scored by layer', async () => {
    await edit('examples.csv', (lines) => lines.map((line) => line.slice(0, line.lastIndexOf(','))));
    expect(await complaint()).toContain('examples.csv lacks the column alpha');
  });

  test('tables of an earlier run with other cells', async () => {
    await edit('summary.csv', (lines) => lines.filter((line) => !line.includes(',1,0,0.003,')));
    expect(await complaint()).toContain('summary.csv has no such cell');
  });
});

describe('metrics of the user’s own', () => {
  const OWN = {
    ...{ id: 'mine', label: 'My metric', formula: 'f', source: 'me', range: [0, 1], moreAlike: null },
    ...{ definedWhen: 'always', kind: 'layers', of: 'learner', path: 'mine.ts', digest: 'abc' },
  };
  const describeIt = (changes: object = {}): Promise<void> =>
    writeFile(
      join(out, 'manifest.json'),
      JSON.stringify({
        ...{ model: { name: 'made-up', config: {} }, datasets: { mr: {} }, settings: {} },
        metric_files: { mine: { ...OWN, ...changes } },
      }),
    );

  /** A run with the scores of SimAOU, 0 to 1, under this name as well. */
  async function writeOwn(): Promise<void> {
    await write(
      (async function* () {
        for await (const result of madeUpTrials(SIZE)) {
          const methods = result.methods.map((method) => {
            if (method.record.status !== 'finished') return method;
            const { simaou } = method.record.metrics;
            const halved = { ...simaou!, values: simaou!.values.map((own) => own && Math.abs(own)) };
            return {
              ...method,
              record: { ...method.record, metrics: { ...method.record.metrics, mine: halved } },
            };
          });
          yield { ...result, methods };
        }
      })(),
    );
    await edit('examples.csv', ([head, ...rows]) => [`${head},mine`, ...rows.map((row) => `${row},0.5`)]);
  }

  test('are read by what the manifest says of them, without their file', async () => {
    await writeOwn();
    await describeIt();
    const run = await readRun(out);
    expect(run.metrics?.own.map(({ id, label }) => [id, label])).toEqual([['mine', 'My metric']]);
    expect(measuredRows(run).rows.map(({ label }) => label)).toContain('My metric');
    expect(run.cells.find(({ method }) => method === 'GD')?.scores.get('mine')?.examples[0]).toBe(0.5);
  });

  test('are refused in a folder that does not describe them, and where their values cannot be', async () => {
    await writeOwn();
    await expect(readRun(out)).rejects.toThrow(
      '"mine" is none that this version knows, and none of a metric file that manifest.json describes',
    );
    await describeIt({ range: [2, 3] });
    await expect(readRun(out)).rejects.toThrow('mine lies between 2 and 3');
    await describeIt({ label: 3 });
    await expect(readRun(out)).rejects.toThrow('manifest.json: metric_files.mine.label: ');
    await describeIt({ id: 'simaou' });
    await expect(readRun(out)).rejects.toThrow('manifest.json: metric_files: two metrics are called simaou');
  });
});
