import { type Tensor, columnSum, matmul, matrix } from '@icl-gd/gpu-kernels';
import type { ModuleParameters } from '../weights/parameter-set.ts';
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

/** Adds gradOutputᵀ x to the weight's gradient and gradOutput's column sums to the bias's, where they are trained. */
export function addLinearGradients(
  pass: Pass,
  module: ModuleParameters,
  x: Tensor,
  gradOutput: Tensor,
): void {
  const { gpu, gradients } = pass;
  const gradWeight = gradients.weight(module);
  if (gradWeight) {
    matmul(gpu, {
      a: matrix(gradOutput),
      b: matrix(x),
      c: matrix(gradWeight),
      transposeA: true,
      accumulate: true,
    });
  }
  const gradBias = gradients.bias(module);
  if (gradBias) columnSum(gpu, { x: gradOutput, out: gradBias, accumulate: true });
}

/** A tensor that a gradient is written or added to. */
export interface GradientTarget {
  readonly tensor: Tensor;
  readonly accumulate: boolean;
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
