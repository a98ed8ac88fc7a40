import { describe, expect, it } from 'vitest';
import {
  alpha,
  builtInMetrics,
  commonMode,
  exampleRange,
  findMetric,
  layerMean,
  layerMetrics,
  metricCatalogue,
  metrics,
  predictionMetrics,
  simAM,
  simAMDelta,
  simAMZeroShot,
  simAOU,
  simAOUNorm,
  simAOURandom,
  unpooledScores,
  updateNorm,
} from './index.ts';
import { inTableOrder } from './catalogue.ts';
import type { LayerMetric, PredictionMetric, ProbeArrays } from './index.ts';
import { seededNormal, seededRandom } from './test-support.ts';

const shape = { layers: 2, heads: 3, dModel: 4 };
const normal = seededNormal(9);
const numbers = (length: number): number[] => Array.from({ length }, normal);
const probes = (): ProbeArrays[] =>
  [2, 5].map((queryLength) => ({
    attentionOutput: numbers(shape.layers * shape.dModel),
    attentionScores: numbers(shape.layers * shape.heads * queryLength),
  }));

/** What a metric of the catalogue gives; whichever setting it compares, each has probes of its own. */
const [icl, zsl, ft, other] = [probes(), probes(), probes(), probes()];
function score(metric: LayerMetric): unknown {
  if (metric.of === 'learner') return metric.score({ icl, zsl, ft }, shape);
  if (metric.of === 'baseline') return metric.score({ icl, zsl }, shape, seededRandom(1));
  return metric.score({ first: ft, second: other, zsl }, shape);
}

describe('the catalogue', () => {
  it('is in the order of places, and behind them of ids', () => {
    const like = findMetric('simaou') as LayerMetric;
    const named = (id: string, order?: number): LayerMetric => {
      const { order: _, ...rest } = like;
      return { ...rest, id, ...(order === undefined ? {} : { order }) } as LayerMetric;
    };
    const mixed = [named('d'), named('z', 1), named('b'), named('a', 2), named('c')];
    expect(inTableOrder(mixed).map(({ id }) => id)).toEqual(['z', 'a', 'b', 'c', 'd']);
  });

  it('has what tables, figures and documents rely on of every metric, in their order', () => {
    const [cosine, share, positive] = [
      [-1, 1],
      [0, 1],
      [0, null],
    ];
    const expected = [
      ['simaou', 'layers', 'learner', cosine, 'higher'],
      ['simaou_norm', 'layers', 'learner', cosine, 'higher'],
      ['simam', 'layers', 'learner', cosine, 'higher'],
      ['simam_delta', 'layers', 'learner', cosine, 'higher'],
      ['simaou_mismatched', 'layers', 'learner', cosine, null],
      ['simaou_demeaned', 'layers', 'learner', cosine, 'higher'],
      ['simaou_pooled', 'layers', 'learner', cosine, 'higher'],
      ['update_norm', 'layers', 'learner', positive, null],
      ['simam_delta_mismatched', 'layers', 'learner', cosine, null],
      ['simam_delta_centred', 'layers', 'learner', cosine, 'higher'],
      ['simam_delta_softmax', 'layers', 'learner', cosine, 'higher'],
      ['common_mode', 'layers', 'learner', share, null],
      ['simaou_random', 'layers', 'baseline', cosine, null],
      ['simam_zsl', 'layers', 'baseline', cosine, 'higher'],
      ['update_norm_icl', 'layers', 'baseline', positive, null],
      ['common_mode_icl', 'layers', 'baseline', share, null],
      ['alpha', 'layers', 'pair', cosine, 'higher'],
      ['accuracy_zsl', 'predictions', 'baseline', share, null],
      ['accuracy_icl', 'predictions', 'baseline', share, null],
      ['accuracy_ft', 'predictions', 'learner', share, null],
      ['rec2ftp', 'predictions', 'learner', share, 'higher'],
      ['demonstrations_in_context', 'count', 'baseline', positive, null],
      ['examples', 'count', 'baseline', positive, null],
      ['diverged', 'count', 'learner', positive, null],
      ['gradient_norm', 'training', 'learner', positive, null],
      ['loss', 'training', 'learner', positive, null],
    ];
    const found = metrics.map(({ id, kind, of, range, moreAlike }) => [id, kind, of, range, moreAlike]);
    expect(found.filter(([id]) => expected.some(([own]) => own === id))).toEqual(expected);
  });

  it('has a label of its own for every metric, and says of each what it is and when', () => {
    expect(new Set(metrics.map(({ label }) => label)).size).toBe(metrics.length);
    for (const { id, label, formula, source, definedWhen } of metrics)
      for (const text of [label, formula, source, definedWhen]) expect(text, id).not.toBe('');
  });

  it('computes each metric by layer with its own formula, from the settings that it compares', () => {
    const expected: Record<string, unknown> = {
      simaou: simAOU(icl, zsl, ft, shape),
      simaou_norm: simAOUNorm(icl, zsl, ft, shape),
      simaou_random: simAOURandom(icl, zsl, seededRandom(1), shape),
      simam: simAM(icl, ft, shape),
      simam_delta: simAMDelta(icl, zsl, ft, shape),
      simam_zsl: simAMZeroShot(icl, zsl, shape),
      alpha: alpha(ft, other, zsl, shape),
      // Those of a learner are compared with their functions in similarity.test.ts.
      update_norm_icl: updateNorm(zsl, icl, shape),
      common_mode_icl: commonMode(zsl, icl, shape),
    };
    for (const [id, scores] of Object.entries(expected))
      expect(score(layerMetrics.find((metric) => metric.id === id)!), id).toEqual(scores);
  });

  it('bounds what a metric has for an example as it bounds the metric, unless these are pseudo-values', () => {
    const unbounded = layerMetrics.filter((metric) => exampleRange(metric)[1] !== metric.range[1]);
    expect(unbounded.map(({ id }) => id)).toEqual([
      'simaou_mismatched',
      'simaou_pooled',
      'simam_delta_mismatched',
    ]);
    for (const metric of unbounded) expect(exampleRange(metric)).toEqual([null, null]);
  });

  it('compares LCGD with GD in α, in that order', () => {
    expect(findMetric('alpha')).toMatchObject({ of: 'pair', learners: ['LCGD', 'GD'] });
  });

  it('computes accuracies of each setting and Rec2FTP from the predicted classes', () => {
    const predictions = { gold: [0, 1, 2, 0], zsl: [1, 0, 0, 1], icl: [0, 0, 1, 1], ft: [0, 1, 2, 1] };
    const scored = (metric: PredictionMetric) => [metric.id, metric.score(predictions)];
    expect(Object.fromEntries(predictionMetrics.map(scored))).toMatchObject({
      accuracy_zsl: 0,
      accuracy_icl: 0.25,
      accuracy_ft: 0.75,
      rec2ftp: 1 / 3,
    });
  });

  it('finds a metric by id, and refuses an id that there is not', () => {
    expect(findMetric('simam_delta')).toMatchObject({ id: 'simam_delta', label: 'SimAM_Δ' });
    expect(() => findMetric('simam_')).toThrow(new RangeError('no metric is called simam_'));
  });
});

