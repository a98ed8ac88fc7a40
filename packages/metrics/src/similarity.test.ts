import { expect, test } from 'vitest';
import {
  type LearnerMetric,
  type ProbeArrays,
  commonMode,
  layerMetrics,
  simAM,
  simAMDelta,
  simAMDeltaCentred,
  simAMDeltaMismatched,
  simAMDeltaSoftmax,
  simAMZeroShot,
  simAOU,
  simAOUDemeaned,
  simAOUMismatched,
  simAOUNorm,
  simAOUPooled,
  similarity,
  updateNorm,
} from './index.ts';
import { seededNormal, seededRandom } from './test-support.ts';

const shape = { layers: 2, heads: 3, dModel: 4 };
const normal = seededNormal(3);
const numbers = (length: number): number[] => Array.from({ length }, normal);
const probes = (): ProbeArrays[] =>
  [2, 5].map((queryLength) => ({
    attentionOutput: numbers(shape.layers * shape.dModel),
    attentionScores: numbers(shape.layers * shape.heads * queryLength),
  }));
const [icl, zsl, ft] = [probes(), probes(), probes()];

test('gives every metric of a learner by its id, as its own function does', () => {
  const scores = similarity({ zsl, icl, ft }, shape);
  expect(scores).toEqual({
    simaou: simAOU(icl, zsl, ft, shape),
    simaou_norm: simAOUNorm(icl, zsl, ft, shape),
    simam: simAM(icl, ft, shape),
    simam_delta: simAMDelta(icl, zsl, ft, shape),
    simaou_mismatched: simAOUMismatched(icl, zsl, ft, shape),
    simaou_demeaned: simAOUDemeaned(icl, zsl, ft, shape),
    simaou_pooled: simAOUPooled(icl, zsl, ft, shape),
    update_norm: updateNorm(zsl, ft, shape),
    simam_delta_mismatched: simAMDeltaMismatched(icl, zsl, ft, shape),
    simam_delta_centred: simAMDeltaCentred(icl, zsl, ft, shape),
    simam_delta_softmax: simAMDeltaSoftmax(icl, zsl, ft, shape),
    common_mode: commonMode(zsl, ft, shape),
  });
  const inCatalogue = layerMetrics.filter(({ of }) => of === 'learner').map(({ id }) => id);
  expect(Object.keys(scores)).toEqual(inCatalogue);
  const first: number | null | undefined = scores.simaou.values[0];
  expect(first).toBeTypeOf('number');
});

test('takes a configuration of a model as the shape', () => {
  const config = { ...shape, family: 'gpt2', vocabSize: 7 };
  expect(similarity({ zsl, icl, ft }, config)).toEqual(similarity({ zsl, icl, ft }, shape));
});

test("gives the metrics that are asked for, baselines and one's own among them", () => {
  const own = { ...(layerMetrics[0] as LearnerMetric), id: 'own' };
  const baselines = layerMetrics.filter((metric) => metric.of === 'baseline');
  const asked = { metrics: [own, ...baselines], random: seededRandom(1) };
  const scores = similarity({ zsl, icl, ft }, shape, asked);
  expect(Object.keys(scores)).toEqual(['own', ...baselines.map(({ id }) => id)]);
  expect(scores['simam_zsl']).toEqual(simAMZeroShot(icl, zsl, shape));
  expect(() => similarity({ zsl, icl, ft }, shape, { metrics: baselines })).toThrow(
    new RangeError('a baseline that draws needs `random`, uniform numbers in [0, 1)'),
  );
});

test('refuses settings of different examples', () => {
  expect(() => similarity({ zsl, icl: icl.slice(1), ft }, shape)).toThrow(RangeError);
});

test.each([
  [{ zsl, icl, gd: ft }, shape, {}, 'similarity: ft is no list of probes; it takes { zsl, icl, ft }'],
  [undefined, shape, {}, 'similarity: zsl is no list of probes; it takes { zsl, icl, ft }'],
  [{ zsl, icl, ft }, undefined, {}, 'shape is missing: { layers, heads, dModel }'],
  [{ zsl, icl, ft }, shape, { metrics: 'simaou' }, 'similarity: metrics is no list of metrics'],
  [{ zsl, icl, ft }, shape, { metrics: ['simaou'] }, 'similarity: metrics[0] is no metric; findMetric(id)'],
])('what JavaScript lets through is refused by name: %#', (...args) => {
  const [given, sizes, options, message] = args as [never, never, object, string];
  expect(() => similarity(given, sizes, options)).toThrow(message);
});
