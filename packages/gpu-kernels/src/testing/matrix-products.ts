import { expect } from 'vitest';
import type { MatmulArguments } from '../kernels/matmul/arguments.ts';
import { matmul } from '../kernels/matmul/matmul.ts';
import type { Matrix } from '../kernels/matmul/matrix.ts';
import { type ReferenceMatrix, matmulReference } from '../kernels/matmul/reference.ts';
import type { Gpu } from '../runtime/gpu.ts';
import type { Scope } from '../runtime/scope.ts';
import type { MatmulLayout } from '../runtime/tuning.ts';
import { expectSameBits } from './closeness.ts';
import { TestRandom } from './random.ts';

/** The factors of a product and what is added to it, on the host. B holds numbers that float16 holds. */
export interface Factors {
  readonly layout: MatmulLayout;
  /** m, n and k. */
  readonly shape: readonly [number, number, number];
  /** [m, k], or [k, m] in TN. */
  readonly a: ReferenceMatrix;
  /** [k, n], or [n, k] in NT. */
  readonly b: ReferenceMatrix;
  /** [n]. */
  readonly bias: Float32Array;
  /** [m, n]: C before the call, where it is added to. */
  readonly previous: Float32Array;
}

/** Where a matrix begins in its buffer and how far its rows lie apart, in elements. */
export interface Placement {
  readonly offset: number;
  readonly stride: number;
}

/** How the operands of a product lie in memory. */
export interface Placements {
  readonly a: Placement;
  readonly b: Placement;
  readonly c: Placement;
  readonly dtypeB: 'float32' | 'float16';
}

/** What is added to a product. */
export interface Additions {
  readonly bias: boolean;
  readonly accumulate: boolean;
}

/** All that can be added. */
export const ADDITIONS: readonly Additions[] = [false, true].flatMap((bias) =>
  [false, true].map((accumulate) => ({ bias, accumulate })),
);

export const LAYOUTS: readonly MatmulLayout[] = ['NN', 'NT', 'TN'];

/** What lies around C. */
export const UNTOUCHED = 12345;

export function transposesOf(layout: MatmulLayout): { transposeA: boolean; transposeB: boolean } {
  return { transposeA: layout === 'TN', transposeB: layout === 'NT' };
}

export function randomFactors(layout: MatmulLayout, shape: Factors['shape'], seed: number): Factors {
  const [m, n, k] = shape;
  const random = new TestRandom(seed);
  const dense = (rows: number, columns: number, round = (x: number): number => x): ReferenceMatrix => ({
    ...{ rows, columns },
    data: random.normal(rows * columns).map(round),
  });
  return {
    layout,
    shape,
    a: layout === 'TN' ? dense(k, m) : dense(m, k),
    b: layout === 'NT' ? dense(n, k, Math.f16round) : dense(k, n, Math.f16round),
    bias: random.normal(n),
    previous: random.normal(m * n),
  };
}

/** The factors of the first m rows and n columns of the product. */
export function cropFactors(factors: Factors, m: number, n: number): Factors {
  const { layout, shape, a, b, bias, previous } = factors;
  const [, columns, k] = shape;
  return {
    layout,
    shape: [m, n, k],
    a: layout === 'TN' ? crop(a, k, m) : crop(a, m, k),
    b: layout === 'NT' ? crop(b, n, k) : crop(b, k, n),
    bias: bias.subarray(0, n),
    previous: Float32Array.from(crop({ rows: shape[0], columns, data: previous }, m, n).data),
  };
}

/** The first rows and columns of a matrix. */
export function crop(whole: ReferenceMatrix, rows: number, columns: number): ReferenceMatrix {
  const data = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) data[r * columns + c] = whole.data[r * whole.columns + c] ?? NaN;
  }
  return { rows, columns, data };
}

/** Where a matrix of so many columns lies if all its vectors are whole, or none. */
export function placement(columns: number, vectors: boolean): Placement {
  return vectors
    ? { offset: 12, stride: Math.ceil(columns / 4) * 4 + 8 }
    : { offset: 7, stride: columns + 5 + (columns % 2) };
}

