import type { Gpu } from '../runtime/gpu.ts';
import type { Scope } from '../runtime/scope.ts';
import type { Tensor } from '../runtime/tensor.ts';
import type { MatmulLayout } from '../runtime/tuning.ts';
import { groupedMatmul } from '../kernels/matmul/grouped.ts';
import { matmul } from '../kernels/matmul/matmul.ts';
import type { Matrix } from '../kernels/matmul/matrix.ts';
import { type SetProduct, matmulSet } from '../kernels/matmul/set.ts';
import { columnSum } from '../kernels/reduction/column-sum.ts';
import type { RowGroups } from '../kernels/row-groups.ts';
import { exactly, placement, transposesOf, viewAtEnd } from './matrix-products.ts';
import { TestRandom } from './random.ts';

/** Which of the products have matrices for each group. */
export const PATTERNS: Readonly<Record<string, readonly boolean[]>> = {
  pp: [false, false],
  ppp: [false, false, false],
  gg: [true, true],
  ggg: [true, true, true],
  pgg: [false, true, true],
};

/** What products of a set are like. */
export interface SetShape {
  readonly layout: MatmulLayout;
  readonly pattern: readonly boolean[];
  readonly groups: RowGroups;
  readonly widths: readonly number[];
  readonly inner: number;
  readonly bias: boolean;
  readonly accumulate: boolean;
  /** Whether columns of A are summed as well, in TN and of products without groups. */
  readonly sums?: boolean;
  readonly seed: number;
}

/** Products and where their numbers are. */
export interface Made {
  readonly products: readonly SetProduct[];
  /** Contents of A, B and the bias of each, packed. */
  readonly factors: readonly { a: Float32Array; b: Float32Array; bias: Float32Array }[];
  readonly outputs: readonly Matrix[];
  /** Where column sums go. */
  readonly sums: readonly Tensor[];
}

/**
 * Products as a decoder has them: with one A for outputs of several widths (NT), added up into one C (NN), with one B (TN).
 * Operands lie at the end of buffers of just their size, between NaNs; C is NaN.
 */
export function make(
  gpu: Gpu,
  scope: Scope,
  { layout, pattern, groups, widths, inner, bias, accumulate, sums = false, seed }: SetShape,
): Made {
  const random = new TestRandom(seed);
  const { rows } = groups;
  const upload = (
    height: number,
    columns: number,
    { fill, whole = false }: { readonly fill?: number | undefined; readonly whole?: boolean } = {},
  ): { data: Float32Array; view: Matrix } => {
    const data =
      fill === undefined ? random.normal(height * columns) : new Float32Array(height * columns).fill(fill);
    const place = whole ? { offset: 0, stride: columns } : placement(columns, columns % 4 === 0);
    const values = { rows: height, columns, data };
    return { data, view: viewAtEnd(gpu, scope, values, place, 'float32') };
  };
  const output = (height: number, columns: number): Matrix =>
    upload(height, columns, { fill: accumulate ? undefined : NaN }).view;
  const common = { NT: upload(rows, inner), NN: undefined, TN: upload(rows, inner) }[layout];
  const summed = layout === 'NN' ? output(rows, inner) : undefined;
  const made = pattern.map((grouped, i) => {
    const width = widths[i]!;
    const each = grouped ? groups.counts.length : 1;
    const isSummed = sums && layout === 'TN' && !grouped;
    const a = layout === 'NT' ? common! : upload(rows, width, { whole: isSummed });
    const b = layout === 'TN' ? common! : upload(each * width, inner);
    const c = { NT: () => output(rows, width), NN: () => summed!, TN: () => output(each * width, inner) }[
      layout
    ]();
    const values = random.normal(each * (layout === 'NT' ? width : inner));
    const tensor = exactly(gpu, scope, values.length);
    gpu.write(tensor, values);
    const out = isSummed ? exactly(gpu, scope, width) : undefined;
    if (out) gpu.write(out, accumulate ? random.normal(width) : new Float32Array(width).fill(NaN));
    const product: SetProduct = {
      ...(out ? { columnSums: { out, accumulate } } : {}),
      ...{ a: a.view, b: b.view, c, ...transposesOf(layout) },
      accumulate: accumulate || (layout === 'NN' && i > 0),
      ...(bias ? { bias: tensor } : {}),
      ...(grouped ? { groups } : {}),
    };
    return { product, factors: { a: a.data, b: b.data, bias: values }, c };
  });
  return {
    products: made.map(({ product }) => product),
    factors: made.map(({ factors }) => factors),
    outputs: summed ? [summed] : made.map(({ c }) => c),
    sums: made.flatMap(({ product }) => product.columnSums?.out ?? []),
  };
}

/** Dispatches that a set records on a device; nothing runs. */
export function dispatches(device: Gpu, products: readonly SetProduct[]): number {
  let count = 0;
  device.dispatch = () => void count++;
  try {
    matmulSet(device, products);
  } finally {
    Reflect.deleteProperty(device, 'dispatch');
  }
  return count;
}

/** The products without sets. */
export function oneAfterTheOther(device: Gpu, products: readonly SetProduct[]): void {
  for (const { groups, columnSums, ...product } of products) {
    if (groups) groupedMatmul(device, { ...product, groups });
    else matmul(device, product);
    if (columnSums) columnSum(device, { x: product.a.tensor, ...columnSums });
  }
}
