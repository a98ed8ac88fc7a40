import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gradientDescent, layerCausalGradientDescent } from '@icl-gd/methods';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FinishedRun } from '../experiment/run.ts';
import { runSetting } from '../experiment/setting.ts';
import { findTask } from '../tasks/tasks.ts';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { readRun } from './read-run.ts';
import { changedTables } from './table-digests.ts';
import { TRIAL } from './test-support.ts';
import { writeResults } from './write-results.ts';

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-write-'))));
afterEach(() => rm(out, { recursive: true }));

const PREPARED: PreparedRun = {
  ...{ dataset: 'mr', seed: 5, permutation: 1, longestItem: 9, queries: [], gold: [] },
  ...{ trainRows: [7, 3, 9], fineTuningRows: [3, 9, 7], validationRows: [17, 4] },
  ...{ demonstrations: [{ tokens: [1] }], fineTuningDemonstrations: [{ tokens: [2] }] },
  context: { tokens: [0, 8, 8], demonstrations: 2 },
};
const SETTINGS: FinishedRun['settings'] = {
  datasets: [findTask('mr'), findTask('sst5')],
  methods: [gradientDescent, layerCausalGradientDescent].map((learner) => runSetting(learner)),
  ...{ controls: [], variants: ['trained'], examples: 2, probe: 'label', dtype: 'float32' },
  ...{ releasedNorms: false, noiseFloor: false, initSeed: 3 },
};

const finishedRun = (settings: Partial<FinishedRun['settings']> = {}) =>
  ({
    inputs: {
      model: { name: 'tiny', directory: 'models/tiny', parameterCount: 1234, config: { layers: 2 } },
      modelDigests: [{ file: 'model.safetensors', sha256: 'aa' }],
      statistics: new Map([
        ['mr', { train: 10, validation: 5, averageTokens: 3.5, sha256: { train: 'b', validation: 'c' } }],
      ]),
    },
    ...{ prepared: [PREPARED], variants: ['trained'] },
    hub: undefined,
    settings: { ...SETTINGS, ...settings },
    adapter: { description: 'fake' },
    foreignLearners: new Map(),
    complete: false,
    async *trials() {
      yield TRIAL;
    },
  }) as unknown as FinishedRun;

const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(out, file), 'utf8'));

test('the prompts: rows in the order of the context and of fine-tuning, and what the context holds', async () => {
  await writeResults(out, finishedRun());
  expect(await json('prompts.json')).toEqual([
    {
      ...{ dataset: 'mr', seed: 5, permutation: 1, validation_rows: [17, 4] },
      ...{ train_rows: [7, 3, 9], fine_tuning_rows: [3, 9, 7] },
      ...{ demonstrations_in_context: 2, context_tokens: [0, 8, 8] },
    },
  ]);
});

test('the manifest: what was run on what, with what became of every cell', async () => {
  await writeResults(out, finishedRun());
  expect(await json('manifest.json')).toMatchObject({
    adapter: { description: 'fake' },
    model: {
      ...{ name: 'tiny', parameters: 1234, config: { layers: 2 } },
      files: [{ file: 'model.safetensors', sha256: 'aa' }],
    },
    datasets: {
      mr: { train: 10, validation: 5, averageTokens: 3.5, sha256: { train: 'b', validation: 'c' } },
    },
    settings: { datasets: ['mr', 'sst5'], methods: ['GD', 'LCGD'], initSeed: 3, probe: 'label' },
    prompts: {
      mr: { template: findTask('mr').template, label_words: ['Negative', 'Positive'] },
      sst5: { label_words: findTask('sst5').labelWords },
    },
    cells: [
      { dataset: 'mr', seed: 5, learningRate: 0.003, method: 'GD', status: 'finished' },
      { dataset: 'mr', seed: 5, learningRate: 0.003, method: 'LCGD', status: 'diverged' },
    ],
  });
});

test('predictions.csv has columns for the options of the largest task', async () => {
  await writeResults(out, finishedRun());
  const [head] = (await readFile(join(out, 'predictions.csv'), 'utf8')).split('\n');
  expect(head?.split(',').filter((name) => name.startsWith('option_'))).toHaveLength(5);
});

test('a run that was stopped while it wrote its tables is told from a finished one, and its summary goes', async () => {
  expect(await changedTables(out)).toEqual([]);
  await writeResults(out, finishedRun());
  expect(await changedTables(out)).toEqual([]);
  const manifest = await readFile(join(out, 'manifest.json'), 'utf8');
  const tables = Object.keys((JSON.parse(manifest) as { tables: object }).tables);
  expect(tables).toEqual(expect.arrayContaining(['summary.csv', 'layerwise.csv', 'table3.csv']));
  const run = finishedRun();
  const [trial] = [TRIAL.trial];
  const other = {
    ...run,
    trials: async function* () {
      yield { ...TRIAL, trial: { ...trial, seed: 6 } };
    },
  } as FinishedRun;
  await writeResults(out, other);
  // As a run leaves it that is killed before its last file, and before it removed the summary of the numbers before.
  await writeFile(join(out, 'manifest.json'), manifest);
  await writeFile(join(out, 'summary.md'), '# tiny: measured\n');
  expect(await changedTables(out)).toEqual(expect.arrayContaining(['summary.csv', 'layerwise.csv']));
  expect(await changedTables(out)).not.toContain('table3.csv');
  await writeResults(out, other);
  expect(await changedTables(out)).toEqual([]);
  expect(await readdir(out)).not.toContain('summary.md');
});

