import { type Learner, gradientDescent, layerCausalGradientDescent } from '@icl-gd/methods';
import { UserError } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { runSetting, runSettingId } from '../experiment/setting.ts';
import { toCsv } from '../results/csv.ts';
import { type SweepRow, bestLearningRates, sweepPicture, sweepTable, sweptMethods } from './sweep.ts';

const { objective: _, ...without } = gradientDescent;
const rateless: Learner = { ...without, id: 'Noise' };
const settings = (...learners: Learner[]) => learners.map((learner) => runSetting(learner));

test('a sweep leaves out learners that take no learning rate, and refuses one that is named', () => {
  const all = settings(gradientDescent, rateless, layerCausalGradientDescent);
  expect(sweptMethods(all, false).map(runSettingId)).toEqual(['GD', 'LCGD']);
  expect(() => sweptMethods(all, true)).toThrow(UserError);
  expect(() => sweptMethods(all, true)).toThrow('--methods: Noise takes no learning rate');
  expect(() => sweptMethods(settings(rateless), false)).toThrow('Noise takes no learning rate');
});

test('a rule for a rate is a run’s: there is no development data to follow it on', () => {
  const ruled = [{ ...runSetting(gradientDescent), rate: 'best' as const }];
  expect(() => sweptMethods(ruled, true)).toThrow(
    '--methods: GD[rate=best] has a rule for its learning rate, which `icl-gd run` alone follows: leave rate=best out',
  );
});

/** Accuracies by learning rate of one method, zero-shot at 0.5. */
function rows(
  accuracies: Readonly<Record<string, number | undefined>>,
  more: Partial<SweepRow> = {},
): SweepRow[] {
  return Object.entries(accuracies).map(([rate, fineTuned]) => ({
    ...{ dataset: 'mr', seed: 5, permutation: 1, method: 'GD', examples: 40, zeroShot: 0.5 },
    ...more,
    learningRate: Number(rate),
    fineTuned,
  }));
}

test('the best rate of a dataset has the largest gain over zero-shot, mean over methods and seeds', () => {
  const all = [
    ...rows({ 0.01: 0.6, 0.1: 0.7, 1.5: 0.4 }),
    // Alone, this seed would have 0.01 as its best.
    ...rows({ 0.01: 0.75, 0.1: 0.7, 1.5: 0.4 }, { seed: 6 }),
    ...rows({ 0.01: 0.2, 0.1: 0.3, 1.5: 0.31 }, { dataset: 'cb', zeroShot: 0.3 }),
  ];
  expect(bestLearningRates(all)).toEqual([
    { dataset: 'mr', learningRate: 0.1, gain: expect.closeTo(0.2, 12) },
    { dataset: 'cb', learningRate: 1.5, gain: expect.closeTo(0.01, 12) },
  ]);
});

test('a rate at which any training diverged is out, and a dataset without another rate has none', () => {
  const all = [
    ...rows({ 0.01: 0.6, 0.1: 0.9 }),
    ...rows({ 0.01: 0.6, 0.1: undefined }, { method: 'LCGD' }),
    ...rows({ 0.1: undefined }, { dataset: 'cb' }),
  ];
  expect(bestLearningRates(all)).toMatchObject([{ dataset: 'mr', learningRate: 0.01 }]);
});

test('of rates that are equally good the smallest is the best, in whatever order they come', () => {
  const all = rows({ 1.5: 0.6, 0.1: 0.75, 0.01: 0.75 });
  expect(bestLearningRates(all)).toMatchObject([{ learningRate: 0.01 }]);
  expect(bestLearningRates(all.toReversed())).toMatchObject([{ learningRate: 0.01 }]);
});

test('sweep.csv', () => {
  const table = sweepTable('m', [...rows({ 0.1: 0.75, 1.5: undefined }, { zeroShot: 0.25 })]);
  expect(toCsv(table)).toMatchInlineSnapshot(`
    "model,dataset,seed,permutation,method,learning_rate,examples,accuracy_zsl,accuracy_ft,status
    m,mr,5,1,GD,0.1,40,0.25,0.75,finished
    m,mr,5,1,GD,1.5,40,0.25,,diverged
    "
  `);
});

test('sweep.svg: the mean gain, and a gap where a training diverged', () => {
  const svg = (own: readonly SweepRow[]): string => sweepPicture('m', own);
  const marks = (text: string): string[] =>
    [...text.matchAll(/learning rate: ([^;]+); accuracy − zero-shot accuracy: ([^;]+); name: (\w+)/g)].map(
      ([, rate, gain, name]) => `${name} ${rate}: ${gain}`,
    );
  const both = svg([
    ...rows({ 0.1: 0.75, 1.5: 0.5 }),
    ...rows({ 0.1: 0.5, 1.5: 0.25 }, { seed: 6 }),
    ...rows({ 0.1: 0.5, 1.5: undefined }, { method: 'LCGD' }),
    ...rows({ 0.1: 0.5, 1.5: 0.5 }, { method: 'LCGD', seed: 6 }),
  ]);
  expect([...new Set(marks(both))].toSorted()).toEqual(['GD 0.1: 0.125', 'GD 1.5: −0.125', 'LCGD 0.1: 0']);
});
