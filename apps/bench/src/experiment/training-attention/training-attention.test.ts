import { gradientDescent, inContext, layerCausalGradientDescent, zeroShot } from '@icl-gd/methods';
import { expect, test } from 'vitest';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { AgreementMeans, randomAgreement } from './agreement.ts';
import { contextOrder } from './measure.ts';
import { runSetting } from '../setting.ts';
import { leftOutOfTrainingAttention, requireTrainingAttention, trainedPlaces } from './places.ts';

const GD = runSetting(gradientDescent);

/** Demonstrations by rows: those of an even and the next odd row have the same tokens. */
function prepared(
  trainRows: readonly number[],
  fineTuningRows: readonly number[],
  inItsContext: number,
): PreparedRun {
  const demonstration = (row: number) => ({ tokens: [row >> 1, 7, 7].slice(0, 2 + ((row >> 1) % 2)) });
  return {
    ...{ trainRows, fineTuningRows },
    demonstrations: trainRows.map(demonstration),
    fineTuningDemonstrations: fineTuningRows.map(demonstration),
    context: { demonstrations: inItsContext, tokens: [] },
  } as unknown as PreparedRun;
}

test("the context's demonstrations are found in training by their rows, in whatever order that is", () => {
  expect(trainedPlaces(GD, prepared([4, 2, 8, 6], [8, 6, 4, 2], 3))).toEqual([2, 3, 0]);
  // Of the same tokens, and yet told apart.
  expect(trainedPlaces(GD, prepared([4, 5, 2], [5, 2, 4], 3))).toEqual([2, 0, 1]);
  expect(trainedPlaces(GD, prepared([4, 2], [4, 8], 2))).toHaveProperty('leftOut');
  expect(trainedPlaces(GD, prepared([4, 4], [4, 8], 2))).toHaveProperty('leftOut');
  expect(trainedPlaces(GD, prepared([4], [4], 0))).toHaveProperty('leftOut');
});

test('scores in the order of training are put into that of the context', () => {
  // Demonstrations of 2, 3 and 1 tokens, trained in the order 2, 0, 1 with one in between that is not kept.
  expect(contextOrder([1, 5, 0], [2, 3, 1])).toEqual([1, 2, 3, 4, 5, 0]);
});

test('the agreement of scores with themselves is whole, and of their opposites none; what overflows counts nowhere', () => {
  const own = Float32Array.from([3, 1, 2, 0, 4, 4, 4, 4]);
  const means = new AgreementMeans(2, [2, 2]);
  means.add(own, own);
  means.add(
    own,
    own.map((value) => -value),
  );
  means.add(own, Float32Array.from([1, 2, 3, NaN, 0, 1, 2, 3]));
  const { token, example } = means.toRecord(means);
  expect(token).toMatchObject({ items: 4, k: 100 });
  expect(example).toMatchObject({ items: 2, k: 5 });
  expect(token.layers[0]).toMatchObject({ examples: 2, kendallTau: 0, topKRecall: null });
  expect(token.layers[1]).toMatchObject({ examples: 0, kendallTau: null });
  // All ICL scores of the second layer are tied over tokens, and so over demonstrations.
  expect(example.layers.map(({ examples }) => examples)).toEqual([2, 0]);
});

test('random scores agree by chance: τ about 0, k of T tokens; the longer demonstration is ahead in both', () => {
  const lengths = [10, 40, 70, 100, 130, 160];
  const tokens = 510;
  const examples = 40;
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const inContexts = Array.from({ length: examples }, () => Float32Array.from({ length: tokens }, next));
  const random = randomAgreement(inContexts, { layers: 1, lengths, seed: 5 });
  const { token, example } = random.toRecord(random);
  const [own, ofDemonstrations] = [token.layers[0]!, example.layers[0]!];
  // Standard deviation of a τ of n independent items, and of a mean of them.
  const deviation = Math.sqrt((2 * (2 * tokens + 5)) / (9 * tokens * (tokens - 1)) / examples);
  expect(Math.abs(own.kendallTau!)).toBeLessThan(4 * deviation);
  expect(Math.abs(own.topKRecall! - 100 / tokens)).toBeLessThan(4 * Math.sqrt((0.2 * 0.8) / 100 / examples));
  expect(ofDemonstrations.kendallTau).toBeGreaterThan(0.9);
  const again = randomAgreement(inContexts, { layers: 1, lengths, seed: 5 });
  expect(again.toRecord(again)).toEqual(random.toRecord(random));
  const other = randomAgreement(inContexts, { layers: 1, lengths, seed: 6 });
  expect(other.toRecord(other)).not.toEqual(random.toRecord(random));
});

test('what cannot be measured is said by name', () => {
  const full = runSetting(gradientDescent, { batch: 'full' });
  const own = runSetting({ ...zeroShot, id: 'Mine', role: 'learner' });
  const settings = [GD, runSetting(layerCausalGradientDescent)];
  expect(leftOutOfTrainingAttention([...settings, own], prepared([2], [2], 1))).toEqual([
    'training attention is not measured of Mine: it does not take one step a demonstration',
  ]);
  expect(leftOutOfTrainingAttention(settings, prepared([2], [4], 1))).toEqual(
    ['GD', 'LCGD'].map(
      (id) =>
        `training attention is not measured of ${id}: it trains on other demonstrations than those in the context`,
    ),
  );
  expect(() => requireTrainingAttention([GD, own])).not.toThrow();
  expect(() => requireTrainingAttention([own, full, runSetting(inContext)])).toThrow(
    'none of --methods does (Mine, GD[batch=full])',
  );
});
