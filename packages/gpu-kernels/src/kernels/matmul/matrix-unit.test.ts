import { describe, expect, test } from 'vitest';
import { MATRIX_UNITS } from '../../runtime/matrix-units.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import {
  type Factors,
  cropFactors,
  expectedProduct,
  placement,
  randomFactors,
} from '../../testing/matrix-products.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { worstBankConflict, worstSectorUse } from '../../testing/wgsl-host/accesses.ts';
import { type Access, runOnHost } from '../../testing/wgsl-host/run.ts';
import { translate } from '../../testing/wgsl-host/translate.ts';
import { type MatrixUnitVariant, matrixUnitMatmul, matrixUnitTile } from './matrix-unit-kernel.ts';
import { rowScalesReference } from './reference.ts';

/*
 * No adapter here has matrix units: the text of each kernel runs on the host, where a matrix is multiplied in float32, term
 * by term. What differs on hardware is the order of sums.
 */

const EVERYTHING = { bias: true, accumulate: true };

const VARIANTS: readonly MatrixUnitVariant[] = MATRIX_UNITS.flatMap((units) =>
  (['float32', 'float16'] as const).flatMap((dtypeB) =>
    [true, false].map((vectorC) => ({ units, dtypeB, vectorC })),
  ),
);
const named = VARIANTS.map((variant) => [matrixUnitMatmul(variant).label, variant] as const);
/** Whose factors are both two float16 each. */
const SPLIT = VARIANTS.find(({ units, dtypeB }) => units.component === 'f16' && dtypeB === 'float32')!;

/** The product by the text of a kernel, operands at the end of buffers of just their size, between NaNs. */
function productOnHost(
  variant: MatrixUnitVariant,
  { shape: [m, n, k], ...factors }: Factors,
  { wgsl = matrixUnitMatmul(variant).wgsl, aligned = false } = {},
): { readonly product: Float32Array; readonly accesses: readonly Access[] } {
  const place = (columns: number, vectors = true) =>
    aligned ? { offset: 0, stride: columns } : placement(columns, vectors);
  const places = { a: place(k), b: place(k), c: place(n, variant.vectorC) };
  const lying = (
    rows: number,
    columns: number,
    data: ArrayLike<number>,
    { offset, stride }: typeof places.a,
  ) => {
    const values = new Float32Array(offset + (rows - 1) * stride + columns).fill(NaN);
    for (let i = 0; i < rows * columns; i++)
      values[offset + Math.floor(i / columns) * stride + (i % columns)] = data[i] ?? NaN;
    return values;
  };
  const full = lying(n, k, factors.b.data, places.b);
  const halves = new Float16Array(full);
  const c = lying(m, n, factors.previous, places.c);
  const { rows, columns } = matrixUnitTile(variant);
  const accesses: Access[] = [];
  runOnHost(wgsl, {
    storage: {
      a: lying(m, k, factors.a.data, places.a),
      b: variant.dtypeB === 'float16' ? new Uint32Array(halves.buffer) : full,
      ...{ bias: factors.bias, c },
      ...{ scalesA: rowScalesReference(factors.a), scalesB: rowScalesReference(factors.b) },
    },
    params: {
      ...{ m, n, k, biasOffset: 0, workgroupsPerRow: 0, useBias: 1, accumulate: 1 },
      ...{ aOffset: places.a.offset, aStride: places.a.stride },
      ...{ bOffset: places.b.offset, bStride: places.b.stride },
      ...{ cOffset: places.c.offset, cStride: places.c.stride },
    },
    // One workgroup more than there are tiles, as where a grid is folded.
    workgroups: [Math.ceil(m / rows) * Math.ceil(n / columns) + 1, 1],
    onAccess: (access) => accesses.push(access),
  });
  const product = new Float32Array(m * n);
  for (let i = 0; i < m * n; i++)
    product[i] = c[places.c.offset + Math.floor(i / n) * places.c.stride + (i % n)] ?? NaN;
  return { product, accesses };
}

/** Not quite a tile of rows, a little more than one of columns, and k as ragged as may be. */
function raggedShape(variant: MatrixUnitVariant): Factors['shape'] {
  const { rows, columns, depth } = matrixUnitTile(variant);
  return [rows - 5, columns + (variant.vectorC ? 4 : 5), depth + 4];
}

describe('on the host', () => {
  test.each(named)(
    '%s multiplies, within its buffers, and nobody reads what another is writing',
    (_label, variant) => {
      const factors = randomFactors('NT', raggedShape(variant), 1);
      const { product } = productOnHost(variant, factors);
      expectClose(product, expectedProduct(factors, EVERYTHING), tolerances.matmul.f32, 6);
    },
  );

  test.each(MATRIX_UNITS.map((units) => [units.component, units] as const))(
    '%s: a row has the same bits whatever rows stand beside it, and few rows, columns and steps are enough',
    (_component, units) => {
      const variant = { units, dtypeB: 'float32', vectorC: false } as const;
      const factors = randomFactors('NT', [70, 5, 44], 2);
      const { product } = productOnHost(variant, factors);
      for (const m of [33, 1])
        expectSameBits(
          productOnHost(variant, cropFactors(factors, m, 5)).product,
          product.subarray(0, m * 5),
        );
      const small = randomFactors('NT', [1, 1, 4], 3);
      expectClose(
        productOnHost(variant, small).product,
        expectedProduct(small, EVERYTHING),
        tolerances.matmul.f32,
        2,
      );
    },
  );
});

