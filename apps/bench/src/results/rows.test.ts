import { expect, test } from 'vitest';
import type { FinishedGroup } from '../experiment/run.ts';
import { toCsv } from './csv.ts';
import {
  cellTable,
  exampleTable,
  intervalTable,
  layerwiseTable,
  predictionTable,
  summaryTable,
  trainingTable,
} from './rows.ts';
import { GROUP } from './test-support.ts';

test('layerwise.csv: one value a layer, nothing of a diverged method', () => {
  expect(toCsv(layerwiseTable('m', [GROUP]))).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,metric,layer,value,undefined
    m,trained,mr,-,5,0,0.003,simam_zsl,0,0.5,0
    m,trained,mr,-,5,0,0.003,simam_zsl,1,0.25,0
    m,trained,mr,GD,5,0,0.003,simaou,0,0.125,0
    m,trained,mr,GD,5,0,0.003,simaou,1,,4
    "
  `);
});

test('summary.csv: layer means over what is defined, accuracies, counts', () => {
  expect(toCsv(summaryTable('m', [GROUP]))).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,metric,value
    m,trained,mr,-,5,0,0.003,simam_zsl,0.375
    m,trained,mr,GD,5,0,0.003,simaou,0.125
    m,trained,mr,-,5,0,0.003,accuracy_zsl,0.5
    m,trained,mr,-,5,0,0.003,accuracy_icl,0.5
    m,trained,mr,-,5,0,0.003,demonstrations_in_context,2
    m,trained,mr,-,5,0,0.003,examples,2
    m,trained,mr,GD,5,0,0.003,accuracy_ft,1
    m,trained,mr,GD,5,0,0.003,rec2ftp,1
    m,trained,mr,LCGD,5,0,0.003,diverged,1
    "
  `);
});

test('intervals.csv', () => {
  expect(toCsv(intervalTable('m', [GROUP]))).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,metric,value,lower_95,upper_95
    m,trained,mr,-,5,0,0.003,simam_zsl,0.375,-0.25,0.5
    m,trained,mr,GD,5,0,0.003,simaou,0.125,-0.25,0.5
    "
  `);
});

test('examples.csv: one value an example, by its row of validation.jsonl', () => {
  expect(toCsv(exampleTable('m', [GROUP]))).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,example,simaou,simaou_norm,simam,simam_delta,simaou_random,simam_zsl,alpha
    m,trained,mr,-,5,0,0.003,17,,,,,,0.5,
    m,trained,mr,-,5,0,0.003,4,,,,,,,
    m,trained,mr,GD,5,0,0.003,17,0.125,,,,,,
    m,trained,mr,GD,5,0,0.003,4,,,,,,,
    "
  `);
});

test('predictions.csv: rows of validation.jsonl, as many options as the largest task has', () => {
  const three = structuredClone(GROUP) as {
    record: { zeroShot: { predicted: number; optionLogProbs: number[] }[] };
  } & FinishedGroup;
  for (const { optionLogProbs } of three.record.zeroShot) optionLogProbs.push(-9);
  const rows = predictionTable('m', [GROUP, three]).rows.filter(([, , , , setting]) => setting === 'ZSL');
  expect(rows.map((row) => row.slice(-3))).toEqual([
    [-1, -2, null],
    [-1.5, -1.75, null],
    [-1, -2, -9],
    [-1.5, -1.75, -9],
  ]);
  expect(toCsv(predictionTable('m', [GROUP]))).toMatchInlineSnapshot(`
    "model,variant,dataset,seed,setting,method,example,gold,predicted,option_0_logprob,option_1_logprob
    m,trained,mr,5,ZSL,-,17,0,0,-1,-2
    m,trained,mr,5,ZSL,-,4,1,0,-1.5,-1.75
    m,trained,mr,5,ICL,-,17,0,1,-2,-1
    m,trained,mr,5,ICL,-,4,1,1,-3,-1e-7
    m,trained,mr,5,FT,GD,17,0,0,-0.5,-4
    m,trained,mr,5,FT,GD,4,1,1,-4,-0.5
    "
  `);
});

test('training.csv: every step and layer', () => {
  expect(toCsv(trainingTable('m', [GROUP]))).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,step,layer,gradient_norm,loss
    m,trained,mr,GD,5,0,0,0.1,7
    m,trained,mr,GD,5,0,1,0.2,7
    "
  `);
});

test('cells.csv: what became of every cell', () => {
  expect(toCsv(cellTable('m', [GROUP]))).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,status,message
    m,trained,mr,GD,5,0,0.003,finished,
    m,trained,mr,LCGD,5,0,0.003,diverged,"its weights grew, to ""much"""
    "
  `);
});

test('without groups there are only header lines', () => {
  for (const table of [
    layerwiseTable,
    summaryTable,
    intervalTable,
    exampleTable,
    predictionTable,
    trainingTable,
    cellTable,
  ]) {
    expect(toCsv(table('m', [])).split('\n')).toHaveLength(2);
  }
});