test('optional tables are there if they were asked for, and not of an earlier run', async () => {
  const optional = ['noise_floor.csv', 'training_released.csv'];
  const there = async (): Promise<string[]> =>
    (await readdir(out)).filter((file) => optional.includes(file)).toSorted();
  await writeResults(out, finishedRun({ noiseFloor: true, releasedNorms: true }));
  expect(await there()).toEqual(optional);
  await writeFile(join(out, 'mine.csv'), '');
  await writeResults(out, finishedRun());
  expect(await there()).toEqual([]);
  expect(await readdir(out)).toContain('mine.csv');
});

test('the tables of the paper are made of what was measured, which is returned', async () => {
  const measured = await writeResults(out, finishedRun());
  expect(measured.cells.map(({ method }) => method)).toEqual(['-', 'GD', 'LCGD']);
  expect(measured).toMatchObject({ model: 'tiny', variants: ['trained'], methods: ['GD', 'LCGD'] });
  const rows = async (file: string): Promise<string[]> =>
    (await readFile(join(out, file), 'utf8')).split('\n').filter((line) => line.startsWith('simaou,'));
  expect(await rows('table1.csv')).toEqual(['simaou,trained,,,,,0.125,,,,,']);
  expect(await rows('table2.csv')).toEqual(['simaou,GD,,,,,0.125,,,,,,,,', 'simaou,LCGD,,,,,,,,,,,,,']);
  expect(await readFile(join(out, 'table3.csv'), 'utf8')).toContain('mr,10,5,3.5\n');
});

describe('published figures stand', () => {
  const ofPaper = (): FinishedRun => {
    const run = finishedRun();
    const hub = { id: 'rotten_tomatoes', revision: 'main', commit: 'c' };
    const mr = { ...run.inputs.statistics.get('mr')!, hub };
    return {
      ...{ ...run, inputs: { ...run.inputs, statistics: new Map([['mr', mr]]) } },
      hub: { id: 'KoboldAI/fairseq-dense-1.3B', revision: 'main', commit: 'c' },
    };
  };

  test("beside numbers of the paper's model and data, in comparison.csv", async () => {
    const measured = await writeResults(out, ofPaper());
    expect([...measured.paper.datasets]).toEqual(['mr']);
    expect(await readFile(join(out, 'comparison.csv'), 'utf8')).toContain(
      '2,simaou,trained,GD,mr,0.17,0.03,0.125,,',
    );
  });

  test('beside no others; comparison.csv of an earlier run goes, a file of the user stays', async () => {
    await writeResults(out, ofPaper());
    const measured = await writeResults(out, finishedRun());
    expect(measured.paper.notice).toContain("the model is not the paper's (fairseq dense 1.3B)");
    expect(await readdir(out)).not.toContain('comparison.csv');
    await writeFile(join(out, 'comparison.csv'), 'my own,comparison\n');
    await writeResults(out, finishedRun());
    expect(await readFile(join(out, 'comparison.csv'), 'utf8')).toBe('my own,comparison\n');
  });
});

test('a summary of other numbers goes, with its figures; one of the same numbers and files of the user stay', async () => {
  await writeResults(out, finishedRun());
  const { validate, writeValidation } = await import('./validation/validate.ts');
  const validation = validate(await readRun(out));
  await writeValidation(out, validation);
  await writeFile(join(out, 'figures', 'figure3-mine.svg'), '<svg/>');
  await writeFile(join(out, 'figures', 'mine.svg'), '<svg class="marks"/>');
  const files = async (): Promise<string[]> => (await readdir(out, { recursive: true })).toSorted();
  const before = await files();
  expect(before).toEqual(expect.arrayContaining(['summary.html', 'summary.md', 'validation_claims.csv']));
  expect(before).toContain('figures/figure4-kv-mr.svg');
  await writeResults(out, finishedRun());
  expect(await files()).toEqual(before);

  const [trial] = [TRIAL.trial];
  const other = {
    ...finishedRun(),
    trials: async function* () {
      yield { ...TRIAL, trial: { ...trial, seed: 6 } };
    },
  };
  await writeResults(out, other as FinishedRun);
  const after = await files();
  expect(before.filter((file) => !after.includes(file))).toEqual([
    ...['behaviour.csv', 'figures/figure4-kv-mr.svg', 'figures/ladder.svg', 'ladder.csv'],
    ...['summary.html', 'summary.md', 'validation_claims.csv'],
  ]);
  expect(after).toEqual(expect.arrayContaining(['figures/figure3-mine.svg', 'figures/mine.svg']));
  for (const mine of ['figure3-mine.svg', 'mine.svg']) await rm(join(out, 'figures', mine));
  await writeValidation(out, validation);
  await writeResults(out, finishedRun());
  // Nothing of the user's is in it any more.
  expect(await files()).not.toContain('figures');

  await writeFile(join(out, 'summary.md'), '# My own notes\n');
  await writeResults(out, finishedRun());
  expect(await readFile(join(out, 'summary.md'), 'utf8')).toBe('# My own notes\n');
});
