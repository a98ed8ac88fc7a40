import { type Tensor, columnSums, matmul, matrix } from '@icl-gd/gpu-kernels';
import type { ModuleParameters } from '../weights/parameter-set.ts';
import type { GradientTarget } from './gradients.ts';
import type { Pass } from './pass.ts';

/**
 * y = x Wᵀ + b.
 * @param x [rows, inputs]; W is [outputs, inputs], b [outputs] where the model has it
 * @returns [rows, outputs]
 */
export function linear(pass: Pass, { name, weight, bias }: ModuleParameters, x: Tensor): Tensor {
  const out = pass.tensor([x.shape[0] ?? 0, weight.shape[0] ?? 0], name);
  matmul(pass.gpu, {
    a: matrix(x),
    b: matrix(weight),
    c: matrix(out),
    transposeB: true,
    ...(bias ? { bias } : {}),
  });
  return out;
}

/** A linear layer's input and the gradient with respect to its output, both of as many rows. */
interface LinearGradient {
  readonly module: ModuleParameters;
  readonly x: Tensor;
  readonly gradOutput: Tensor;
}

/**
 * Adds gradOutputᵀ x to each weight's gradient and gradOutput's column sums to each bias's, where they are trained; what was
 * not there before is written.
 */
export function addLinearGradients({ gpu, gradients }: Pass, layers: readonly LinearGradient[]): void {
  for (const { module, x, gradOutput } of layers) {
    const gradWeight = gradients.weightTarget(module);
    if (!gradWeight) continue;
    matmul(gpu, {
      ...{ a: matrix(gradOutput), b: matrix(x), c: matrix(gradWeight.tensor) },
      ...{ transposeA: true, accumulate: gradWeight.accumulate },
    });
  }
  const biases = layers.flatMap(({ module, gradOutput }) => {
    const gradBias = gradients.biasTarget(module);
    return gradBias ? [{ x: gradOutput, out: gradBias.tensor, accumulate: gradBias.accumulate }] : [];
  });
  columnSums(gpu, biases);
}

/**
 * gradInput = gradOutput W, the gradient with respect to a linear layer's input.
 * @param target where it goes; a new tensor if absent
 */
export function linearInputGradient(
  pass: Pass,
  { name, weight }: ModuleParameters,
  gradOutput: Tensor,
  target?: GradientTarget,
): Tensor {
  const gradInput =
    target?.tensor ??
    pass.tensor([gradOutput.shape[0] ?? 0, weight.shape[1] ?? 0], `gradient of the input of ${name}`);
  matmul(pass.gpu, {
    a: matrix(gradOutput),
    b: matrix(weight),
    c: matrix(gradInput),
    accumulate: target?.accumulate ?? false,
  });
  return gradInput;
}
