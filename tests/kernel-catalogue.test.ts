import { join } from 'node:path';
import { kernelTexts } from '@icl-gd/gpu-kernels';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { gradientDescent, inContext, layerCausalGradientDescent, zeroShot } from '@icl-gd/methods';
import { loadModel } from '@icl-gd/transformer';
import { expect, it } from 'vitest';

const DEMONSTRATIONS = [{ tokens: [17, 24, 31, 38] }];
const QUERIES = [{ tokens: [45, 52], options: [[59], [66]] }];

const gpu = useGpu();

it.each(['own-text-gpt2', 'own-text-xglm'])(
  'every kernel that the experiments on %s compile has its text in the catalogue',
  async (fixture) => {
    for (const dtype of ['float32', 'float16-storage'] as const) {
      using model = await loadModel(gpu(), join(import.meta.dirname, 'fixtures', fixture, 'model'), {
        dtype,
      });
      for (const learner of [zeroShot, inContext, gradientDescent, layerCausalGradientDescent]) {
        const adapted = await learner.adapt(model, DEMONSTRATIONS, { learningRate: 0.01 });
        await adapted.probe(QUERIES, { probeToken: 'label' });
        adapted.dispose();
      }
    }
    const texts = kernelTexts();
    const { kernels } = gpu().pipelines;
    expect(kernels.length).toBeGreaterThan(10);
    for (const { label, wgsl } of kernels) expect(texts.get(label), label).toBe(wgsl);
  },
);