/** The product in float64 with what is added to it. */
export function expectedProduct(factors: Factors, { bias, accumulate }: Additions): Float64Array {
  return matmulReference(factors.a, factors.b, {
    ...transposesOf(factors.layout),
    ...(bias ? { bias: factors.bias } : {}),
    ...(accumulate ? { previous: factors.previous } : {}),
  });
}

/** What kernels make of the sums over k: bias and previous contents are added in this order, each time rounded. */
export function withAdditions(
  sums: ArrayLike<number>,
  { shape: [, n], bias, previous }: Factors,
  additions: Additions,
): Float32Array {
  const results = new Float32Array(sums.length);
  for (let i = 0; i < results.length; i++) {
    results[i] = sums[i] ?? NaN;
    if (additions.bias) results[i] = results[i]! + bias[i % n]!;
    if (additions.accumulate) results[i] = results[i]! + previous[i]!;
  }
  return results;
}

/**
 * Products by `device`, one for each of `additions`. Operands lie at the end of buffers of just their size, between NaNs;
 * C is NaN before the call where nothing is added to it. Fails if anything beside C was written.
 * @returns [m, n] each
 */
export async function productsInViews(
  device: Gpu,
  factors: Factors,
  placements: Placements,
  additions: readonly Additions[],
  options: Pick<MatmulArguments, 'regime'> = {},
): Promise<Float32Array[]> {
  const { layout, a, b, previous } = factors;
  const [m, n] = factors.shape;
  const { offset, stride } = placements.c;
  using scope = device.scope();
  const operands = {
    a: viewAtEnd(device, scope, a, placements.a, 'float32'),
    b: viewAtEnd(device, scope, b, placements.b, placements.dtypeB),
    ...transposesOf(layout),
    ...options,
  };
  const bias = exactly(device, scope, factors.bias.length);
  device.write(bias, factors.bias);
  // One below the other.
  const rows = m * additions.length;
  const before = new Float32Array(offset + (rows - 1) * stride + n).fill(UNTOUCHED);
  const place = (i: number, r: number): number => offset + (i * m + r) * stride;
  for (const [i, { accumulate }] of additions.entries()) {
    for (let r = 0; r < m; r++) {
      const row = accumulate ? previous.subarray(r * n, (r + 1) * n) : new Float32Array(n).fill(NaN);
      before.set(row, place(i, r));
    }
  }
  const tensor = exactly(device, scope, before.length);
  device.write(tensor, before);
  for (const [i, { bias: biased, accumulate }] of additions.entries()) {
    const c: Matrix = { tensor, rows: m, columns: n, offset: place(i, 0), stride };
    matmul(device, { ...operands, c, accumulate, ...(biased ? { bias } : {}) });
  }
  const after = await device.read(tensor);
  const products = additions.map((_, i) => {
    const product = new Float32Array(m * n);
    for (let r = 0; r < m; r++) {
      const at = place(i, r);
      product.set(after.subarray(at, at + n), r * n);
      before.set(after.subarray(at, at + n), at);
    }
    return product;
  });
  // With C taken from there.
  expectSameBits(after, before);
  return products;
}

/** A view whose last element is its buffer's last; all other elements are NaN. */
export function viewAtEnd(
  device: Gpu,
  scope: Scope,
  { rows, columns, data }: ReferenceMatrix,
  { offset, stride }: Placement,
  dtype: Placements['dtypeB'],
): Matrix {
  expect(stride).toBeGreaterThanOrEqual(columns);
  const values = new Float32Array(offset + (rows - 1) * stride + columns).fill(NaN);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) values[offset + r * stride + c] = data[r * columns + c] ?? NaN;
  }
  const tensor = exactly(device, scope, values.length, dtype);
  if (dtype === 'float32') device.write(tensor, values);
  else {
    // `write` refuses what is no number in float16.
    const halves = new Float16Array(Math.ceil(values.length / 2) * 2).fill(NaN);
    halves.set(values);
    device.flush();
    device.device.queue.writeBuffer(tensor.buffer, 0, halves.buffer);
  }
  return { tensor, rows, columns, offset, stride };
}

export function exactly(device: Gpu, scope: Scope, length: number, dtype: Placements['dtypeB'] = 'float32') {
  return scope.own(device.tensor([length], { exact: true, dtype }));
}
