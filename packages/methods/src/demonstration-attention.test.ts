import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { expect, test } from 'vitest';
import { keepsTrainingQueries, learnerSetting } from './catalogue.ts';
import { attentionBatches } from './demonstration-attention.ts';
import type { ProbeToken, Query } from './learner.ts';
import { gradientDescent, layerCausalGradientDescent } from './learners/gradient-descent.ts';
import { contextTokens, inContext } from './learners/in-context.ts';
import { zeroShot } from './learners/zero-shot.ts';
import { fineTune } from './run.ts';
import { DEMONSTRATIONS, loadTinyModel, sequence } from './test-support.ts';

const gpu = useGpu();
const QUERIES: Query[] = [5, 8, 3].map((length, i) => ({
  tokens: sequence(length, 11 + i),
  options: [[21, 7], [99]],
}));
/** Sums of some dozens of float32 products of order 1, in two orders. */
const DIGITS = 4;

test.each(['label', 'prompt'] satisfies ProbeToken[])(
  'in context it is the attention of the %s, summed over heads, to the demonstrations without BOS and EOS',
  async (probeToken) => {
    using model = await loadTinyModel(gpu());
    const { layers, heads } = model.config;
    using adapted = await inContext.adapt(model, DEMONSTRATIONS);
    const context = contextTokens(
      DEMONSTRATIONS,
      model.config.bosTokenId as number,
      model.config.eosTokenId as number,
    );
    const scores = await adapted.attentionToDemonstrations!(QUERIES, { probeToken });
    const places = [...context.keys()].filter((i) => ![0, 10, 15, 29].includes(i));
    expect(places.map((i) => context[i])).toEqual(DEMONSTRATIONS.flatMap(({ tokens }) => tokens));
    for (const [i, { tokens, options }] of QUERIES.entries()) {
      const whole = [...context, ...tokens, ...(probeToken === 'label' ? options[0]! : [])];
      const probes = [{ row: whole.length - 1, firstKey: 0 }];
      const [result] = await model.evaluate([{ tokens: whole, probes, logProbs: [] }]);
      const all = result!.probes[0]!.attentionScores;
      const wanted = Array.from({ length: layers }, (_, layer) =>
        places.map((key) =>
          Array.from(
            { length: heads },
            (_head, head) => all[(layer * heads + head) * whole.length + key]!,
          ).reduce((a, b) => a + b, 0),
        ),
      ).flat();
      expect(scores[i]).toHaveLength(wanted.length);
      for (const [at, value] of wanted.entries()) expect(scores[i]![at]).toBeCloseTo(value, DIGITS);
    }
  },
);

test.each([gradientDescent, layerCausalGradientDescent])(
  '$id keeps the queries of the demonstrations that are asked for, in the order of training, and trains as ever',
  async (learner) => {
    using model = await loadTinyModel(gpu());
    const live = gpu().pool.live;
    const attention = async (keepTrainingQueries: readonly number[]): Promise<Float32Array[]> => {
      using adapted = await fineTune(model, DEMONSTRATIONS, {
        ...{ method: learner, learningRate: 0.05, keepTrainingQueries },
      });
      using plain = await fineTune(model, DEMONSTRATIONS, { method: learner, learningRate: 0.05 });
      expect(await adapted.probe(QUERIES)).toEqual(await plain.probe(QUERIES));
      expect(plain.attentionToDemonstrations).toBeUndefined();
      const told: number[] = [];
      const scores = await adapted.attentionToDemonstrations!(QUERIES, {
        ...{ probeToken: 'prompt', tokenBudget: 9 },
        onProgress: ({ finished }) => told.push(finished),
      });
      expect(told).toEqual([1, 2, 3]);
      expect(await adapted.attentionToDemonstrations!(QUERIES, { probeToken: 'prompt' })).toEqual(scores);
      return scores;
    };
    const [all, some] = [await attention([0, 1, 2]), await attention([2, 0])];
    const tokens = [9, 4, 13];
    const { layers } = model.config;
    for (const [i, own] of all.entries()) {
      expect(own).toHaveLength(layers * 26);
      const cut = Array.from({ length: layers }, (_, layer) => {
        const of = own.subarray(layer * 26, (layer + 1) * 26);
        return [...of.subarray(0, tokens[0]), ...of.subarray(13)];
      });
      expect([...some[i]!]).toEqual(cut.flat());
    }
    expect(gpu().pool.live).toEqual(live);
  },
);

test('a result that was disposed does not tell', async () => {
  using model = await loadTinyModel(gpu());
  const adapted = await gradientDescent.adapt(model, DEMONSTRATIONS, {
    learningRate: 0.05,
    keepTrainingQueries: [1],
  });
  adapted.dispose();
  await expect(adapted.attentionToDemonstrations!(QUERIES, { probeToken: 'prompt' })).rejects.toThrow(
    'disposed',
  );
});

test('queries are kept by learners that step from demonstration to demonstration', () => {
  const keeps = [gradientDescent, layerCausalGradientDescent, inContext, zeroShot].map((learner) =>
    keepsTrainingQueries(learnerSetting(learner)),
  );
  expect(keeps).toEqual([true, true, false, false]);
  const full = { learner: gradientDescent, options: { batch: 'full' } };
  expect(keepsTrainingQueries(full)).toBe(false);
});

test('batches for a memory plan end at the probed token', () => {
  const [batch] = attentionBatches(QUERIES, { probeToken: 'label' }, false);
  expect(batch?.map(({ tokens, row }) => [tokens.length, row])).toEqual([
    [8, 7],
    [11, 10],
    [6, 5],
  ]);
  expect(
    attentionBatches(QUERIES, { probeToken: 'prompt', tokenBudget: 1 }, true).map((own) => own[0]?.row),
  ).toEqual([4, 7, 2]);
});
