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

/** Gradient of the loss by a linear layer's input. */
export function linearInputGradient(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  name: string,
  upstream: Tensor,
): Tensor {
  const weight = parameters.get(`${name}.weight`);
  const out = scope.tensor([upstream.shape[0] ?? 0, weight.shape[1] ?? 0], `gradient.${name}`);
  matmul(context.gpu, { a: matrix(upstream), b: matrix(weight), c: matrix(out) });
  return out;
}
