import {
  type ColumnSumArguments,
  type ProductParts,
  type SetProduct,
  type Tensor,
  activatedMatmul,
  columnSums,
  gatedMatmul,
  groupedColumnSums,
  matmulParts,
  matmulSet,
  matrix,
  rotatedMatmul,
} from '@icl-gd/gpu-kernels';
import type { ModuleParameters } from '../weights/parameter-set.ts';
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
  const products = modules.map((module) => productOf(pass, module, x));
  multiply(pass, products);
  return products.map(({ c }) => c.tensor);
}

/** What a norm adds up before anything else reads it: a product in parts where the device makes it so, else a tensor. */
export type Addend = Tensor | ProductParts;

/** As {@link linear}, for `normOfSum`. */
export function linearAddend(pass: Pass, module: ModuleParameters, x: Tensor): Addend {
  return addend(pass, [productOf(pass, module, x)]);
}

/** Products into one new tensor, which is given back where they come in parts. */
function addend(pass: Pass, products: readonly ModuleProduct[]): Addend {
  const parts = partsOf(pass, products);
  if (parts) return parts;
  multiply(pass, products);
  return (products[0] as ModuleProduct).c.tensor;
}

/** Products into one new tensor, in its place the parts that the device keeps apart; undefined where it does not. */
function partsOf(pass: Pass, products: readonly ModuleProduct[]): ProductParts | undefined {
  const parts = matmulParts(
    pass.gpu,
    products.map((product) => grouped(pass, product)),
  );
  if (!parts) return undefined;
  (products[0] as ModuleProduct).c.tensor.dispose();
  pass.own(parts.tensor);
  return parts;
}

/** {@link linear} added to `residual`, which stays as it is; or parts that are not added to it yet, for `normBesideSum`. */
export function linearOnto(pass: Pass, module: ModuleParameters, x: Tensor, residual: Tensor): Addend {
  const product = productOf(pass, module, x);
  const parts = partsOf(pass, [product]);
  if (parts) return parts;
  activatedMatmul(pass.gpu, grouped(pass, product), { type: 'sum', x: residual });
  return product.c.tensor;
}

/** {@link linear} and its activation, which goes to `out`. */
export function activatedLinear(pass: Pass, module: ModuleParameters, x: Tensor, out: Tensor): Tensor {
  const product = productOf(pass, module, x);
  const { activation: kind } = pass.config;
  activatedMatmul(pass.gpu, grouped(pass, product), { type: 'activation', kind, out });
  return product.c.tensor;
}

/** {@link linear} of two modules, and f(gate x) up x, which goes to `out`. */
export function gatedLinears(
  pass: Pass,
  modules: { readonly up: ModuleParameters; readonly gate: ModuleParameters },
  x: Tensor,
  out: Tensor,
): { readonly up: Tensor; readonly gate: Tensor } {
  const [up, gate] = [productOf(pass, modules.up, x), productOf(pass, modules.gate, x)];
  const { activation: kind } = pass.config;
  gatedMatmul(pass.gpu, { kind, up: grouped(pass, up), gate: grouped(pass, gate), out });
  return { up: up.c.tensor, gate: gate.c.tensor };
}

/** {@link linear} of three modules, the heads of queries and keys turned by their tokens' positions. */
export function rotatedLinears(
  pass: Pass,
  modules: {
    readonly query: ModuleParameters;
    readonly key: ModuleParameters;
    readonly value: ModuleParameters;
  },
  x: Tensor,
): { readonly query: Tensor; readonly key: Tensor; readonly value: Tensor } {
  const query = productOf(pass, modules.query, x);
  const key = productOf(pass, modules.key, x);
  const value = productOf(pass, modules.value, x);
  rotatedMatmul(pass.gpu, {
    ...{ query: grouped(pass, query), key: grouped(pass, key), value: grouped(pass, value) },
    ...{ positions: pass.batch.positions, table: pass.positionTable, headDim: pass.config.headDim },
  });
  return { query: query.c.tensor, key: key.c.tensor, value: value.c.tensor };
}

/** {@link linear} as a product into a new tensor that is not recorded yet. */
export function linearProduct(pass: Pass, module: ModuleParameters, x: Tensor): SetProduct {
  return grouped(pass, productOf(pass, module, x));
}

function productOf(pass: Pass, module: ModuleParameters, x: Tensor): ModuleProduct {
  const { name, weight, bias } = module;
  const out = pass.tensor([x.shape[0] ?? 0, weight.shape.at(-2) ?? 0], name);
  return {
    ...{ module, a: matrix(x), b: matrix(weight), c: matrix(out), transposeB: true },
    ...(bias ? { bias } : {}),
  };
}

/** A product of a module. */
interface ModuleProduct extends Omit<SetProduct, 'groups'> {
  readonly module: ModuleParameters;
}