describe('metrics of one’s own', () => {
  const [learner, baseline] = [findMetric('simaou'), findMetric('simam_zsl')] as [LayerMetric, LayerMetric];
  const share = findMetric('rec2ftp') as PredictionMetric;

  it('stand after the built-in ones that are of the same, in an order of their own', () => {
    const own = [
      { ...share, id: 'own_share' },
      { ...learner, id: 'own_b', order: 2 },
      { ...baseline, id: 'own_c' },
      { ...learner, id: 'own_a', order: 1 },
    ];
    const catalogue = metricCatalogue(own);
    const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);
    expect(ids(catalogue.layerMetrics.filter(({ of }) => of === 'learner'))).toEqual([
      ...ids(layerMetrics.filter(({ of }) => of === 'learner')),
      ...['own_a', 'own_b'],
    ]);
    expect(ids(catalogue.layerMetrics.filter(({ of }) => of === 'baseline')).at(-1)).toBe('own_c');
    expect(ids(catalogue.predictionMetrics)).toEqual([...ids(predictionMetrics), 'own_share']);
    expect(ids(catalogue.metrics).toSorted()).toEqual([...ids(metrics), ...ids(own)].toSorted());
    expect(ids(catalogue.metrics).at(-1)).toBe('loss');
    expect(catalogue.own).toBe(own);
    expect(findMetric('own_c', catalogue)).toBe(own[2]);
  });

  it('change nothing for anybody else, and have ids of their own', () => {
    metricCatalogue([{ ...learner, id: 'own' }]);
    expect(builtInMetrics.metrics).toBe(metrics);
    expect(() => findMetric('own')).toThrow('no metric is called own');
    expect(() => metricCatalogue([learner])).toThrow('two metrics are called simaou');
  });

  it('of all examples together have no values of examples', () => {
    const scores = unpooledScores([0.5, null], 3);
    expect(layerMean(scores.values)).toBe(0.5);
    expect(scores.undefinedCounts).toEqual([0, 1]);
    expect(scores.perExample.map((layer) => layer.map(({ count }) => count))).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });
});
