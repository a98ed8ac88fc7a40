import { layerMetrics } from '@icl-gd/metrics';
import { expect, test } from 'vitest';
import { toCsv } from './csv.ts';
import { type TrialTable, trialTables } from './rows.ts';
import { TRIAL } from './test-support.ts';

const tableOf = (file: string, taskOptions = 2): TrialTable =>
  trialTables({ taskOptions, releasedNorms: true, noiseFloor: true }).find(
    (table) => table.file === file,
  ) as TrialTable;
const csv = (file: string, trial = TRIAL): string => {
  const { columns, rows } = tableOf(file);
  return toCsv({ columns, rows: rows('m', trial) });
};

test('layerwise.csv: one value a layer, nothing of a diverged method', () => {
  expect(csv('layerwise.csv')).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,metric,layer,value,undefined,defined_share
    m,trained,mr,-,5,0,0.003,simam_zsl,0,0.5,0,1
    m,trained,mr,-,5,0,0.003,simam_zsl,1,0.25,0,1
    m,trained,mr,GD,5,0,0.003,simaou,0,0.125,0,1
    m,trained,mr,GD,5,0,0.003,simaou,1,,4,0
    "
  `);
});

test('summary.csv: layer means over what is defined, accuracies, counts', () => {
  expect(csv('summary.csv')).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,metric,value,defined_share
    m,trained,mr,-,5,0,0.003,simam_zsl,0.375,1
    m,trained,mr,GD,5,0,0.003,simaou,0.125,0.5
    m,trained,mr,-,5,0,0.003,accuracy_zsl,0.5,
    m,trained,mr,-,5,0,0.003,accuracy_icl,0.5,
    m,trained,mr,-,5,0,0.003,demonstrations_in_context,2,
    m,trained,mr,-,5,0,0.003,examples,2,
    m,trained,mr,GD,5,0,0.003,accuracy_ft,1,
    m,trained,mr,GD,5,0,0.003,rec2ftp,1,
    m,trained,mr,LCGD,5,0,0.003,diverged,1,
    "
  `);
});

test('intervals.csv', () => {
  expect(csv('intervals.csv')).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,metric,value,lower_95,upper_95
    m,trained,mr,-,5,0,0.003,simam_zsl,0.375,-0.25,0.5
    m,trained,mr,GD,5,0,0.003,simaou,0.125,-0.25,0.5
    "
  `);
});

test('examples.csv: one value an example, by its row of validation.jsonl, in a column a metric', () => {
  const { columns, rows } = tableOf('examples.csv');
  const ids = layerMetrics.map(({ id }) => id);
  expect(columns.slice(0, -ids.length).join()).toBe(
    'model,variant,dataset,method,seed,permutation,learning_rate,example',
  );
  expect(columns.slice(-ids.length)).toEqual(ids);
  const cells = rows('m', TRIAL).map((row) => {
    const named = columns.map((column, i) => [column, row[i]] as const);
    return named.filter(([, value]) => value !== null).slice(3);
  });
  const trial = [
    ['seed', 5],
    ['permutation', 0],
    ['learning_rate', 0.003],
  ];
  expect(cells).toEqual([
    [['method', '-'], ...trial, ['example', 17], ['simam_zsl', 0.5]],
    [['method', '-'], ...trial, ['example', 4]],
    [['method', 'GD'], ...trial, ['example', 17], ['simaou', 0.125]],
    [['method', 'GD'], ...trial, ['example', 4]],
  ]);
});

test('predictions.csv: rows of validation.jsonl, as many options as the largest task has', () => {
  const { columns, rows } = tableOf('predictions.csv', 3);
  expect(columns.slice(-3)).toEqual(['option_0_logprob', 'option_1_logprob', 'option_2_logprob']);
  expect(
    rows('m', TRIAL)
      .slice(0, 2)
      .map((row) => row.slice(-3)),
  ).toEqual([
    [-1, -2, null],
    [-1.5, -1.75, null],
  ]);
  expect(csv('predictions.csv')).toMatchInlineSnapshot(`
    "model,variant,dataset,seed,permutation,learning_rate,setting,method,example,gold,predicted,option_0_logprob,option_1_logprob
    m,trained,mr,5,0,0.003,ZSL,-,17,0,0,-1,-2
    m,trained,mr,5,0,0.003,ZSL,-,4,1,0,-1.5,-1.75
    m,trained,mr,5,0,0.003,ICL,-,17,0,1,-2,-1
    m,trained,mr,5,0,0.003,ICL,-,4,1,1,-3,-1e-7
    m,trained,mr,5,0,0.003,FT,GD,17,0,0,-0.5,-4
    m,trained,mr,5,0,0.003,FT,GD,4,1,1,-4,-0.5
    "
  `);
});

test('training.csv: every step and layer', () => {
  expect(csv('training.csv')).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,step,layer,gradient_norm,loss
    m,trained,mr,GD,5,0,0.003,0,0,0.1,7
    m,trained,mr,GD,5,0,0.003,0,1,0.2,7
    "
  `);
});

