import {
  type ColumnSumArguments,
  type MatmulArguments,
  type Tensor,
  columnSums,
  groupedColumnSums,
  matmulSet,
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
  const [out] = linears(pass, [module], x) as [Tensor];
  return out;
}

/** As {@link linear} of each module, all of the same x. */
export function linears(pass: Pass, modules: readonly ModuleParameters[], x: Tensor): Tensor[] {
  const products = modules.map((module): ModuleProduct => {
    const { name, weight, bias } = module;
    const out = pass.tensor([x.shape[0] ?? 0, weight.shape.at(-2) ?? 0], name);
    return {
      ...{ module, a: matrix(x), b: matrix(weight), c: matrix(out), transposeB: true },
      ...(bias ? { bias } : {}),
    };
  });
  multiply(pass, products);
  return products.map(({ c }) => c.tensor);
}

/** A product of a module. */
interface ModuleProduct extends MatmulArguments {
  readonly module: ModuleParameters;
}

/** Products of one layout: of all rows with one matrix, or of each group's with its own. */
function multiply(pass: Pass, products: readonly ModuleProduct[]): void {
  matmulSet(
    pass.gpu,
    products.map(({ module, ...product }) => {
      const groups = pass.groupsOf(module);
      return groups ? { ...product, groups } : product;
    }),
  );
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
  const products: ModuleProduct[] = [];
  const [ofAll, ofGroups]: [ColumnSumArguments[], ColumnSumArguments[]] = [[], []];
  for (const { module, x, gradOutput } of layers) {
    const gradWeight = gradients.weightTarget(module);
    if (gradWeight)
      products.push({
        ...{ module, a: matrix(gradOutput), b: matrix(x), c: matrix(gradWeight.tensor) },
        ...{ transposeA: true, accumulate: gradWeight.accumulate },
      });
    const gradBias = gradients.biasTarget(module);
    if (!gradBias) continue;
    const sums = { x: gradOutput, out: gradBias.tensor, accumulate: gradBias.accumulate };
    (pass.groupsOf(module) ? ofGroups : ofAll).push(sums);
  }
  multiply(pass, products);
  columnSums(gpu, ofAll);
  if (pass.groups && ofGroups.length > 0) groupedColumnSums(gpu, pass.groups.rows, ofGroups);
}

/**
 * gradInput = gradOutput W, the gradient with respect to a linear layer's input.
 * @returns a new tensor
 */
export function linearInputGradient(pass: Pass, module: ModuleParameters, gradOutput: Tensor): Tensor {
  const { name, weight } = module;
  const shape = [gradOutput.shape[0] ?? 0, weight.shape.at(-1) ?? 0];
  const tensor = pass.tensor(shape, `gradient of the input of ${name}`);
  addInputGradients(pass, [{ module, gradOutput }], { tensor, accumulate: false });
  return tensor;
}

/** As {@link linearInputGradient}, of layers that read the same: the sum, in their order. */
export function addInputGradients(
  pass: Pass,
  layers: readonly Omit<LinearGradient, 'x'>[],
  { tensor, accumulate }: GradientTarget,
): void {
  const products = layers.map(({ module, gradOutput }, i): ModuleProduct => {
    const factors = { a: matrix(gradOutput), b: matrix(module.weight), c: matrix(tensor) };
    return { module, ...factors, accumulate: accumulate || i > 0 };
  });
  multiply(pass, products);
}