/** Largest error of a row of a product without additions, by its largest term. */
function worstError(factors: Factors, wgsl?: string): number {
  const { shape, a, b } = factors;
  const [m, n, k] = shape;
  const plain = { ...factors, bias: new Float32Array(n), previous: new Float32Array(m * n) };
  const { product } = productOnHost(SPLIT, plain, wgsl === undefined ? {} : { wgsl });
  const expected = expectedProduct(plain, { bias: false, accumulate: false });
  const most = (data: ArrayLike<number>, row: number): number =>
    Math.max(...Array.from({ length: k }, (_, i) => Math.abs(data[row * k + i] ?? NaN)));
  const errors = Array.from(product, (value, i) => {
    const term = most(a.data, Math.floor(i / n)) * most(b.data, i % n);
    return Math.abs(value - (expected[i] ?? NaN)) / term;
  });
  return Math.max(...errors);
}

describe('factors in two halves', () => {
  const scaled = (exponents: readonly number[]): Factors => {
    const factors = randomFactors('NT', [8, 8, 4], 4);
    const times = (matrix: Factors['a']) => ({
      ...matrix,
      data: Float32Array.from(
        matrix.data,
        (x, i) => x * 2 ** (exponents[Math.floor(i / 4) % exponents.length] ?? 0),
      ),
    });
    return { ...factors, a: times(factors.a), b: times({ ...factors.b, data: factors.a.data }) };
  };

  test('have the error of float32, which one half has not', () => {
    const factors = scaled([0]);
    expect(worstError(factors)).toBeLessThan(2 ** -21);
    const { wgsl } = matrixUnitMatmul(SPLIT);
    const high = wgsl.replaceAll(/vec4<f16>\(scaled - vec4<f32>\(hi\)\)/g, 'vec4<f16>()');
    expect(high).not.toBe(wgsl);
    expect(worstError(factors, high)).toBeGreaterThan(2 ** -14);
  });

  test('have it for rows of any magnitude: nothing is too large for float16', () => {
    expect(worstError(scaled([0, 60, -60, 24, 16, -20, 3, -5]))).toBeLessThan(2 ** -21);
  });

  test('are no numbers where a factor is none, and only there', () => {
    const factors = randomFactors('NT', [3, 4, 8], 5);
    const data = Float32Array.from(factors.a.data);
    data[8] = Infinity;
    const { product } = productOnHost(SPLIT, { ...factors, a: { ...factors.a, data } });
    for (const [i, value] of product.entries()) expect(Number.isFinite(value)).toBe(Math.floor(i / 4) !== 1);
  });
});

describe.each(named.filter(([, { vectorC }]) => vectorC))('%s', (_label, variant) => {
  const tile = matrixUnitTile(variant);
  const { rows, columns, depth, padding } = tile;
  const { component, size } = variant.units;
  const bytes = component === 'f16' ? 2 : 4;

  test('what is stored meets in no bank, and memory gives whole sectors, each element once', () => {
    const factors = randomFactors('NT', [rows, columns, depth], 6);
    const { accesses } = productOnHost(variant, factors, { aligned: true });
    const slabs = accesses.filter(
      ({ space, memory, kind }) => space === 'workgroup' && memory !== 'results' && kind === 'store',
    );
    expect(slabs.length).toBeGreaterThan(0);
    expect(worstBankConflict(slabs, bytes)).toBe(1);
    const results = accesses.filter(({ memory, kind }) => memory === 'results' && kind === 'load');
    expect(worstBankConflict(results)).toBe(1);
    const operands = accesses.filter(({ memory }) => ['a', 'b', 'c'].includes(memory));
    expect(worstSectorUse(operands)).toBe(1);
    const loads = operands.filter(({ memory, kind }) => memory !== 'c' && kind === 'load');
    expect(loads).toHaveLength(((rows + columns) * depth) / 4);
  });

  test('eight rows of a matrix, 16 bytes of each, lie in banks of their own', () => {
    const words = ((depth + padding) * bytes) / 4;
    const banks = Array.from({ length: 8 }, (_, row) =>
      [0, 1, 2, 3].map((word) => (row * words + word) % 32),
    );
    expect(new Set(banks.flat()).size).toBe(32);
  });

  test('keeps to the workgroup memory and the registers that there are, and to loops that end', () => {
    const { memories, openLoops } = translate(matrixUnitMatmul(variant).wgsl);
    const used = memories
      .filter(({ space }) => space === 'workgroup')
      .reduce((sum, { name, size: length = 0 }) => sum + length * 4 * (name === 'results' ? 4 : bytes), 0);
    expect(used).toBeLessThanOrEqual(component === 'f16' ? 38_912 : 11_264);
    const [high, wide] = [rows / tile.subgroups[0] / size, columns / tile.subgroups[1] / size];
    // Sums of a lane.
    expect((high * wide * size * size) / 32).toBeLessThanOrEqual(64);
    expect(openLoops[0]).toBe('step <= slabs');
  });
});
