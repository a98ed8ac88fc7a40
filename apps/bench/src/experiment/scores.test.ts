import { layerCausalGradientDescent, gradientDescent } from '@icl-gd/methods';
import {
  type LayerScores,
  type ProbeArrays,
  bootstrapLayerMeanInterval,
  type OwnMetric,
  findMetric,
  layerMean,
  layerMetrics,
  metricCatalogue,
} from '@icl-gd/metrics';
import { Pcg64 } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { recordsOf } from './record.ts';
import { pairsAmong, scoreBaseline, scoreLearner, scorePair, toScoreRecords } from './scores.ts';

const SHAPE = { layers: 2, heads: 2, dModel: 3 };

/** Probes of five examples with numbers drawn from the seed. */
function probes(seed: number): ProbeArrays[] {
  const random = new Pcg64(seed);
  const draw = (length: number) => Float32Array.from({ length }, () => random.random() - 0.5);
  return Array.from({ length: 5 }, (_, i) => ({
    attentionOutput: draw(2 * 3),
    attentionScores: draw(2 * 2 * (3 + i)),
  }));
}
const [icl, zsl, ft, other] = [1, 2, 3, 4].map(probes) as [
  ProbeArrays[],
  ProbeArrays[],
  ProbeArrays[],
  ProbeArrays[],
];

/** Ids of the catalogue, which has more as metrics are added. */
const idsOf = (of: 'learner' | 'baseline'): string[] =>
  layerMetrics.filter((metric) => metric.of === of).map(({ id }) => id);

test('each kind of comparison has the metrics of its kind', () => {
  expect(idsOf('learner')).toEqual(expect.arrayContaining(['simaou', 'simaou_norm', 'simam', 'simam_delta']));
  expect(idsOf('baseline')).toEqual(expect.arrayContaining(['simaou_random', 'simam_zsl']));
  expect([...scoreBaseline({ icl, zsl }, SHAPE, 0).keys()]).toEqual(idsOf('baseline'));
  expect([...scoreLearner(gradientDescent, { icl, zsl, ft }, SHAPE).keys()]).toEqual(idsOf('learner'));
  const pair = { first: ft, second: other, zsl };
  expect([...scorePair(['LCGD', 'GD'], pair, SHAPE).keys()]).toContain('alpha');
  expect([...scorePair(['GD', 'LCGD'], pair, SHAPE).keys()]).not.toContain('alpha');
});

test('metrics that do not apply to a learner are left out', () => {
  const learner = { ...layerCausalGradientDescent, inapplicableMetrics: ['simaou', 'simam_delta'] };
  expect([...scoreLearner(learner, { icl, zsl, ft }, SHAPE).keys()]).toEqual(
    idsOf('learner').filter((id) => !learner.inapplicableMetrics.includes(id)),
  );
});

test('a learner that is in-context learning itself is like it in every layer', () => {
  const scores = scoreLearner(gradientDescent, { icl, zsl, ft: icl }, SHAPE);
  for (const metric of ['simaou', 'simaou_norm', 'simam', 'simam_delta'])
    for (const value of scores.get(metric)!.values) expect(value, metric).toBeCloseTo(1, 6);
});

test('the random baseline follows from the seed alone', () => {
  const random = (seed: number) => scoreBaseline({ icl, zsl }, SHAPE, seed).get('simaou_random')?.values;
  expect(random(5)).toEqual(random(5));
  expect(random(5)).not.toEqual(random(6));
  expect(scoreBaseline({ icl, zsl }, SHAPE, 5).get('simam_zsl')).toEqual(
    scoreBaseline({ icl, zsl }, SHAPE, 6).get('simam_zsl'),
  );
});

test('pairs are those of the catalogue of which both are there', () => {
  expect(pairsAmong(['GD', 'LCGD'])).toEqual([['LCGD', 'GD']]);
  expect(pairsAmong(['LCGD', 'Noise'])).toEqual([]);
});

test('a record keeps layers, examples, and the 95 % interval of 1,000 resamples drawn from the seed', () => {
  const scores = scoreLearner(gradientDescent, { icl, zsl, ft }, SHAPE);
  const own = scores.get('simam') as LayerScores;
  const record = toScoreRecords(scores, 6)['simam'];
  const random = new Pcg64((6n << 32n) | 1n);
  expect(record).toEqual({
    values: own.values,
    undefinedCounts: own.undefinedCounts,
    totalCounts: [10, 10],
    examples: own.perExample[0]?.map((_, i) =>
      expect.closeTo(layerMean(own.perExample.map((layer) => layer[i]!.sum / layer[i]!.count)) as number, 12),
    ),
    interval: bootstrapLayerMeanInterval(own.perExample, {
      ...{ resamples: 1000, level: 0.95, random: () => random.random() },
    }),
  });
  expect(record?.interval).not.toEqual(toScoreRecords(scores, 7)['simam']?.interval);
});

test('metrics of one’s own are scored where they belong: of learners, of the baselines, of a pair of whatever learners', () => {
  const as = (like: string, id: string, more: object = {}) =>
    ({ ...findMetric(like), id, ...more }) as OwnMetric;
  const own = metricCatalogue([
    as('simaou', 'own_learner'),
    as('simaou_random', 'own_random'),
    as('alpha', 'own_pair', { learners: ['GD', 'Mine[scale=2]'] }),
  ]);
  const last = (scores: ReadonlyMap<string, LayerScores>) => [...scores].at(-1);
  const learner = scoreLearner(gradientDescent, { icl, zsl, ft }, SHAPE, own);
  expect(last(learner)).toEqual(['own_learner', learner.get('simaou')]);
  const baseline = scoreBaseline({ icl, zsl }, SHAPE, 3, own);
  expect(last(baseline)).toEqual(['own_random', baseline.get('simaou_random')]);
  expect(pairsAmong(['Mine[scale=2]', 'GD'], own)).toEqual([['GD', 'Mine[scale=2]']]);
  expect(pairsAmong(['Mine', 'GD'], own)).toEqual([]);
  const pair = { first: ft, second: other, zsl };
  expect([...scorePair(['GD', 'Mine[scale=2]'], pair, SHAPE, own).keys()]).toEqual(['own_pair']);
});

test('records hold scores of one’s own metrics where the run has them, and no values that these cannot have', () => {
  const own = metricCatalogue([{ ...(findMetric('simaou') as OwnMetric), id: 'mine', range: [0, 5] }]);
  const queries = [{ options: [1] }];
  const record = (value: number) => ({
    ...{ status: 'finished', predictions: [{ predicted: 0, optionLogProbs: [-1] }], training: [] },
    metrics: {
      mine: { values: [value], undefinedCounts: [0], totalCounts: [1], examples: [value], interval: null },
    },
  });
  const fits = (value: number, metrics?: typeof own) =>
    recordsOf(queries, metrics).setting.safeParse(record(value)).success;
  expect([fits(4, own), fits(6, own), fits(4)]).toEqual([true, false, false]);
});
