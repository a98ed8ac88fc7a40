import { describe, expect, test } from 'vitest';
import { type StagedTile, TILED_MATMULS, type TiledMatmul } from '../../runtime/tiled-tuning.ts';
import type { MatmulLayout } from '../../runtime/tuning.ts';
import { expectClose } from '../../testing/closeness.ts';
import {
  type Factors,
  LAYOUTS,
  expectedProduct,
  placement,
  randomFactors,
  transposesOf,
} from '../../testing/matrix-products.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { worstBankConflict, worstSectorUse } from '../../testing/wgsl-host/accesses.ts';
import { type Access, runOnHost } from '../../testing/wgsl-host/run.ts';
import { translate } from '../../testing/wgsl-host/translate.ts';
import { widthOf } from '../../testing/wgsl-host/types.ts';
import { PARTIAL_SUMS } from './partial-sums.ts';
import { type TiledVariant, type VectorAccess, tiledMatmul } from './tiled.ts';

/*
 * What a GPU would punish, and what no adapter here can show: the text of each kernel runs on the host, where an
 * address outside of a buffer fails, as does an access between the wrong barriers.
 */

const EVERYTHING = { bias: true, accumulate: true };

const tuning = Object.values<TiledMatmul>(TILED_MATMULS);
const distinct = <T>(values: readonly T[]): T[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
];
const TILES: readonly { readonly tile: StagedTile; readonly chunked: boolean }[] = distinct([
  ...tuning.flatMap(({ tiles }) =>
    tiles.map(({ rows, columns, perInvocation }) => ({
      tile: { rows, columns, perInvocation },
      chunked: false,
    })),
  ),
  ...tuning.map(({ training: { tile } }) => ({ tile, chunked: true })),
]).sort((one, other) => one.tile.rows * one.tile.columns - other.tile.rows * other.tile.columns);
const SMALLEST = TILES[0]!;

const accessesOf = (layout: MatmulLayout): VectorAccess[] => [
  'all',
  layout === 'NT' ? 'not-c' : 'not-a',
  'none',
];

interface HostProduct {
  readonly sums: Float32Array;
  readonly accesses: readonly Access[];
}

/** A product by the text of a kernel, operands at the end of buffers of just their size, between NaNs. */
function productOnHost(
  variant: TiledVariant,
  { shape: [m, n, k], ...factors }: Factors,
  { aligned = false, chunkSlabs = 2, parts = 1 } = {},
): HostProduct {
  const whole = {
    a: variant.access === 'all' || variant.access === 'not-c',
    b: variant.access !== 'none',
    c: variant.access === 'all' || variant.access === 'not-a',
  };
  const dense = (columns: number) => ({ offset: 0, stride: columns });
  const places = {
    a: aligned ? dense(factors.a.columns) : placement(factors.a.columns, whole.a),
    b: aligned ? dense(factors.b.columns) : placement(factors.b.columns, whole.b),
    c: aligned || parts > 1 ? dense(n) : placement(n, whole.c),
  };
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
  const a = lying(factors.a.rows, factors.a.columns, factors.a.data, places.a);
  const full = lying(factors.b.rows, factors.b.columns, factors.b.data, places.b);
  const halves = new Float16Array(Math.ceil(full.length / 2) * 2).fill(NaN);
  halves.set(full);
  const b = variant.dtypeB === 'float16' ? new Uint32Array(halves.buffer) : full;
  const accumulate = parts === 1;
  const c = parts > 1 ? new Float32Array(parts * m * n).fill(NaN) : lying(m, n, factors.previous, places.c);
  const accesses: Access[] = [];
  const { rows, columns } = variant.tile;
  const slabs = Math.ceil(k / 16);
  // One workgroup more than there are tiles, as where a grid is folded.
  const workgroups = Math.ceil(m / rows) * Math.ceil(n / columns) * parts + 1;
  runOnHost(tiledMatmul(variant).wgsl, {
    storage: { a, b, bias: factors.bias, c },
    params: {
      ...{ m, n, k, biasOffset: 0, workgroupsPerRow: 0 },
      ...{ aOffset: places.a.offset, aStride: places.a.stride },
      ...{ bOffset: places.b.offset, bStride: places.b.stride },
      ...{ cOffset: places.c.offset, cStride: places.c.stride },
      ...{ useBias: Number(accumulate), accumulate: Number(accumulate) },
      ...{ chunkSlabs, groupSlabs: parts > 1 ? chunkSlabs : slabs },
    },
    workgroups: [workgroups, 1],
    onAccess: (access) => accesses.push(access),
  });
  const size = m * n;
  const sums = new Float32Array(parts * size);
  for (let i = 0; i < sums.length; i++) {
    const at = Math.floor((i % size) / n) * places.c.stride + (i % n) + Math.floor(i / size) * size;
    sums[i] = c[places.c.offset + at] ?? NaN;
  }
  return { sums, accesses };
}

