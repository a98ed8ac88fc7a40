import { type Scope, type Tensor, matmul, matrix } from '@icl-gd/gpu-kernels';
import type { ParameterSet } from '../weights/parameter-set.ts';
import type { DecoderContext } from './context.ts';

/** y = x Wᵀ + b for parameters `<name>.weight` [out, in] and, where the model has it, `<name>.bias` [out]. */
export function linear(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  name: string,
  x: Tensor,
): Tensor {
  const weight = parameters.get(`${name}.weight`);
  const out = scope.tensor([x.shape[0] ?? 0, weight.shape[0] ?? 0], name);
  const bias = parameters.find(`${name}.bias`);
  matmul(context.gpu, {
    a: matrix(x),
    b: matrix(weight),
    c: matrix(out),
    transposeB: true,
    ...(bias ? { bias } : {}),
  });
  return out;
}

/** gradient of the loss with respect to a linear layer's input. */
export function linearInputGradient(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  name: string,
  gradOutput: Tensor,
): Tensor {
  const weight = parameters.get(`${name}.weight`);
  const out = scope.tensor([gradOutput.shape[0] ?? 0, weight.shape[1] ?? 0], `gradient.${name}`);
  matmul(context.gpu, { a: matrix(gradOutput), b: matrix(weight), c: matrix(out) });
  return out;
}
