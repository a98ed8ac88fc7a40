import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, type StorageType, memoizeKernel } from '../../runtime/kernel.ts';
import type { Operand, Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { hasLoneRows } from '../row-runs.ts';
import { type RowLayout, defineNormKernel, elementOf, rowGrid, rowLayout, rowLayouts } from './layout.ts';
import { vectorAngles } from '../rotary/angles-text.ts';

/** Vectors of heads that are normed: queries or keys. */
export interface NormedHeads {
  /** float32 [T, H D]. */
  readonly x: Tensor;
  /** float32 [D]. */
  readonly weight: Tensor;
}

/** What {@link rotatedNorm}, its backward and `rotatedNormMatmul` have in common. */
export interface Rotation {
  /** Added to the mean square. */
  readonly epsilon: number;
  /** uint32 [T], each below P. */
  readonly positions: Tensor;
  /** float32 [P, size / 2, 2]; see `rotaryTable`. */
  readonly table: Tensor;
}

/** Operands and options of {@link rotatedNorm}. */
export interface RotatedNormArguments extends Rotation {
  /** One or two, of one D; `out` is float32 [T, H D], a buffer of its own. */
  readonly heads: readonly (NormedHeads & { readonly out: Tensor })[];
}

/**
 * The RMS norm of each head and then its rotary positions, of queries and keys in one dispatch: bit for bit as `rmsNormForward`
 * and `rotateInPlace`. False, and nothing is recorded, where the adapter gains nothing by it or halves of heads are no whole
 * vectors.
 * @throws RangeError for sizes that do not agree
 */
export function rotatedNorm(gpu: Gpu, { heads, ...rotation }: RotatedNormArguments): boolean {
  if (!isTogether(gpu, heads, rotation)) return false;
  const own = heads.map(({ x, weight, out }) => ({ x, weight, out }));
  for (const { x, out } of own) requireAsLong('rotatedNorm', x, [out]);
  record(gpu, forwardKernel, own, { ...rotation, direction: 1 });
  return true;
}

/** Operands and options of {@link rotatedNormBackward}. */
export interface RotatedNormBackwardArguments extends Rotation {
  /** As in the forward; gradients are float32 [T, H D], `gradInput` a buffer of its own. */
  readonly heads: readonly (NormedHeads & { readonly gradOutput: Tensor; readonly gradInput: Tensor })[];
}

/**
 * Backward of {@link rotatedNorm} with respect to what is normed: `rotateInPlace` back and `rmsNormBackward`, bit for bit.
 * @throws RangeError for sizes that do not agree, and where `rotatedNorm` is false
 */
export function rotatedNormBackward(gpu: Gpu, { heads, ...rotation }: RotatedNormBackwardArguments): void {
  if (!isTogether(gpu, heads, rotation))
    throw new RangeError('rotatedNormBackward: of heads that rotatedNorm does not take');
  const own = heads.map(({ x, weight, gradOutput, gradInput }) => ({ x, weight, gradOutput, gradInput }));
  for (const { x, gradOutput, gradInput } of own)
    requireAsLong('rotatedNormBackward', x, [gradOutput, gradInput]);
  const bindings = own.length * 4 + 2;
  const fits = bindings <= gpu.device.limits.maxStorageBuffersPerShaderStage;
  for (const group of fits ? [own] : own.map((each) => [each]))
    record(gpu, backwardKernel, group, { ...rotation, direction: -1 });
}

/** Every kernel of rotated norms under a tuning. */
export function rotatedNormKernels(tuning: Tuning): Kernel[] {
  if (hasLoneRows(tuning)) return [];
  return rowLayouts(tuning).flatMap((layout) =>
    [1, 2].flatMap((groups) => [forwardKernel({ ...layout, groups }), backwardKernel({ ...layout, groups })]),
  );
}

/** Whether norms and rotations are made together: software adapters would run the text for both tensors in every lane. */
export function isTogether(gpu: Gpu, heads: readonly NormedHeads[], { positions, table }: Rotation): boolean {
  const [first] = heads;
  const half = table.shape[1] ?? 0;
  const width = first?.weight.length ?? 0;
  for (const { x, weight } of heads)
    if (weight.length !== width || x.length % (positions.length * width) !== 0 || 2 * half > width)
      throw new RangeError(
        `rotatedNorm: ${x.label} [${x.shape.join(', ')}] has no ${positions.length} rows of heads of ${width} with ${2 * half} rotated coordinates`,
      );
  if (hasLoneRows(gpu.tuning) || half < 1 || heads.length > 2) return false;
  return !rowLayout(gpu.tuning, width).vector || half % 4 === 0;
}

export function requireAsLong(op: string, x: Tensor, others: readonly Tensor[]): void {
  for (const other of others)
    if (other.length !== x.length)
      throw new RangeError(`${op}: ${other.label} does not match ${x.label} [${x.shape.join(', ')}]`);
}

function record(
  gpu: Gpu,
  kernelOf: (variant: Variant) => Kernel<string, string>,
  heads: readonly (NormedHeads & Readonly<Record<string, Tensor>>)[],
  { epsilon, positions, table, direction }: Rotation & { readonly direction: number },
): void {
  const width = heads[0]?.weight.length ?? 1;
  const layout = rowLayout(gpu.tuning, width);
  const perElement = layout.vector ? 4 : 1;
  const storage: Record<string, Operand> = {};
  const params: Record<string, number> = {};
  for (const [i, tensors] of heads.entries()) {
    for (const [name, tensor] of Object.entries(tensors)) storage[`${name}${i}`] = tensor;
    params[`heads${i}`] = tensors.x.length / (positions.length * width);
  }
  const rows = heads.reduce((sum, { x }) => sum + x.length / width, 0);
  const half = (table.shape[1] ?? 0) / perElement;
  gpu.dispatch(
    kernelOf({ ...layout, groups: heads.length }),
    { ...storage, positions, table },
    { ...params, ...{ rows, width, epsilon, half, direction, tokens: positions.length } },
    rowGrid(layout, rows),
  );
}

/** How many tensors a kernel takes in. */
type Variant = RowLayout & { readonly groups: number };

const SHARED_PARAMS = { epsilon: 'f32', half: 'u32', direction: 'f32', tokens: 'u32' } as const;

/** A row's `own` number among those of its tensor, `isSecond` where that is the second, and 1 / root mean square. */
const squared = (element: string): string => `
      let rows0 = params.tokens * params.heads0;
      let isSecond = index >= rows0;
      let own = select(index, index - rows0, isSecond) * width;
      var squares = ${element}();`;

/** A kernel over the heads of one or two tensors, each with all of these bindings. */
function define(
  name: string,
  { groups, ...layout }: Variant,
  bindings: readonly string[],
  body: (text: {
    readonly element: string;
    readonly each: (inner: string) => string;
    readonly totals: (variable: string) => string;
  }) => string,
): Kernel<string, string> {
  const element = elementOf(layout);
  const indices = Array.from({ length: groups }, (_, i) => i);
  const access = (binding: string): StorageType =>
    binding === 'out' || binding === 'gradInput' ? `&${element}` : element;
  const read = (binding: string, at: string): string =>
    groups === 1
      ? `${binding}0[${at}]`
      : `if (isSecond) { return ${binding}1[${at}]; }
      return ${binding}0[${at}]`;
  const heads = groups === 1 ? 'params.heads0' : 'select(params.heads0, params.heads1, isSecond)';
  return defineNormKernel<string, string>({
    name: `${name}.${groups}`,
    layout,
    sums: 1,
    storage: () => ({
      ...Object.fromEntries(
        bindings.flatMap((binding) => indices.map((i) => [`${binding}${i}`, access(binding)] as const)),
      ),
      positions: 'u32',
      table: layout.vector ? 'vec4<f32>' : 'vec2<f32>',
    }),
    params: {
      ...Object.fromEntries(indices.map((i) => [`heads${i}`, 'u32' as const])),
      ...SHARED_PARAMS,
    },
    declarations: bindings
      .filter((binding) => access(binding) === element)
      .map(
        (binding) => `
    fn ${binding}At(isSecond: bool, at: u32) -> ${element} {
      ${groups === 1 ? 'return ' : ''}${read(binding, 'at')};
    }
`,
      )
      .join(''),
    body: ({ each, totals }) => `${squared(element)}
      ${each(`let value = xAt(isSecond, own + c); squares += value * value;`)}
      let inverse = 1.0 / sqrt(${totals('squares')} / f32(params.width) + params.epsilon);
      let position = positions[min(own / width / ${heads}, params.tokens - 1u)];
      ${body({ element, each, totals })}`,
  });
}

/**
 * WGSL: declares `result`, what becomes of `value` at `c` as its pair is turned; `partner` is what makes the other element of the
 * pair, which it sees as `other`.
 */
export function turned({ vector }: Pick<RowLayout, 'vector'>, partner: string): string {
  const angles = vector
    ? `let first = (position * params.half + c % params.half) * 2u;
        ${vectorAngles('first', 'params.direction')}`
    : `let angle = table[position * params.half + c % params.half];
        let cosine = angle.x;
        let sine = params.direction * angle.y;`;
  return `
        var result = value;
        if (c < 2u * params.half) {
          let isFirst = c < params.half;
          let other = select(c - params.half, c + params.half, isFirst);
          let partner = ${partner};
          ${angles}
          result = select(value * cosine + partner * sine, value * cosine - partner * sine, isFirst);
        }`;
}

/** WGSL: stores `value` in the tensor that the row is of. */
function store(binding: string, { groups }: Variant, value: string): string {
  if (groups === 1) return `${binding}0[own + c] = ${value};`;
  return `if (isSecond) { ${binding}1[own + c] = ${value}; } else { ${binding}0[own + c] = ${value}; }`;
}

const forwardKernel = memoizeKernel((variant: Variant) =>
  define('rms-norm.rotated', variant, ['x', 'weight', 'out'], ({ each }) =>
    each(`let value = xAt(isSecond, own + c) * inverse * weightAt(isSecond, c);
        ${turned(variant, 'xAt(isSecond, own + other) * inverse * weightAt(isSecond, other)')}
        ${store('out', variant, 'result')}`),
  ),
);

const backwardKernel = memoizeKernel((variant: Variant) => {
  const scaled = `let value = gradOutputAt(isSecond, own + c);
        ${turned(variant, 'gradOutputAt(isSecond, own + other)')}
        let scaled = result * weightAt(isSecond, c);
        let normalized = xAt(isSecond, own + c) * inverse;`;
  return define(
    'rms-norm.rotated.input-gradient',
    variant,
    ['x', 'weight', 'gradOutput', 'gradInput'],
    ({ element, each, totals }) => `
      var productSum = ${element}();
      ${each(`${scaled}
        productSum += scaled * normalized;`)}
      let means = ${totals('productSum')} / f32(params.width);
      ${each(`${scaled}
        ${store('gradInput', variant, 'inverse * (scaled - normalized * means)')}`)}`,
  );
});
