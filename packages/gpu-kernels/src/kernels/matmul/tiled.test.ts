import { describe, expect, test } from 'vitest';
import type { Gpu, GpuOptions } from '../../runtime/gpu.ts';
import { type StagedTile, TILED_MATMULS, type TiledMatmul } from '../../runtime/tiled-tuning.ts';
import { type MatmulLayout, TUNINGS, type Tuning } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import {
  ADDITIONS,
  type Factors,
  LAYOUTS,
  type Placements,
  cropFactors,
  expectedProduct,
  placement,
  productsInViews,
  randomFactors,
} from '../../testing/matrix-products.ts';
import { groupedProduct, oneByOne, randomGroups } from '../../testing/grouped-products.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { groupedMatmulKernels } from './grouped.ts';
import { matmulKernels } from './matmul.ts';
import { chunkOf } from './tiled-product.ts';

/*
 * On the device each way of loading and storing once, by the smallest tile: a kernel takes seconds to compile on a
 * software adapter. structure.test.ts runs the text of every other.
 */

const gpu = useGpu();
const EVERYTHING = { bias: true, accumulate: true };

/** That of hardware that nothing is known of, its smallest tile alone. */
const TILED: TiledMatmul = {
  ...TILED_MATMULS.hardware,
  tiles: TILED_MATMULS.hardware.tiles.slice(-1),
  training: { ...TILED_MATMULS.hardware.training, workgroups: 16, minChunk: 32, maxChunks: 5 },
};

const tuned = (matmul: TiledMatmul | typeof TUNINGS.software.matmul, options: GpuOptions = {}): Gpu =>
  gpu().with({ ...options, tuning: { ...gpu().tuning, matmul } });

function placementsOf(
  { a, b, shape: [, n] }: Factors,
  whole: Readonly<Record<'a' | 'b' | 'c', boolean>>,
  dtypeB: Placements['dtypeB'] = 'float32',
): Placements {
  return {
    a: placement(a.columns, whole.a),
    b: placement(b.columns, whole.b),
    c: placement(n, whole.c),
    dtypeB,
  };
}

const ALL = { a: true, b: true, c: true };

/** Ragged, over more than two tiles each way. */
const SHAPES: Readonly<Record<MatmulLayout, Factors['shape']>> = {
  NN: [67, 76, 60],
  NT: [67, 76, 60],
  TN: [68, 76, 45],
};

describe('the tiled kernel gives the bits of the register-tiled one', () => {
  test.each(LAYOUTS)('%s, all that can be added', async (layout) => {
    const factors = randomFactors(layout, SHAPES[layout], 1);
    const places = placementsOf(factors, ALL);
    const products = await productsInViews(tuned(TILED), factors, places, ADDITIONS);
    const expected = await productsInViews(tuned(TUNINGS.software.matmul), factors, places, ADDITIONS);
    for (const [i, product] of products.entries()) {
      expectClose(product, expectedProduct(factors, ADDITIONS[i]!), tolerances.matmul.f32, 8);
      expectSameBits(product, expected[i]!);
    }
  });

  test.each([
    ['NT', ALL, 'float16', [67, 76, 60]],
    ['NT', { ...ALL, c: false }, 'float32', [35, 37, 20]],
    ['NT', { a: false, b: false, c: false }, 'float32', [35, 37, 21]],
    ['NN', { ...ALL, a: false }, 'float32', [35, 36, 21]],
  ] as const)('%s with whole vectors %o, B in %s, %o', async (layout, whole, dtypeB, shape) => {
    const factors = randomFactors(layout, shape, 2);
    const places = placementsOf(factors, whole, dtypeB);
    const products = await productsInViews(tuned(TILED), factors, places, [EVERYTHING]);
    const expected = await productsInViews(tuned(TUNINGS.software.matmul), factors, places, [EVERYTHING]);
    expectSameBits(products[0]!, expected[0]!);
  });

  test.each([
    [4, 4, 4],
    [1, 4, 4],
    [4, 8, 0],
  ])('%i x %i over %i: fewer rows, columns and steps than a tile has', async (m, n, k) => {
    const factors = randomFactors('NT', [m, n, k], 3);
    const places = placementsOf(factors, ALL);
    const [product] = await productsInViews(tuned(TILED), factors, places, [EVERYTHING]);
    expectClose(product!, expectedProduct(factors, EVERYTHING), tolerances.matmul.f32, 2);
  });
});