const variantOf = (
  layout: MatmulLayout,
  own: (typeof TILES)[number],
  access: VectorAccess = 'all',
  dtypeB: 'float32' | 'float16' = 'float32',
): TiledVariant => ({ ...transposesOf(layout), ...own, access, dtypeB });

/** Not quite the tile, or a little more, in both directions: as ragged as the access allows. */
function raggedShape(
  layout: MatmulLayout,
  { rows, columns }: StagedTile,
  access: VectorAccess,
): Factors['shape'] {
  const big = rows * columns > 4096;
  const m = big ? rows - 5 : rows + 3;
  const whole = (size: number, vectors: boolean): number => (vectors ? Math.floor(size / 4) * 4 : size);
  return [
    whole(m, layout === 'TN' && access === 'all'),
    whole(big ? columns - 3 : columns + 5, access === 'all' || access === 'not-a'),
    whole(39, access !== 'none' && layout === 'NT'),
  ] as const;
}

describe('on the host', () => {
  const cases = TILES.flatMap((own) =>
    LAYOUTS.filter((layout) => !own.chunked || layout !== 'TN').flatMap((layout) => {
      const accesses = own.tile.rows > 64 ? accessesOf(layout).slice(0, 1) : accessesOf(layout);
      const dtypes = own === SMALLEST ? (['float32', 'float16'] as const) : (['float32'] as const);
      return accesses.flatMap((access) => dtypes.map((dtypeB) => variantOf(layout, own, access, dtypeB)));
    }),
  );

  test.each(cases.map((variant) => [tiledMatmul(variant).label, variant] as const))(
    '%s multiplies, within its buffers, and nobody reads what another is writing',
    (_label, variant) => {
      const layout = variant.transposeA ? 'TN' : variant.transposeB ? 'NT' : 'NN';
      const shape = raggedShape(layout, variant.tile, variant.access);
      // Rows of A in NN, k of both.
      const k = layout === 'NN' && variant.access === 'all' ? 36 : shape[2];
      const factors = randomFactors(layout, [shape[0], shape[1], k], 1);
      const { sums } = productOnHost(variant, factors);
      expectClose(sums, expectedProduct(factors, EVERYTHING), tolerances.matmul.f32, 8);
    },
  );

  test('parts of k stand one below the other, and are added up in their order', () => {
    const own = TILES.find(({ chunked }) => chunked)!;
    const factors = randomFactors('NT', [30, 60, 88], 2);
    const [together, apart] = [1, 3].map(
      (parts) => productOnHost(variantOf('NT', own), factors, { chunkSlabs: 2, parts }).sums,
    );
    const c = Float32Array.from(factors.previous);
    runOnHost(PARTIAL_SUMS.wgsl, {
      storage: { partial: apart!, bias: factors.bias, c },
      params: {
        ...{ m: 30, n: 60, parts: 3, cOffset: 0, cStride: 60, biasOffset: 0, useBias: 1, accumulate: 1 },
      },
      workgroups: [30, 1],
    });
    expect(c).toEqual(together);
    expectClose(c, expectedProduct(factors, EVERYTHING), tolerances.matmul.f32, 10);
  });
});