/** Products of one layout: of all rows with one matrix, or of each group's with its own. */
function multiply(pass: Pass, products: readonly ModuleProduct[]): void {
  matmulSet(
    pass.gpu,
    products.map((product) => grouped(pass, product)),
  );
}

function grouped(pass: Pass, { module, ...product }: ModuleProduct): SetProduct {
  const groups = pass.groupsOf(module);
  return groups ? { ...product, groups } : product;
}

/** A linear layer and the gradient with respect to its output. */
export interface OutputGradient {
  readonly module: ModuleParameters;
  /** [rows, outputs]. */
  readonly gradOutput: Tensor;
}

/** With its input, of as many rows. */
interface LinearGradient extends OutputGradient {
  readonly x: Tensor;
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
    const gradBias = gradients.biasTarget(module);
    const sums = gradBias && { out: gradBias.tensor, accumulate: gradBias.accumulate };
    const goesAlong = sums && gradWeight && !pass.groupsOf(module);
    if (sums && !goesAlong) (pass.groupsOf(module) ? ofGroups : ofAll).push({ x: gradOutput, ...sums });
    if (!gradWeight) continue;
    products.push({
      ...{ module, a: matrix(gradOutput), b: matrix(x), c: matrix(gradWeight.tensor) },
      ...{ transposeA: true, accumulate: gradWeight.accumulate },
      ...(goesAlong ? { columnSums: sums } : {}),
    });
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
  const product = inputGradientOf(pass, module, gradOutput);
  multiply(pass, [product]);
  return product.c.tensor;
}

/** {@link linearInputGradient} of a layer that reads an activation of x: the gradient with respect to x. */
export function activatedInputGradient(
  pass: Pass,
  module: ModuleParameters,
  gradOutput: Tensor,
  x: Tensor,
): Tensor {
  const product = inputGradientOf(pass, module, gradOutput);
  const { activation: kind } = pass.config;
  activatedMatmul(pass.gpu, grouped(pass, product), { type: 'activation-gradient', kind, x });
  return product.c.tensor;
}

/** {@link linearInputGradient} of a layer that reads f(gate) up: the gradients with respect to both, all of one shape. */
export function gatedInputGradients(
  pass: Pass,
  module: ModuleParameters,
  gradOutput: Tensor,
  { gate, up }: { readonly gate: Tensor; readonly up: Tensor },
): { readonly gradGate: Tensor; readonly gradUp: Tensor } {
  const product = inputGradientOf(pass, module, gradOutput);
  const { activation: kind } = pass.config;
  const gradGate = pass.tensor(gate.shape, 'gradient of the gate');
  activatedMatmul(pass.gpu, grouped(pass, product), { type: 'gated-gradient', kind, gate, up, gradGate });
  return { gradGate, gradUp: product.c.tensor };
}

/** @param out a new tensor if absent */
function inputGradientOf(
  pass: Pass,
  module: ModuleParameters,
  gradOutput: Tensor,
  out?: Tensor,
): ModuleProduct {
  const { name, weight } = module;
  const shape = [gradOutput.shape[0] ?? 0, weight.shape.at(-1) ?? 0];
  const gradInput = out ?? pass.tensor(shape, `gradient of the input of ${name}`);
  return { module, a: matrix(gradOutput), b: matrix(weight), c: matrix(gradInput) };
}

/** As {@link linearInputGradient}, of layers that read the same: the sum, in their order. */
export function inputGradient(pass: Pass, layers: readonly OutputGradient[]): Tensor {
  const products = sumOfInputGradients(pass, layers);
  multiply(pass, products);
  return (products[0] as ModuleProduct).c.tensor;
}

/** As {@link inputGradient}, for `normBackward` and `attentionBackward`. */
export function inputGradientAddend(pass: Pass, layers: readonly OutputGradient[]): Addend {
  return addend(pass, sumOfInputGradients(pass, layers));
}

/** Adds {@link inputGradient} to a tensor. */
export function addInputGradient(pass: Pass, layers: readonly OutputGradient[], tensor: Tensor): void {
  const products = sumOfInputGradients(pass, layers, tensor);
  multiply(
    pass,
    products.map((product) => ({ ...product, accumulate: true })),
  );
}

/** @param out a new tensor if absent */
function sumOfInputGradients(pass: Pass, layers: readonly OutputGradient[], out?: Tensor): ModuleProduct[] {
  const [{ module, gradOutput }] = layers as readonly [OutputGradient];
  const first = inputGradientOf(pass, module, gradOutput, out);
  return layers.map((layer, i) => ({
    ...inputGradientOf(pass, layer.module, layer.gradOutput, first.c.tensor),
    accumulate: i > 0,
  }));
}
