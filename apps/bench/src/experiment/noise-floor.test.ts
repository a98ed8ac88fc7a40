import { expect, test } from 'vitest';
import { changes } from './noise-floor.ts';
import type { ScoresByMethod } from './noise-floor.ts';

/** One metric of GD: scores by layer, one cosine an example. */
function scores(...layers: (number | null)[][]): ScoresByMethod {
  const perExample = layers.map((layer) =>
    layer.map((value) => (value === null ? { sum: 0, count: 0 } : { sum: value, count: 1 })),
  );
  const values = layers.map((layer) => {
    const defined = layer.filter((value) => value !== null);
    return defined.length === 0 ? null : defined.reduce((a, b) => a + b, 0) / defined.length;
  });
  return new Map([['GD', new Map([['simaou', { values, undefinedCounts: [], perExample }]])]]);
}

const change = (before: ScoresByMethod, after: ScoresByMethod) =>
  changes('summation-order', before, after)[0];

test('changes of the mean, of examples and of layers', () => {
  const own = change(scores([0.1, 0.3], [0.5, 0.7]), scores([0.2, 0.2], [0.5, 0.7]));
  expect(own?.value).toBeCloseTo(0.4, 12);
  expect(own?.perturbed).toBeCloseTo(0.4, 12);
  // The mean stays, single examples move by 0.05 each.
  expect(own?.exampleChange).toBeCloseTo(0.05, 12);
  expect(own?.layerChange).toBeCloseTo(0, 12);
  expect(change(scores([0.1], [0.5]), scores([0.4], [0.4]))?.layerChange).toBeCloseTo(0.3, 12);
});

test('a cosine that is undefined on either side is left out', () => {
  const own = change(scores([0.1, null], [0.5, null]), scores([0.2, 0.9], [null, null]));
  // The first example's mean goes from 0.3 to 0.2; the second has none before.
  expect(own?.exampleChange).toBeCloseTo(0.1, 12);
  expect(own?.value).toBeCloseTo(0.3, 12);
  expect(change(scores([null]), scores([0.2]))).toMatchObject({
    ...{ value: null, perturbed: 0.2, exampleChange: null, layerChange: null },
  });
});

test('a method that diverged under the perturbation has its value alone', () => {
  expect(change(scores([0.1]), new Map())).toMatchObject({
    ...{ value: 0.1, perturbed: null, exampleChange: null, layerChange: null },
  });
});
