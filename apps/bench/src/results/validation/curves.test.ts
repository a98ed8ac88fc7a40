import { describe, expect, test } from 'vitest';
import { toCsv } from '../csv.ts';
import { compareCurves, curveTable } from './compare-curves.ts';
import { findCurve, gradientNormCurves, measuredCurves, publishedCurves } from './curves.ts';
import { measuredCell } from './test-support.ts';

const KEY = { metric: 'simaou_norm', variant: 'trained', method: 'GD', dataset: 'mr' };

const cell = (values: readonly (number | null)[], seed = 5) =>
  measuredCell({ ...KEY, seed, layers: { [KEY.metric]: values } });
const published = publishedCurves();
const paper = findCurve(published, KEY)?.means as number[];
const compare = (values: readonly (number | null)[]) =>
  compareCurves(published, measuredCurves([cell(values)])).find(
    ({ metric, variant, method, dataset }) =>
      [metric, variant, method, dataset].join() === Object.values(KEY).join(),
  );

test('the published curves: 24 layers, three seeds, two metrics', () => {
  expect(published).toHaveLength(6 * 2 * 2 + 5 * 2 * 2);
  for (const { means, seeds } of published) expect([means.length, seeds]).toEqual([24, 3]);
});

describe('a measured curve', () => {
  test('equal to the published one', () => {
    const same = compare(paper);
    expect(same?.correlation).toBeCloseTo(1, 12);
    expect(same).toMatchObject({ comparedLayers: 24, meanAbsoluteDifference: 0, note: '' });
  });

  test('scaled and shifted keeps its correlation', () => {
    const moved = compare(paper.map((value) => 0.5 - 2 * value));
    expect(moved?.correlation).toBeCloseTo(-1, 12);
    expect(moved?.meanAbsoluteDifference).toBeGreaterThan(0.1);
  });

  test('with undefined layers is compared over the others', () => {
    const holes = compare(paper.map((value, layer) => (layer % 2 ? value : null)));
    expect(holes).toMatchObject({ comparedLayers: 12, meanAbsoluteDifference: 0, note: '' });
    expect(holes?.correlation).toBeCloseTo(1, 12);
  });

  test('undefined everywhere has no correlation', () => {
    expect(compare(paper.map(() => null))).toMatchObject({
      ...{ comparedLayers: 0, correlation: null, meanAbsoluteDifference: null },
      note: expect.stringContaining('undefined'),
    });
  });

  test('of another number of layers is not compared, and that is said', () => {
    expect(compare([0.1, 0.2, 0.3])).toMatchObject({
      ...{ comparedLayers: 0, correlation: null, meanAbsoluteDifference: null, measuredLayers: 3 },
      note: "3 layers here, 24 in the paper's model: not comparable layer by layer",
    });
  });

  test('that is missing is not measured', () => {
    const [first] = compareCurves(published, []);
    expect(first).toMatchObject({ measuredLayers: 0, correlation: null, note: 'not measured' });
  });
});

test('curves are means over seeds, of what is defined', () => {
  const [curve] = measuredCurves([cell([0.1, null, 0.4], 5), cell([0.3, null, null], 6)]);
  expect(curve).toMatchObject({ means: [0.2, null, 0.4], seeds: 2 });
  expect(curve?.deviations[0]).toBeCloseTo(Math.SQRT2 * 0.1, 12);
  expect(curve?.deviations.slice(1)).toEqual([null, null]);
});

test('validation_layers.csv', () => {
  const own = {
    ...KEY,
    ...{ publishedLayers: 24, measuredLayers: 23, seeds: 3, comparedLayers: 22 },
    ...{ correlation: 0.5, meanAbsoluteDifference: 0.25, note: 'why' },
  };
  expect(toCsv(curveTable([own]))).toMatchInlineSnapshot(`
    "variant,dataset,method,metric,published_layers,measured_layers,compared_layers,correlation,mean_absolute_difference,seeds,note
    trained,mr,GD,simaou_norm,24,23,22,0.5,0.25,3,why
    "
  `);
});

test('a difference between curves counts whichever is larger', () => {
  const apart = compare(paper.map((value, layer) => value + (layer % 2 ? 0.125 : -0.125)));
  expect(apart?.meanAbsoluteDifference).toBeCloseTo(0.125, 12);
});

test('gradient norms of each definition, layer by layer', () => {
  const own = measuredCell({
    ...{ method: 'GD', dataset: 'mr' },
    gradientNorms: [
      [1, 10],
      [3, 30],
    ],
    releasedGradientNorms: [
      [5, 50],
      [7, 70],
    ],
  });
  expect(gradientNormCurves([own], 'kv')[0]?.means).toEqual([2, 20]);
  expect(gradientNormCurves([own], 'released')[0]?.means).toEqual([6, 60]);
});

test('curves of other variants, methods and datasets stay apart, and a permutation is a seed of its own', () => {
  const layers = { simaou: [0.5] };
  const found = measuredCurves([
    measuredCell({ method: 'GD', dataset: 'mr', layers }),
    measuredCell({ method: 'GD', dataset: 'mr', layers, variant: 'untrained' }),
    measuredCell({ method: 'LCGD', dataset: 'mr', layers }),
    measuredCell({ method: 'GD', dataset: 'cb', layers }),
    { ...measuredCell({ method: 'GD', dataset: 'mr', layers: { simaou: [1] } }), permutation: 1 },
  ]);
  expect(
    found.map(({ variant, method, dataset, means, seeds }) => [variant, method, dataset, means, seeds]),
  ).toEqual([
    ['trained', 'GD', 'mr', [0.75], 2],
    ['untrained', 'GD', 'mr', [0.5], 1],
    ['trained', 'LCGD', 'mr', [0.5], 1],
    ['trained', 'GD', 'cb', [0.5], 1],
  ]);
});

test('gradient norms are means over steps, then over seeds', () => {
  const steps = (seed: number, norms: readonly number[]) =>
    measuredCell({ method: 'GD', dataset: 'mr', seed, gradientNorms: norms.map((norm) => [norm]) });
  const [curve] = gradientNormCurves([steps(5, [1, 3]), steps(6, [6])], 'kv');
  expect(curve).toMatchObject({ metric: 'gradient_norm', means: [4], seeds: 2 });
});
