import {
  ProductParts,
  type Tensor,
  layerNormBackward,
  layerNormForward,
  rmsNormBackward,
  rmsNormForward,
} from '@icl-gd/gpu-kernels';
import type { ModuleParameters } from '../weights/parameter-set.ts';
import type { Addend } from './linear.ts';
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
export function norm(pass: Pass, module: ModuleParameters, input: Tensor): Normed {
  return normInto(pass, module, input, { x: input });
}

/** The norm of x + addend, both [T, d]: its input is the sum. Parts of an addend are given back. */
export function normOfSum(pass: Pass, module: ModuleParameters, x: Tensor, addend: Addend): Normed {
  const sum = pass.tensor(x.shape, 'residual');
  const normed = normInto(pass, module, sum, { x, addend, sum });
  if (addend instanceof ProductParts) addend.dispose();
  return normed;
}

/** The norm of x, and beside it x + addend, both [T, d]. The addend's parts are given back. */
export function normBesideSum(
  pass: Pass,
  module: ModuleParameters,
  x: Tensor,
  addend: ProductParts,
): { readonly normed: Normed; readonly sum: Tensor } {
  const sum = pass.tensor(x.shape, 'residual');
  const normed = normInto(pass, module, x, { x, addend, sum, beside: true });
  addend.dispose();
  return { normed, sum };
}

function normInto(
  pass: Pass,
  { name, weight, bias }: ModuleParameters,
  input: Tensor,
  of: { readonly x: Tensor; readonly addend?: Addend; readonly sum?: Tensor; readonly beside?: boolean },
): Normed {
  const { gpu, config } = pass;
  const output = pass.tensor(input.shape, name);
  const rows = input.length / weight.length;
  const epsilon = config.normEpsilon;
  if (config.norm === 'rms') {
    const stats = pass.tensor([rows], `${name}.stats`);
    rmsNormForward(gpu, { ...of, weight, epsilon, out: output, stats });
    return { input, output, stats };
  }
  if (!bias) throw new RangeError(`no parameter ${name}.bias`);
  const stats = pass.tensor([rows, 2], `${name}.stats`);
  layerNormForward(gpu, { ...of, weight, bias, epsilon, out: output, stats });
  return { input, output, stats };
}

/**
 * Backward of {@link norm}: adds its parameters' gradients where they are trained.
 * @param gradOutput parts of it, which are given back, where none of them is trained
 * @param gradResidual added to the result: what reaches the input past the norm
 * @returns the gradient with respect to the norm's input
 */
export function normBackward(
  pass: Pass,
  module: ModuleParameters,
  normed: Normed,
  gradOutput: Addend,
  gradResidual?: Tensor,
): Tensor {
  const gradInput = pass.tensor(normed.input.shape, `gradient of the input of ${module.name}`);
  record(pass, module, normed, { gradOutput, gradInput, ...(gradResidual ? { gradResidual } : {}) });
  if (gradOutput instanceof ProductParts) gradOutput.dispose();
  return gradInput;
}

/** The parameters' gradients of {@link normBackward} alone. */
export function normParameterGradients(
  pass: Pass,
  module: ModuleParameters,
  normed: Normed,
  gradOutput: Tensor,
): void {
  record(pass, module, normed, { gradOutput });
}

function record(
  { gpu, config, gradients }: Pass,
  module: ModuleParameters,
  { input, stats }: Normed,
  upstream: { readonly gradOutput: Addend; readonly gradInput?: Tensor; readonly gradResidual?: Tensor },
): void {
  const [gradWeight, gradBias] = [gradients.weight(module), gradients.bias(module)];
  const args = {
    ...{ x: input, weight: module.weight, stats, ...upstream },
    ...(gradWeight ? { gradWeight } : {}),
  };
  if (config.norm === 'rms') rmsNormBackward(gpu, args);
  else layerNormBackward(gpu, { ...args, ...(gradBias ? { gradBias } : {}) });
}
