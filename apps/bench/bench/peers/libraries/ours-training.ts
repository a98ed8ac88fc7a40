import type { Gpu } from '@icl-gd/gpu-kernels';
import { ADAMW, SmallTraining } from '../../../../../packages/transformer/bench/training-step.ts';
import { type Contender, type TrainingTask, concatenated, inProcess } from '../contender.ts';

/** The task that `npm run bench:training` measures, for others to do. */
export function smallTrainingTask(gpu: Gpu): TrainingTask {
  using training = new SmallTraining(gpu);
  const { config, specs, tokens } = training;
  return {
    layers: config.layers,
    heads: config.heads,
    normEpsilon: config.normEpsilon,
    parameters: new Map(specs.map(({ name, shape }) => [name, { shape, values: training.initial(name) }])),
    tokens,
    adamW: ADAMW,
  };
}

export function trainingOfOurs(gpu: Gpu): Contender {
  const training = new SmallTraining(gpu);
  return inProcess('icl-gd', async () => Float32Array.of(await training.step()), {
    async result() {
      const loss = await training.step();
      const gradients = [];
      for (const { name } of training.specs) gradients.push(await training.gradient(name));
      return concatenated([Float32Array.of(loss), ...gradients, Float32Array.of(await training.loss())]);
    },
    dispose: () => training.dispose(),
  });
}