test('training_released.csv: the norms of the other definition', () => {
  const [gd] = TRIAL.methods as [(typeof TRIAL.methods)[number]];
  const training = [1, 2].map((step) => ({
    ...{ gradientNorms: [9, 9], losses: [8, 8], releasedGradientNorms: [step, step / 4] },
  }));
  const record = { ...gd.record, training } as typeof gd.record;
  expect(csv('training_released.csv', { ...TRIAL, methods: [{ ...gd, record }] })).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,step,layer,gradient_norm
    m,trained,mr,GD,5,0,0.003,0,0,1
    m,trained,mr,GD,5,0,0.003,0,1,0.25
    m,trained,mr,GD,5,0,0.003,1,0,2
    m,trained,mr,GD,5,0,0.003,1,1,0.5
    "
  `);
});

test('noise_floor.csv: the score, the perturbed one and what changed', () => {
  const own = { perturbation: 'float16-weights', metric: 'simaou' } as const;
  const noise = [
    { ...own, method: 'GD', value: 0.5, perturbed: 0.25, exampleChange: 0.125, layerChange: 0.75 },
    { ...own, method: '-', value: 0.5, perturbed: null, exampleChange: null, layerChange: null },
    { ...own, method: 'LCGD', value: null, perturbed: 0.5, exampleChange: null, layerChange: 0 },
  ];
  expect(csv('noise_floor.csv', { ...TRIAL, noise })).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,metric,perturbation,value,perturbed,change,example_change,layer_change
    m,trained,mr,GD,5,0,0.003,simaou,float16-weights,0.5,0.25,-0.25,0.125,0.75
    m,trained,mr,-,5,0,0.003,simaou,float16-weights,0.5,,,,
    m,trained,mr,LCGD,5,0,0.003,simaou,float16-weights,,0.5,,,0
    "
  `);
});

test('cells.csv: what became of every cell', () => {
  expect(csv('cells.csv')).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,status,message
    m,trained,mr,GD,5,0,0.003,finished,
    m,trained,mr,LCGD,5,0,0.003,diverged,"its weights grew, to ""much"""
    "
  `);
});

test('a trial whose model overflows has only counts and what became of its cells', () => {
  const { baselines: _none, ...rest } = TRIAL;
  const broken = {
    ...rest,
    methods: TRIAL.methods.map((own) => ({
      ...own,
      record: { status: 'diverged' as const, message: 'overflow' },
    })),
  };
  const rows = trialTables({ taskOptions: 2, releasedNorms: true, noiseFloor: true }).map(
    ({ file, rows: make }) => [file, make('m', broken).length],
  );
  expect(rows.filter(([, count]) => count !== 0)).toEqual([
    ['summary.csv', 4],
    ['cells.csv', 2],
  ]);
});
