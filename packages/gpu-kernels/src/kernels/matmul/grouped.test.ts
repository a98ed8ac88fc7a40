import { array, boolean, constantFrom, integer } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Gpu, GpuOptions } from '../../runtime/gpu.ts';
import { type MatmulLayout, TUNINGS, type Tuning } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { expectRan, useGpu } from '../../testing/gpu.ts';
import {
  type GroupedFactors,
  groupedProduct,
  oneByOne,
  randomGroups,
} from '../../testing/grouped-products.ts';
import {
  ALL_VECTORS,
  NO_VECTORS,
  type Choice,
  isLegal,
  matmulChoices,
  vectorsOf,
} from '../../testing/matmul-choices.ts';
import { ADDITIONS, LAYOUTS, placement, transposesOf } from '../../testing/matrix-products.ts';
import { caseOf, expectForAll, seeds } from '../../testing/property.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { RowGroups } from '../row-groups.ts';
import { groupedMatmul, groupedMatmulKernels } from './grouped.ts';
import { matrix } from './matrix.ts';
import { groupedMatmulReference } from './reference.ts';

const gpu = useGpu();
const DTYPES = ['float32', 'float16'] as const;
/** Fewer rows than a tile, more than the highest, none, as many as a tile. */
const COUNTS = [5, 0, 67, 1, 32, 0, 18];

const tuned = ({ matmul }: Pick<Choice, 'matmul'>, options: GpuOptions = {}): Gpu =>
  gpu().with({ ...options, tuning: { ...gpu().tuning, matmul } });

const placementsOf = ({ a, b, c }: GroupedFactors, vectors: typeof NO_VECTORS) => ({
  a: placement(a.columns, vectors.a),
  b: placement(b.columns, vectors.b),
  c: placement(c.columns, vectors.c),
});

describe.each(LAYOUTS)('%s', (layout) => {
  test('all kernels give each group the bits of a product of its own, and write nothing else', async () => {
    for (const [n, k] of [
      [72, 20],
      [69, 21],
    ] as const) {
      // With a transposed A, its columns are what groups have in common, and its rows are added up.
      const factors = randomGroups(layout, COUNTS, [n, layout === 'TN' ? k + (n === 69 ? 50 : 48) : k], n);
      const expected = await oneByOne(tuned(TUNINGS.software), factors);
      for (const [name, choice] of matmulChoices(gpu(), layout)) {
        for (const vectors of n === 69 ? [NO_VECTORS] : vectorsOf(choice, layout)) {
          const places = { ...placementsOf(factors, vectors), dtypeB: 'float32' as const };
          for (const [i, additions] of ADDITIONS.entries()) {
            const product = await groupedProduct(tuned(choice), factors, places, additions);
            expectSameBits(product, expected[i]!, JSON.stringify({ name, vectors, ...additions }));
          }
        }
      }
    }
  });

  test('is near float64', async () => {
    const factors = randomGroups(layout, COUNTS, [36, 40], 3);
    const places = { ...placementsOf(factors, NO_VECTORS), dtypeB: 'float32' as const };
    for (const additions of ADDITIONS) {
      const product = await groupedProduct(gpu(), factors, places, additions);
      const expected = groupedMatmulReference(factors.a, factors.b, {
        counts: COUNTS,
        ...transposesOf(layout),
        ...(additions.bias ? { bias: factors.bias } : {}),
        ...(additions.accumulate ? { previous: factors.c.data } : {}),
      });
      expectClose(product, expected, tolerances.matmul.f32, Math.sqrt(67));
    }
  });

  test('random groups have the bits of one by one, also where operands exceed a binding', async () => {
    const choices = matmulChoices(gpu(), layout);
    const cases = caseOf({
      kernel: constantFrom('own', ...choices.keys()),
      counts: array(integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 12 }),
      unit: constantFrom(1, 4),
      n: integer({ min: 1, max: 35 }),
      k: integer({ min: 1, max: 15 }),
      vectors: boolean(),
      dtypeB: constantFrom(...DTYPES),
      additions: constantFrom(...ADDITIONS),
      options: constantFrom<GpuOptions>({}, { maxBindingBytes: 8192 }, { summation: 'descending' }),
      seed: seeds,
    });
    await expectForAll(
      cases,
      24,
      async ({ kernel, counts, unit, n, k, vectors, dtypeB, additions, options, seed }) => {
        const factors = randomGroups(layout, counts, [n * unit, k * unit], seed);
        const whole = { a: vectors, b: vectors, c: vectors };
        const places = { ...placementsOf(factors, whole), dtypeB };
        const choice = choices.get(kernel);
        const device = choice ? tuned(choice, options) : gpu().with(options);
        const product = await groupedProduct(device, factors, places, additions);
        // In slices sums are rounded between them, wherever those end.
        const expected = await oneByOne(device, factors, [additions], places);
        expectSameBits(product, expected[0]!);
      },
    );
  });
});

