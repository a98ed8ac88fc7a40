import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import {
  type LearnerResult,
  type Learner,
  type ProbeToken,
  type Query,
  inContext,
  layerCausalGradientDescent,
  zeroShot,
} from '@icl-gd/methods';
import { type Model, WEIGHT_DTYPES, loadModel } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sequence } from './sequences.ts';

const DEMONSTRATIONS = [20, 41].map((length) => ({ tokens: sequence(length, 7) }));
const LEARNERS: readonly Learner[] = [zeroShot, inContext, layerCausalGradientDescent];
const OPTIONS = { single: [[5], [6]], several: [[6, 7, 8], [6, 9], [5]] };

const queriesWith = (options: Query['options'], count = 8): Query[] =>
  Array.from({ length: count }, (_, i) => ({ tokens: sequence(5 + ((i * 11) % 37), 3 + i), options }));

const gpu = useGpu();

describe.each(['own-text-gpt2', 'own-text-xglm'])('%s', (fixture) => {
  describe.each(WEIGHT_DTYPES)('in %s', (dtype) => {
    let model: Model;
    const adapted: LearnerResult[] = [];
    beforeAll(async () => {
      model = await loadModel(gpu(), join(import.meta.dirname, 'fixtures', fixture, 'model'), { dtype });
      for (const learner of LEARNERS)
        adapted.push(await learner.adapt(model, DEMONSTRATIONS, { learningRate: 0.01 }));
    });
    afterAll(() => {
      for (const each of adapted) each.dispose();
      model.dispose();
    });

    it('gives the same bits in batches of any size', async () => {
      const queries = queriesWith([[5], [6, 7, 8], [6, 9]], 12);
      for (const each of adapted) {
        const alone = await each.probe(queries, { probeToken: 'label', tokenBudget: 1 });
        expect(alone).toHaveLength(queries.length);
        for (const tokenBudget of [60, 4096])
          expect(await each.probe(queries, { probeToken: 'label', tokenBudget })).toEqual(alone);
      }
    });

    it.each(Object.entries(OPTIONS))(
      'probes both tokens in one pass, each with the bits of a pass of its own: options of %s tokens',
      async (_, options) => {
        const queries = queriesWith(options);
        for (const each of adapted) {
          const probeTokens: ProbeToken[] = ['label', 'prompt'];
          const both = await each.probeTokens(queries, { probeTokens, tokenBudget: 120 });
          expect([...both.keys()]).toEqual(probeTokens);
          for (const probeToken of probeTokens)
            expect(both.get(probeToken)).toEqual(await each.probe(queries, { probeToken }));
          expect(both.get('label')![0]!.queryLength).toBe(queries[0]!.tokens.length + options[0]!.length);
          expect(both.get('prompt')![0]!.queryLength).toBe(queries[0]!.tokens.length);
        }
      },
    );
  });
});
