import { expect, test } from 'vitest';
import { outcomeOf } from './outcome.ts';

/** Mean log-probabilities of two options that come to these shares, beside others that get the rest. */
const answered = (predicted: number, ...shares: number[]) => ({
  predicted,
  optionLogProbs: shares.map((share) => Math.log(share) - 2),
});

test('likelihood and divergence are of the softmax over the options, in nats', () => {
  const zsl = { predictions: [answered(0, 0.5, 0.5), answered(0, 0.9, 0.1)] };
  const own = { predictions: [answered(1, 0.25, 0.75), answered(0, 0.9, 0.1)], updateNorm: [0.5, 0] };
  const { goldNll, correct, kl, updateNorm } = outcomeOf(own, zsl, [0, 0]);
  expect(goldNll[0]).toBeCloseTo(Math.log(4), 12);
  expect(goldNll[1]).toBeCloseTo(-Math.log(0.9), 12);
  expect(correct).toEqual([0, 1]);
  // From zero-shot's to the setting's, and not the other way round (0.131).
  expect(kl[0]).toBeCloseTo(0.5 * Math.log(2) + 0.5 * Math.log(2 / 3), 12);
  expect(kl[1]).toBe(0);
  expect(updateNorm).toEqual([0.5, 0]);
});

test('log-probabilities far below those that a float64 can be the exponential of give numbers', () => {
  const predictions = [{ predicted: 0, optionLogProbs: [-900, -1000] }];
  const { goldNll, kl } = outcomeOf({ predictions, updateNorm: [0] }, { predictions }, [1]);
  expect(goldNll[0]).toBeCloseTo(100, 9);
  expect(kl).toEqual([0]);
});
