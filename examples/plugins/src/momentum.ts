import { type Tensor, addScaled, scaleInPlace, sgdStep } from '@icl-gd/gpu-kernels';
import { type Learner, adaptedModel } from '@icl-gd/methods';
import { FineTuning, specialToken } from '@icl-gd/transformer';
import { z } from 'zod';

/** Gradient descent with momentum, as torch.optim.SGD has it: velocity = momentum * velocity + gradient. */
export const learner: Learner<{ momentum: number }> = {
  id: 'Momentum',
  label: 'gradient descent with momentum',
  source: 'Polyak 1964',
  role: 'learner',
  needs: 'all',
  objective: 'output', // it is given the learning rate of the run, and reports its steps
  options: z.object({ momentum: z.coerce.number().min(0).max(1).default(0.9) }),
  async adapt(model, demonstrations, options = {}) {
    const { learningRate = 0.003, releasedNorms = false, learnerOptions, onProgress } = options;
    const { momentum = 0.9 } = learnerOptions ?? {};
    const velocities = new Map<string, Tensor>();
    const tuning = new FineTuning(model, {
      objective: 'output',
      group: 'attention.kv',
      learningRate,
      releasedNorms,
      steps: demonstrations.length,
      update({ gpu, name, parameter, gradient }) {
        let velocity = velocities.get(name);
        if (!velocity) {
          velocity = gpu.tensor(parameter.shape, { label: `velocity of ${name}` });
          gpu.clear(velocity);
          velocities.set(name, velocity);
        }
        scaleInPlace(gpu, { x: velocity, scale: momentum });
        addScaled(gpu, { target: velocity, source: gradient, scale: 1 });
        sgdStep(gpu, { parameter, gradient: velocity, learningRate });
      },
    });
    try {
      const bos = specialToken(model.config, 'bosTokenId', model.name);
      for (const [i, { tokens }] of demonstrations.entries()) {
        tuning.step([bos, ...tokens]);
        onProgress?.({ finished: i + 1, total: demonstrations.length });
      }
      const { model: tuned, steps } = await tuning.finish();
      return adaptedModel(tuned, options, steps);
    } catch (error) {
      tuning.dispose();
      throw error;
    } finally {
      for (const velocity of velocities.values()) velocity.dispose();
    }
  },
};
