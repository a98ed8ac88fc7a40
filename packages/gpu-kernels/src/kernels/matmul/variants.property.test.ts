import { describe, expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import type { Kernel } from '../../runtime/kernel.ts';
import { type MatmulLayout, type MatmulTuning, TUNINGS, type Tuning } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import {
  ADDITIONS,
  type Factors,
  LAYOUTS,
  type Placements,
  crop,
  cropFactors,
  expectedProduct,
  placement,
  productsInViews,
  randomFactors,
  withAdditions,
} from '../../testing/matrix-products.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { matmulKernels } from './matmul.ts';
import { chooseTile, singleTiles } from './subgroup-tile.ts';

const gpu = useGpu();
const DTYPES = ['float32', 'float16'] as const;
const NOTHING = { bias: false, accumulate: false };

/** A kernel's tile, alone to choose from. */
interface Choice {
  readonly name: string;
  readonly matmul: MatmulTuning;
  /** Rows and columns of C that a workgroup computes. */
  readonly rows: number;
  readonly columns: number;
}

/** Whether a kernel, or what it is chosen by, may run on this device. */
function isLegal({ subgroupSize }: { readonly subgroupSize?: number | undefined }): boolean {
  return subgroupSize === undefined || subgroupSize === gpu().tuning.subgroupSize;
}

/** Every tile that this device can run, of every tuning. */
function choicesOf(layout: MatmulLayout): Choice[] {
  const all = Object.values<Tuning>(TUNINGS).flatMap(({ matmul }): Choice[] => {
    if (matmul.strategy !== 'subgroup') return [tiled(matmul)];
    const { subgroupSize } = matmul;
    const tiles = isLegal(matmul) ? singleTiles(matmul, layout) : [];
    const singles = tiles.map((single) => {
      const { rows, columns } = chooseTile(single, layout, [1, 1, 1]);
      return { name: `${rows} rows`, matmul: single, rows, columns: columns * subgroupSize };
    });
    return [...singles, tiled(matmul.otherwise)];
  });
  return [...new Map(all.map((choice) => [JSON.stringify(choice), choice])).values()];
}

function tiled(matmul: Exclude<MatmulTuning, { strategy: 'subgroup' }>): Choice {
  const { rows, columns, workgroup } = matmul.tile;
  return { name: matmul.strategy, matmul, rows: rows * workgroup[1], columns: columns * workgroup[0] };
}

const tuned = ({ matmul }: Choice): Gpu => gpu().with({ tuning: { ...gpu().tuning, matmul } });

/** Which operands consist of whole vec4s. */
interface Vectors {
  readonly a: boolean;
  readonly b: boolean;
  readonly c: boolean;
}

/** Those combinations for which a choice has kernels of its own; the others go to the register kernel. */
function vectorsOf({ matmul: { strategy } }: Choice, layout: MatmulLayout): Vectors[] {
  const none = { a: false, b: false, c: false };
  const all = { a: layout !== 'NN', b: true, c: true };
  if (strategy === 'shared') return [none];
  if (strategy === 'register') return [none, all];
  return layout === 'NT' ? [all, { ...all, c: false }] : [all];
}

/** Over two tiles in each direction, with a remainder. */
function shapeOf({ rows, columns }: Choice, layout: MatmulLayout, vectors: Vectors): [number, number] {
  return [2 * rows + (layout === 'TN' && vectors.a ? 4 : 3), 2 * columns + (vectors.c ? 8 : 5)];
}

function placementsOf({ a, b, shape: [, n] }: Factors, vectors: Vectors, dtypeB: 'float32' | 'float16'): Placements {
  return {
    a: placement(a.columns, vectors.a),
    b: placement(b.columns, vectors.b),
    c: placement(n, vectors.c),
    dtypeB,
  };
}

describe.each(LAYOUTS)('%s', (layout) => {
  /** Factors of a product over k that holds all others, and its bits from the register kernel, which reference holds to. */
  async function largest(k: number): Promise<{ factors: Factors; sums: Float32Array }> {
    const factors = randomFactors(layout, [132, 136, k], k);
    const register = gpu().with({ tuning: TUNINGS.software });
    const placements = placementsOf(factors, { a: false, b: false, c: false }, 'float32');
    const [sums] = await productsInViews(register, factors, placements, [NOTHING]);
    expectClose(sums!, expectedProduct(factors, NOTHING), tolerances.matmul.f32, Math.sqrt(k));
    return { factors, sums: sums! };
  }

  test('every kernel is exact over more than two tiles in each direction, in every place and with all additions', async () => {
    const [ragged, whole] = [await largest(63), await largest(60)];
    for (const choice of choicesOf(layout)) {
      for (const vectors of vectorsOf(choice, layout)) {
        const alongK = layout === 'NT' && vectors.b;
        const [m, n] = shapeOf(choice, layout, vectors);
        for (const { factors, sums } of alongK ? [whole] : [ragged, whole]) {
          const own = cropFactors(factors, m, n);
          const ownSums = crop({ rows: 132, columns: 136, data: sums }, m, n).data;
          for (const dtypeB of DTYPES) {
            const placements = placementsOf(own, vectors, dtypeB);
            const products = await productsInViews(tuned(choice), own, placements, ADDITIONS);
            for (const [i, additions] of ADDITIONS.entries())
              expectSameBits(products[i]!, withAdditions(ownSums, own, additions));
          }
        }
      }
    }
  });
});

test('no variant was left out above, and what this device cannot run is refused by name', () => {
  const ran = new Set<Kernel>(gpu().pipelines.kernels);
  const kernels = [...new Set(Object.values(TUNINGS).flatMap((tuning) => matmulKernels(tuning)))];
  const left = kernels.filter((kernel) => isLegal(kernel) && !ran.has(kernel));
  expect(left.map(({ label }) => label)).toEqual([]);
  const illegal = kernels.filter((kernel) => !isLegal(kernel));
  expect(illegal).not.toHaveLength(0);
  for (const kernel of illegal) {
    const { label } = kernel;
    expect(() => gpu().pipelines.get(kernel), label).toThrow(
      new RegExp(`^kernel ${label} needs (the feature subgroups|subgroups of ${kernel.subgroupSize} )`),
    );
  }
});
