import { groupedMatmul } from '../kernels/matmul/grouped.ts';
import type { MatmulArguments } from '../kernels/matmul/arguments.ts';
import { matmul } from '../kernels/matmul/matmul.ts';
import { type Matrix, matrix, sliceRows } from '../kernels/matmul/matrix.ts';
import type { ReferenceMatrix } from '../kernels/matmul/reference.ts';
import { RowGroups } from '../kernels/row-groups.ts';
import type { Gpu } from '../runtime/gpu.ts';
import type { Scope } from '../runtime/scope.ts';
import type { MatmulLayout } from '../runtime/tuning.ts';
import { expectSameBits } from './closeness.ts';
import {
  ADDITIONS,
  type Additions,
  type Placement,
  type Placements,
  UNTOUCHED,
  exactly,
  transposesOf,
  viewAtEnd,
} from './matrix-products.ts';
import { TestRandom } from './random.ts';

/** What a grouped product is of, on the host. B holds numbers that float16 holds. */
export interface GroupedFactors {
  readonly layout: MatmulLayout;
  /** Rows of each group. */
  readonly counts: readonly number[];
  readonly a: ReferenceMatrix;
  readonly b: ReferenceMatrix;
  /** C before the call. */
  readonly c: ReferenceMatrix;
  /** [G, n]. */
  readonly bias: Float32Array;
}

/** @param shape n and k; with a transposed A n and m */
export function randomGroups(
  layout: MatmulLayout,
  counts: readonly number[],
  [n, k]: readonly [number, number],
  seed: number,
): GroupedFactors {
  const random = new TestRandom(seed);
  const dense = (rows: number, columns: number, round = (x: number): number => x): ReferenceMatrix => ({
    ...{ rows, columns },
    data: random.normal(rows * columns).map(round),
  });
  const [groups, rows] = [counts.length, counts.reduce((sum, count) => sum + count, 0)];
  const b = { NN: [groups * k, n], NT: [groups * n, k], TN: [rows, n] }[layout] as [number, number];
  return {
    ...{ layout, counts },
    a: dense(rows, k),
    b: dense(...b, Math.f16round),
    c: layout === 'TN' ? dense(groups * k, n) : dense(rows, n),
    bias: random.normal(groups * n),
  };
}

/**
 * C of a grouped product by `device`, packed. Operands lie at the end of buffers of just their size, between NaNs; C is NaN
 * before the call where nothing is added to it. Fails if anything beside C was written.
 */
export async function groupedProduct(
  device: Gpu,
  factors: GroupedFactors,
  placements: Placements,
  additions: Additions,
  options: Pick<MatmulArguments, 'regime'> = {},
): Promise<Float32Array> {
  using scope = device.scope();
  using groups = new RowGroups(device, factors.counts);
  const operands = uploaded(device, scope, factors, placements);
  const bias = uploadedBias(device, scope, factors);
  const c = target(device, scope, factors.c, placements.c, additions);
  groupedMatmul(device, {
    ...operands,
    ...{ c: c.matrix, groups, accumulate: additions.accumulate },
    ...(additions.bias ? { bias } : {}),
    ...options,
  });
  return takeFrom(device, c, factors.c, placements.c);
}

/** The same as a product for each group, one for each of `additions`: dense, or where the operands of `places` lie. */
export async function oneByOne(
  device: Gpu,
  factors: GroupedFactors,
  additions: readonly Additions[] = ADDITIONS,
  places?: Placements,
  options: Pick<MatmulArguments, 'regime'> = {},
): Promise<Float32Array[]> {
  const { layout, counts, bias: values, c: before } = factors;
  using scope = device.scope();
  const dense = (m: ReferenceMatrix): Matrix =>
    matrix(scope.upload(Float32Array.from(m.data), [m.rows, m.columns]));
  const { a, b, ...transposes } = places
    ? uploaded(device, scope, factors, places)
    : { a: dense(factors.a), b: dense(factors.b), ...transposesOf(layout) };
  const n = before.columns;
  const rowsEach = (layout === 'TN' ? before : factors.b).rows / counts.length;
  const results: Float32Array[] = [];
  for (const own of additions) {
    const c = places
      ? target(device, scope, before, places.c, own).matrix
      : dense(own.accumulate ? before : { ...before, data: new Float32Array(before.data.length).fill(NaN) });
    for (const [g, count] of counts.entries()) {
      const start = counts.slice(0, g).reduce((sum, rows) => sum + rows, 0);
      const run = (m: Matrix): Matrix => sliceRows(m, start, count);
      const one = (m: Matrix): Matrix => sliceRows(m, g * rowsEach, rowsEach);
      const bias = scope.upload(values.slice(g * n, (g + 1) * n), [n]);
      matmul(device, {
        ...transposes,
        ...(layout === 'TN' ? { a: run(a), b: run(b), c: one(c) } : { a: run(a), b: one(b), c: run(c) }),
        accumulate: own.accumulate,
        ...(own.bias ? { bias } : {}),
        ...options,
      });
    }
    results.push(crop(await device.read(c.tensor), before, c));
  }
  return results;
}

function uploaded(device: Gpu, scope: Scope, { layout, a, b }: GroupedFactors, places: Placements) {
  return {
    a: viewAtEnd(device, scope, a, places.a, 'float32'),
    b: viewAtEnd(device, scope, b, places.b, places.dtypeB),
    ...transposesOf(layout),
  };
}

function uploadedBias(device: Gpu, scope: Scope, { bias }: GroupedFactors) {
  const tensor = exactly(device, scope, bias.length);
  device.write(tensor, bias);
  return tensor;
}

/** C in a buffer of just its size, and that buffer's contents. */
interface Target {
  readonly matrix: Matrix;
  readonly before: Float32Array;
}

function target(
  device: Gpu,
  scope: Scope,
  { rows, columns, data }: ReferenceMatrix,
  { offset, stride }: Placement,
  { accumulate }: Additions,
): Target {
  const before = new Float32Array(offset + (rows - 1) * stride + columns).fill(UNTOUCHED);
  for (let i = 0; i < rows * columns; i++)
    before[offset + Math.floor(i / columns) * stride + (i % columns)] = accumulate ? (data[i] ?? NaN) : NaN;
  const tensor = exactly(device, scope, before.length);
  device.write(tensor, before);
  return { matrix: { tensor, rows, columns, offset, stride }, before };
}

/** Reads C and fails if anything around it differs from what it was. */
async function takeFrom(
  device: Gpu,
  { matrix: m, before }: Target,
  shape: ReferenceMatrix,
  place: Placement,
): Promise<Float32Array> {
  const after = await device.read(m.tensor);
  const product = crop(after, shape, place);
  for (let i = 0; i < product.length; i++)
    before[place.offset + Math.floor(i / shape.columns) * place.stride + (i % shape.columns)] = product[i]!;
  expectSameBits(after, before, 'beside C');
  return product;
}

function crop(
  values: Float32Array,
  { rows, columns }: ReferenceMatrix,
  { offset, stride }: Placement,
): Float32Array {
  return Float32Array.from(
    { length: rows * columns },
    (_, i) => values[offset + Math.floor(i / columns) * stride + (i % columns)] ?? NaN,
  );
}