/** Products with k in chunks. */
describe('in training', () => {
  const training = { regime: 'training' } as const;

  test.each(['NT', 'NN'] as const)(
    '%s is near float64, the same twice, and not what probing gives',
    async (layout) => {
      const factors = randomFactors(layout, [35, 76, 300], 4);
      const places = placementsOf(factors, ALL);
      const products = () => productsInViews(tuned(TILED), factors, places, ADDITIONS, training);
      const split = await products();
      for (const [i, product] of split.entries())
        expectClose(product, expectedProduct(factors, ADDITIONS[i]!), tolerances.matmul.f32, Math.sqrt(300));
      expect(await products()).toEqual(split);
      const [probed] = await productsInViews(tuned(TILED), factors, places, ADDITIONS);
      expect(probed).not.toEqual(split[0]);
    },
  );

  test('a row has the same bits whatever rows stand beside it', async () => {
    const factors = randomFactors('NT', [150, 76, 300], 5);
    const places = placementsOf(factors, ALL);
    const of = async (m: number) => {
      const [product] = await productsInViews(
        tuned(TILED),
        cropFactors(factors, m, 76),
        places,
        [EVERYTHING],
        training,
      );
      return product!;
    };
    // Enough rows for the chunks to stay in a workgroup, few of them, and one.
    const all = await of(150);
    for (const m of [35, 1]) expectSameBits(await of(m), all.subarray(0, m * 76));
  });

  test('products with a transposed A have the bits of probing: their k is rows, of which there are few', async () => {
    const factors = randomFactors('TN', SHAPES.TN, 6);
    const places = placementsOf(factors, ALL);
    const trained = await productsInViews(tuned(TILED), factors, places, [EVERYTHING], training);
    expect(await productsInViews(tuned(TILED), factors, places, [EVERYTHING])).toEqual(trained);
  });

  test('works in slices and in descending order', async () => {
    const factors = randomFactors('NT', [35, 76, 300], 7);
    const places = placementsOf(factors, ALL);
    for (const options of [{ maxBindingBytes: 32_768 }, { summation: 'descending' }] as const) {
      for (const regime of [training, {}]) {
        const device = tuned(TILED, options);
        const [product] = await productsInViews(device, factors, places, [EVERYTHING], regime);
        expectClose(product!, expectedProduct(factors, EVERYTHING), tolerances.matmul.f32, Math.sqrt(300));
      }
    }
  });
});

describe('groups of rows', () => {
  const COUNTS = [5, 0, 37, 1];

  test.each([
    ['NT', 'training', [76, 300]],
    ['NT', 'probing', [76, 60]],
    ['TN', 'training', [76, 68]],
  ] as const)('%s in %s have the bits of a product each', async (layout, regime, shape) => {
    const factors = randomGroups(layout, COUNTS, shape, 8);
    const places = {
      a: placement(factors.a.columns, true),
      b: placement(factors.b.columns, true),
      c: placement(factors.c.columns, true),
      dtypeB: 'float32' as const,
    };
    const device = tuned(TILED);
    const [expected] = await oneByOne(device, factors, [EVERYTHING], undefined, { regime });
    expectSameBits(await groupedProduct(device, factors, places, EVERYTHING, { regime }), expected!);
  });
});

test('every text is WGSL, also those that are too large to compile here', async () => {
  const tunings = Object.values<Tuning>(TUNINGS).filter(({ matmul }) => matmul.strategy === 'tiled');
  const kernels = new Set(
    tunings.flatMap((tuning) => [...matmulKernels(tuning), ...groupedMatmulKernels(tuning)]),
  );
  expect(kernels.size).toBeGreaterThan(100);
  for (const { label, wgsl } of kernels) {
    const { messages } = await gpu().device.createShaderModule({ label, code: wgsl }).getCompilationInfo();
    expect(
      messages.map(({ message }) => message),
      label,
    ).toEqual([]);
  }
});

test('chunks are chosen by n and k: as many as fill the device, none too short', () => {
  const { training } = TILED_MATMULS.nvidia;
  const of = (n: number, k: number): [number, number] => {
    const chunk = chunkOf(training, n, k);
    return [chunk, Math.ceil(k / chunk)];
  };
  expect(of(2048, 2048)).toEqual([128, 16]);
  expect(of(2048, 8192)).toEqual([512, 16]);
  expect(of(8192, 2048)).toEqual([512, 4]);
  expect(of(2048, 50_261)).toEqual([3152, 16]);
  expect(of(50_261, 2048)).toEqual([2048, 1]);
  expect(of(64, 64)).toEqual([128, 1]);
});

test('tiles are chosen by the columns of C alone', () => {
  const tileFor = (matmul: TiledMatmul, n: number): StagedTile =>
    matmul.tiles.find(({ minColumns = 0 }) => n >= minColumns)!;
  expect(tileFor(TILED_MATMULS.nvidia, 2048)).toMatchObject({ rows: 128, columns: 128 });
  expect(tileFor(TILED_MATMULS.nvidia, 768)).toMatchObject({ rows: 128, columns: 64 });
  expect(tileFor(TILED_MATMULS.apple, 2048)).toMatchObject({ rows: 64, columns: 64 });
  for (const { tiles } of Object.values<TiledMatmul>(TILED_MATMULS))
    expect(tiles.at(-1)).not.toHaveProperty('minColumns');
  expect(matmulKernels(TUNINGS.apple).length).toBeLessThan(matmulKernels(TUNINGS.nvidia).length);
});
