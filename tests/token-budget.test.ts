import { join } from 'node:path';
import type { Gpu } from '@icl-gd/gpu-kernels';
import { acquireTestGpu } from '@icl-gd/gpu-kernels/testing';
import {
  type Learner,
  type Probe,
  type Query,
  inContext,
  layerCausalGradientDescent,
  zeroShot,
} from '@icl-gd/methods';
import { WEIGHT_DTYPES, loadModel } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const sequence = (length: number, step: number): number[] =>
  Array.from({ length }, (_, i) => 2 + ((i * step) % 150));
const DEMONSTRATIONS = [20, 41].map((length) => ({ tokens: sequence(length, 7) }));
const QUERIES: Query[] = Array.from({ length: 12 }, (_, i) => ({
  tokens: sequence(5 + ((i * 11) % 37), 3 + i),
  options: [[5], [6, 7, 8], [6, 9]],
}));

let gpu: Gpu;
beforeAll(async () => {
  gpu = await acquireTestGpu();
});
afterAll(() => gpu.dispose());

describe.each(['own-text-gpt2', 'own-text-xglm'])('%s', (fixture) => {
  it.each(WEIGHT_DTYPES)('the token budget changes no bit of what is probed: %s', async (dtype) => {
    using model = await loadModel(gpu, join(import.meta.dirname, 'fixtures', fixture, 'model'), { dtype });
    const probe = async (learner: Learner, tokenBudget: number): Promise<Probe[]> => {
      const adapted = await learner.adapt(model, DEMONSTRATIONS, { learningRate: 0.01 });
      const probes = await adapted.probe(QUERIES, { probeToken: 'label', tokenBudget });
      adapted.dispose();
      return probes;
    };
    for (const learner of [zeroShot, inContext, layerCausalGradientDescent]) {
      const alone = await probe(learner, 1);
      expect(alone).toHaveLength(QUERIES.length);
      for (const budget of [60, 4096]) expect(await probe(learner, budget)).toEqual(alone);
    }
  });
});
