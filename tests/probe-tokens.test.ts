import { join } from 'node:path';
import type { Gpu } from '@icl-gd/gpu-kernels';
import { acquireTestGpu } from '@icl-gd/gpu-kernels/testing';
import {
  type Learner,
  type ProbeToken,
  type Query,
  inContext,
  layerCausalGradientDescent,
  zeroShot,
} from '@icl-gd/methods';
import { type Model, loadModel } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const sequence = (length: number, step: number): number[] =>
  Array.from({ length }, (_, i) => 2 + ((i * step) % 150));
const DEMONSTRATIONS = [20, 41].map((length) => ({ tokens: sequence(length, 7) }));
const OPTIONS = { single: [[5], [6]], several: [[6, 7, 8], [6, 9], [5]] };
const LEARNERS: readonly Learner[] = [zeroShot, inContext, layerCausalGradientDescent];

let gpu: Gpu;
beforeAll(async () => {
  gpu = await acquireTestGpu();
});
afterAll(() => gpu.dispose());

describe.each(['own-text-gpt2', 'own-text-xglm'])('%s', (fixture) => {
  let model: Model;
  beforeAll(async () => {
    model = await loadModel(gpu, join(import.meta.dirname, 'fixtures', fixture, 'model'));
  });
  afterAll(() => model.dispose());

  it.each(Object.keys(OPTIONS) as (keyof typeof OPTIONS)[])(
    'probing both tokens in one pass gives the bits of each alone: options of %s tokens',
    async (kind) => {
      const queries: Query[] = Array.from({ length: 8 }, (_, i) => ({
        tokens: sequence(5 + ((i * 11) % 37), 3 + i),
        options: OPTIONS[kind],
      }));
      for (const learner of LEARNERS) {
        const adapted = await learner.adapt(model, DEMONSTRATIONS, { learningRate: 0.01 });
        const probeTokens: ProbeToken[] = ['label', 'prompt'];
        const both = await adapted.probeTokens(queries, { probeTokens, tokenBudget: 120 });
        expect([...both.keys()]).toEqual(probeTokens);
        for (const probeToken of probeTokens)
          expect(both.get(probeToken)).toEqual(await adapted.probe(queries, { probeToken }));
        expect(both.get('label')![0]!.queryLength).toBe(queries[0]!.tokens.length + OPTIONS[kind][0]!.length);
        expect(both.get('prompt')![0]!.queryLength).toBe(queries[0]!.tokens.length);
        adapted.dispose();
      }
    },
  );
});
