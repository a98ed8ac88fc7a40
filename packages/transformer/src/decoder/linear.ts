import {
  type ColumnSumArguments,
  type MatmulArguments,
  type RowGroups,
  type Tensor,
  columnSums,
  groupedColumnSums,
  groupedMatmul,
  matmul,
  matrix,
} from '@icl-gd/gpu-kernels';
import type { ModuleParameters } from '../weights/parameter-set.ts';
import type { GradientTarget } from './gradients.ts';
import type { Pass } from './pass.ts';

/**
 * y = x Wᵀ + b. Where the pass has groups with weights of their own, W is [G, outputs, inputs], b [G, outputs]: here and below.
 * @param x [rows, inputs]; W is [outputs, inputs], b [outputs] where the model has it
 * @returns [rows, outputs]
 */
export function linear(pass: Pass, module: ModuleParameters, x: Tensor): Tensor {
  const { name, weight, bias } = module;
  const out = pass.tensor([x.shape[0] ?? 0, weight.shape.at(-2) ?? 0], name);
  multiply(pass, module, {
    ...{ a: matrix(x), b: matrix(weight), c: matrix(out), transposeB: true },
    ...(bias ? { bias } : {}),
  });
  return out;
}

/** A product of a module: of all rows with one matrix, or of each group's with its own. */
function multiply(pass: Pass, module: ModuleParameters, product: MatmulArguments): void {
  const groups = pass.groupsOf(module);
  if (groups) groupedMatmul(pass.gpu, { ...product, groups });
  else matmul(pass.gpu, product);
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
export function addLinearGradients(pass: Pass, layers: readonly LinearGradient[]): void {
  const { gpu, gradients } = pass;
  const sums: ColumnSumArguments[] = [];
  const groupedSums: ColumnSumArguments[] = [];
  let groups: RowGroups | undefined;
  for (const { module, x, gradOutput } of layers) {
    const gradWeight = gradients.weightTarget(module);
    if (gradWeight)
      multiply(pass, module, {
        ...{ a: matrix(gradOutput), b: matrix(x), c: matrix(gradWeight.tensor) },
        ...{ transposeA: true, accumulate: gradWeight.accumulate },
      });
    const gradBias = gradients.biasTarget(module);
    if (!gradBias) continue;
    const own = pass.groupsOf(module);
    groups ??= own;
    (own ? groupedSums : sums).push({
      x: gradOutput,
      out: gradBias.tensor,
      accumulate: gradBias.accumulate,
    });
  }
  columnSums(gpu, sums);
  if (groups) groupedColumnSums(gpu, groups, groupedSums);
}

/**
 * gradInput = gradOutput W, the gradient with respect to a linear layer's input.
 * @param target where it goes; a new tensor if absent
 */
export function linearInputGradient(
  pass: Pass,
  module: ModuleParameters,
  gradOutput: Tensor,
  target?: GradientTarget,
): Tensor {
  const { name, weight } = module;
  const gradInput =
    target?.tensor ??
    pass.tensor([gradOutput.shape[0] ?? 0, weight.shape.at(-1) ?? 0], `gradient of the input of ${name}`);
  multiply(pass, module, {
    ...{ a: matrix(gradOutput), b: matrix(weight), c: matrix(gradInput) },
    accumulate: target?.accumulate ?? false,
  });
  return gradInput;
}