describe.each(
  TILES.map(
    ({ tile, chunked }) =>
      [`${tile.rows}x${tile.columns}${chunked ? ' in chunks' : ''}`, tile, chunked] as const,
  ),
)('%s', (_name, tile, chunked) => {
  const layouts = LAYOUTS.filter((layout) => !chunked || layout !== 'TN');

  test.each(layouts)('%s: no bank is asked twice, and memory gives whole sectors', (layout) => {
    const factors = randomFactors(layout, [tile.rows, tile.columns, 32], 3);
    const { accesses } = productOnHost(variantOf(layout, { tile, chunked }), factors, { aligned: true });
    const staged = accesses.filter(({ space }) => space === 'workgroup');
    expect(new Set(staged.map(({ kind }) => kind)).size).toBe(2);
    expect(worstBankConflict(staged)).toBe(1);
    const operands = accesses.filter(({ memory }) => ['a', 'b', 'c'].includes(memory));
    expect(operands.length).toBeGreaterThan(0);
    expect(worstSectorUse(operands)).toBe(1);
    // Each element of the operands once: nothing is staged by two.
    const loads = operands.filter(({ memory, kind }) => memory !== 'c' && kind === 'load');
    expect(loads).toHaveLength(((tile.rows + tile.columns) * 32) / 4);
  });

  test('keeps to the registers and the workgroup memory that there are, and to loops that end', () => {
    for (const layout of layouts) {
      const { wgsl } = tiledMatmul(variantOf(layout, { tile, chunked }));
      const { memories, openLoops } = translate(wgsl);
      const bytes = memories
        .filter(({ space }) => space === 'workgroup')
        .reduce((sum, { size = 0, element }) => sum + size * widthOf(element) * 4, 0);
      expect(bytes).toBeLessThanOrEqual(tile.rows * tile.columns > 4096 ? 32_768 : 16_384);
      const held = wgsl.match(/var (acc|sum|held)\w+ = vec4<f32>\(\);/g) ?? [];
      const fragments = (tile.perInvocation[0] + tile.perInvocation[1]) / 4;
      expect((held.length + fragments) * 4).toBeLessThanOrEqual(128);
      // One round a slab, and rows that are clamped: the guard of a loop costs nothing there.
      expect(openLoops).toEqual(['step <= slabs', `r < min ( ${tile.perInvocation[0]}u , params . m )`]);
    }
  });
});

test('half-precision weights are read in whole sectors', () => {
  const factors = randomFactors('NT', [SMALLEST.tile.rows, SMALLEST.tile.columns, 32], 4);
  const variant = variantOf('NT', SMALLEST, 'all', 'float16');
  const { accesses } = productOnHost(variant, factors, { aligned: true });
  expect(worstSectorUse(accesses.filter(({ memory }) => memory === 'b'))).toBe(1);
});

test('a staging without its swizzle would meet in banks', () => {
  const { wgsl } = tiledMatmul(variantOf('NT', SMALLEST));
  const accesses: Access[] = [];
  const values = new Float32Array(32 * 32);
  const straight = wgsl
    .replaceAll(/\(\(id >> 2u\) \^ \(group << 1u\)\)/g, '(id >> 2u)')
    .replaceAll(' ^ swizzle', '');
  expect(straight).not.toBe(wgsl);
  const size = { m: 32, n: 32, k: 32, aStride: 32, bStride: 32, cStride: 32 };
  const nothing = { aOffset: 0, bOffset: 0, cOffset: 0, biasOffset: 0, useBias: 0, accumulate: 0 };
  runOnHost(straight, {
    storage: { a: values, b: values, bias: values, c: new Float32Array(1024) },
    params: { ...size, ...nothing, workgroupsPerRow: 1, chunkSlabs: 2, groupSlabs: 2 },
    workgroups: [1, 1],
    onAccess: (access) => accesses.push(access),
  });
  expect(worstBankConflict(accesses.filter(({ space }) => space === 'workgroup'))).toBeGreaterThan(1);
});