test('no kernel was left out above', () => {
  // Those of GPUs: tiled.test.ts.
  const untiled = Object.values<Tuning>(TUNINGS).filter(({ matmul }) => matmul.strategy !== 'tiled');
  const kernels = [...new Set(untiled.flatMap((tuning) => groupedMatmulKernels(tuning)))];
  expectRan(
    gpu(),
    kernels.filter((kernel) => isLegal(gpu(), kernel)),
  );
});

test('takes one dispatch where operands can be bound', () => {
  for (const layout of LAYOUTS) {
    expect(dispatchesOf(layout, {})).toBe(1);
    expect(dispatchesOf(layout, { maxBindingBytes: 2048 })).toBeGreaterThanOrEqual(3);
  }
});

/** Dispatches that a product of three groups records. */
function dispatchesOf(layout: MatmulLayout, options: GpuOptions): number {
  using scope = gpu().scope();
  const device = gpu().with(options);
  let count = 0;
  device.dispatch = () => void count++;
  using groups = new RowGroups(gpu(), [5, 6, 7]);
  const shape: Record<MatmulLayout, readonly [number[], number[], number[]]> = {
    NN: [
      [18, 8],
      [3, 8, 32],
      [18, 32],
    ],
    NT: [
      [18, 8],
      [3, 32, 8],
      [18, 32],
    ],
    TN: [
      [18, 8],
      [18, 32],
      [3, 8, 32],
    ],
  };
  const [a, b, c] = shape[layout].map((sizes) => matrix(scope.tensor(sizes)));
  groupedMatmul(device, { a: a!, b: b!, c: c!, groups, ...transposesOf(layout) });
  return count;
}

test('no groups and no columns are no work', async () => {
  using scope = gpu().scope();
  using none = new RowGroups(gpu(), []);
  using empty = new RowGroups(gpu(), [0, 0]);
  const nothing = matrix(scope.tensor([0, 3]));
  groupedMatmul(gpu(), { a: nothing, b: nothing, c: nothing, groups: none });
  const c = scope.upload(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 1, 3]);
  groupedMatmul(gpu(), {
    a: matrix(scope.tensor([0, 1])),
    b: nothing,
    c: matrix(c),
    groups: empty,
    transposeA: true,
  });
  expect(await gpu().read(c)).toEqual(new Float32Array(6));
});

test.each(DTYPES)(
  'groups without rows, of factors in %s that exceed a binding, have zero or what was there',
  async (dtypeB) => {
    const factors = randomGroups('TN', [0, 40, 0], [64, 8], 4);
    // A first row that begins so near the buffer's that nothing lies before it.
    const places = { ...placementsOf(factors, ALL_VECTORS), b: { offset: 4, stride: 68 }, dtypeB };
    const device = gpu().with({ maxBindingBytes: 4096 });
    for (const accumulate of [false, true]) {
      const product = await groupedProduct(device, factors, places, { bias: false, accumulate });
      const before = accumulate ? Float32Array.from(factors.c.data) : new Float32Array(3 * 8 * 64);
      for (const g of [0, 2]) {
        const of = (values: Float32Array) => values.subarray(g * 512, (g + 1) * 512);
        expectSameBits(of(product), of(before));
      }
    }
  },
);

test('refuses sizes that do not agree, and float16 anywhere but in B', () => {
  using scope = gpu().scope();
  using groups = new RowGroups(gpu(), [2, 3]);
  const at = (shape: number[], dtype: 'float32' | 'float16' = 'float32') =>
    matrix(scope.own(gpu().tensor(shape, { label: `of ${shape.join('x')}`, dtype })));
  const [a, b, c] = [at([5, 4]), at([2, 4, 6]), at([5, 6])];
  const refused = (args: object, message: RegExp): void => {
    expect(() => groupedMatmul(gpu(), { a, b, c, groups, ...args })).toThrow(message);
  };
  refused({ b: at([2, 3, 6]) }, /of 5x4 \[5, 4\] and of 2x3x6 \[6, 6\] into of 5x6 \[5, 6\] with 2 groups/);
  refused({ b: at([9, 6]) }, /with 2 groups of 5 rows/);
  refused({ a: at([6, 4]), c: at([6, 6]) }, /with 2 groups of 5 rows/);
  refused({ transposeA: true }, /with 2 groups/);
  refused({ transposeA: true, transposeB: true }, /both operands/);
  refused({ bias: scope.tensor([6], 'short') }, /short of 6 is no bias \[2, 6\]/);
  refused({ a: at([5, 4], 'float16') }, /float16; only the second factor/);
  refused({ c: at([5, 6], 'float16') }, /float16; only the second factor/);
  expect(() => new RowGroups(gpu(), [1, 2.5])).toThrow(/a group of 2.5 rows/);
  expect(() => groups.tiles(5)).toThrow(/tiles of 5 rows/);
});
