import {
  type Tensor,
  layerNormBackward,
  layerNormForward,
  rmsNormBackward,
  rmsNormForward,
} from '@icl-gd/gpu-kernels';
import type { ModuleParameters } from '../weights/parameter-set.ts';
import type { Pass } from './pass.ts';

/** A norm's input and output, and what its backward pass needs of each row. */
export interface Normed {
  readonly input: Tensor;
  readonly output: Tensor;
  readonly stats: Tensor;
}

/**
 * A norm of the model's kind over each row of the input.
 * @param input [T, d]; where the norm's weight is [D], each head of [T, H D] is a row
 */
export function norm(pass: Pass, { name, weight, bias }: ModuleParameters, input: Tensor): Normed {
  const { gpu, config } = pass;
  const output = pass.tensor(input.shape, name);
  const rows = input.length / weight.length;
  const epsilon = config.normEpsilon;
  if (config.norm === 'rms') {
    const stats = pass.tensor([rows], `${name}.stats`);
    rmsNormForward(gpu, { x: input, weight, epsilon, out: output, stats });
    return { input, output, stats };
  }
  if (!bias) throw new RangeError(`no parameter ${name}.bias`);
  const stats = pass.tensor([rows, 2], `${name}.stats`);
  layerNormForward(gpu, { x: input, weight, bias, epsilon, out: output, stats });
  return { input, output, stats };
}

/** Adds the gradient with respect to the norm's input to `gradInput`, and its parameters' gradients where they are trained. */
export function normBackward(
  pass: Pass,
  module: ModuleParameters,
  { input, stats }: Normed,
  gradOutput: Tensor,
  gradInput: Tensor,
): void {
  const { gpu, config, gradients } = pass;
  const [gradWeight, gradBias] = [gradients.weight(module), gradients.bias(module)];
  const args = {
    x: input,
    weight: module.weight,
    stats,
    gradOutput,
    gradInput,
    accumulate: true,
    ...(gradWeight ? { gradWeight } : {}),
  };
  if (config.norm === 'rms') rmsNormBackward(gpu, args);
  else layerNormBackward(gpu, { ...args, ...(gradBias ? { gradBias } : {}) });
}
