import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { FineTuning, type FineTuningStep, type Model, loadModel } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const TOKENS = [17, 24, 31, 38, 45, 52, 59];
const PREDICTIONS = TOKENS.length - 1;
/** So small that no weight changes: both steps see the same model. */
const STANDSTILL = 1e-30;

const gpu = useGpu();
let model: Model;
beforeAll(async () => {
  model = await loadModel(gpu(), join(import.meta.dirname, 'fixtures', 'own-text-gpt2', 'model'));
});
afterAll(() => {
  model.dispose();
});

describe.each(['output', 'layerwise'] as const)('%s', (objective) => {
  async function twoSteps(releasedNorms: boolean): Promise<readonly FineTuningStep[]> {
    const options = {
      objective,
      learningRate: STANDSTILL,
      group: 'attention.kv',
      steps: 2,
      releasedNorms,
    } as const;
    const tuning = new FineTuning(model, options);
    for (let step = 0; step < 2; step++) tuning.step(TOKENS);
    const { model: tuned, steps } = await tuning.finish();
    tuned.dispose();
    return steps;
  }

  it('adds up the gradients of frozen parameters, of the summed loss, and resets those of keys and values', async () => {
    const before = gpu().pool.live;
    const [first, second] = (await twoSteps(true)) as readonly [FineTuningStep, FineTuningStep];
    for (const [layer, keyValueNorm] of first.gradientNorms.entries()) {
      const all = first.releasedGradientNorms![layer]! / PREDICTIONS;
      const frozenSquared = all ** 2 - keyValueNorm ** 2;
      expect(frozenSquared).toBeGreaterThan(0);
      const expected = PREDICTIONS * Math.sqrt(keyValueNorm ** 2 + 4 * frozenSquared);
      expect(second.releasedGradientNorms![layer]! / expected).toBeCloseTo(1, 5);
    }
    expect(gpu().pool.live).toEqual(before);
  });

  it('leaves the other numbers as they are', async () => {
    const plain = await twoSteps(false);
    const both = await twoSteps(true);
    expect(plain).toEqual(both.map(({ gradientNorms, losses }) => ({ gradientNorms, losses })));
  });
});
