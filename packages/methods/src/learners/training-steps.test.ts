import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { expect, test } from 'vitest';
import type { TrainingStep } from '../learner.ts';
import { DEMONSTRATIONS, loadTinyModel } from '../test-support.ts';
import { gradientDescent, layerCausalGradientDescent } from './gradient-descent.ts';

const gpu = useGpu();

test.each([gradientDescent, layerCausalGradientDescent])(
  '$id tells each step once it is done, in order, with the numbers of `training`',
  async (learner) => {
    using model = await loadTinyModel(gpu());
    const told: TrainingStep[] = [];
    const before: number[] = [];
    using adapted = await learner.adapt(model, DEMONSTRATIONS, {
      learningRate: 0.05,
      releasedNorms: true,
      onProgress: ({ finished }) => before.push(finished - told.length),
      onStep: (step, place) => {
        expect(place).toBe(told.length);
        told.push(step);
      },
    });
    expect(told).toEqual(adapted.training);
    expect(told).toHaveLength(DEMONSTRATIONS.length);
    expect(before).toEqual([0, 0, 0]);
  },
);

test('what the observer of steps throws ends the training, and leaves nothing on the device', async () => {
  using model = await loadTinyModel(gpu());
  const live = gpu().pool.live;
  const reason = new Error('enough');
  const training = gradientDescent.adapt(model, DEMONSTRATIONS, {
    learningRate: 0.05,
    onStep: () => {
      throw reason;
    },
  });
  await expect(training).rejects.toBe(reason);
  expect(gpu().pool.live).toEqual(live);
});
