import { beforeEach, describe, expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import type { Scope } from '../../runtime/scope.ts';
import type { MatmulTuning, SubgroupMatmul } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { matmul, matmulKernels } from './matmul.ts';
import type { Matrix } from './matrix.ts';
import { type ReferenceMatrix, referenceMatmul } from './reference.ts';
import { chooseTile, singleTiles } from './subgroup-tile.ts';

type DTypeB = 'float32' | 'float16';

interface Problem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly dtypeB: DTypeB;
  /** Bias and accumulation, or neither. */
  readonly adds: boolean;
}

const gpu = useGpu();
beforeEach(({ skip }) => skip(gpu().tuning.matmul.strategy !== 'subgroup'));

function tuning(): SubgroupMatmul {
  const own = gpu().tuning.matmul;
  if (own.strategy !== 'subgroup') throw new Error('skipped where there are no subgroups');
  return own;
}

const tuned = (choice: MatmulTuning): Gpu => gpu().with({ tuning: { ...gpu().tuning, matmul: choice } });

/** What lies around C. */
const UNTOUCHED = 12345;

/** Where a view lies in a larger matrix: its offset, and what its rows' stride has over its columns. */
interface Place {
  readonly offset: number;
  readonly gap: number;
}

/** A view into a larger matrix, of which rows follow; offset and stride are multiples of 4 if its columns are. */
function view(
  scope: Scope,
  { rows, columns, data }: ReferenceMatrix,
  around: number,
  dtype: DTypeB = 'float32',
  place: Place = columns % 4 === 0 ? { offset: 12, gap: 8 } : { offset: 7, gap: 6 },
): Matrix {
  const [stride, offset] = [columns + place.gap, place.offset];
  const values = new Float32Array(offset + (rows + 2) * stride).fill(around);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) values[offset + r * stride + c] = data[r * columns + c]!;
  }
  const tensor = scope.tensor([values.length], 'view', dtype);
  gpu().write(tensor, values);
  return { tensor, rows, columns, offset, stride };
}

/** The product: within tolerance of float64, the bits of the register kernel, nothing written beside C. */
async function expectExact(
  choice: SubgroupMatmul,
  problem: Problem,
  places: Partial<Readonly<Record<'a' | 'b' | 'c', Place>>> = {},
): Promise<void> {
  const { m, n, k, transposeA, transposeB, dtypeB, adds } = problem;
  const random = new TestRandom(m * 10_000 + n * 100 + k);
  const dense = (rows: number, columns: number, round = (x: number): number => x): ReferenceMatrix => ({
    ...{ rows, columns },
    data: random.normal(rows * columns).map(round),
  });
  const a = transposeA ? dense(k, m) : dense(m, k);
  const half = dtypeB === 'float16' ? Math.f16round : undefined;
  const b = transposeB ? dense(n, k, half) : dense(k, n, half);
  const [previous, bias] = [dense(m, n), random.normal(n)];
  using scope = gpu().scope();
  const operands = {
    a: view(scope, a, Number.NaN, 'float32', places.a),
    // What is no number cannot be written as float16.
    b: view(scope, b, dtypeB === 'float16' ? 60_000 : Number.NaN, dtypeB, places.b),
    ...(adds ? { bias: scope.upload(bias, [n]) } : {}),
  };
  const product = async (device: Gpu): Promise<Float32Array> => {
    const c = view(scope, adds ? previous : { ...previous, data: [] }, UNTOUCHED, 'float32', places.c);
    matmul(device, { ...operands, c, transposeA, transposeB, accumulate: adds });
    const values = await gpu().read(c.tensor);
    const isInside = (i: number): boolean =>
      i >= c.offset && i < c.offset + m * c.stride && (i - c.offset) % c.stride < n;
    expect(values.findIndex((value, i) => !isInside(i) && value !== UNTOUCHED)).toBe(-1);
    return values.filter((_, i) => isInside(i));
  };
  const result = await product(tuned(choice));
  const expected = referenceMatmul(a, b, {
    ...{ transposeA, transposeB },
    ...(adds ? { bias, previous: previous.data } : {}),
  });
  expectClose(result, expected, tolerances.matmul.f32, Math.sqrt(k));
  expectSameBits(result, await product(tuned(tuning().otherwise)));
}

/** What vectors ask of sizes: a multiple of 4 where operands are contiguous. */
const LAYOUTS = [
  { layout: 'NN', rows: [3], columns: [8], steps: [63, 60] },
  { layout: 'NT', rows: [3], columns: [8, 5], steps: [60] },
  { layout: 'TN', rows: [4], columns: [8], steps: [63, 60] },
] as const;

describe.each(LAYOUTS)('$layout', ({ layout, rows, columns, steps }) => {
  const transposes = { transposeA: layout === 'TN', transposeB: layout === 'NT' };

  test('every tile is exact over more than one of them in each direction', async () => {
    for (const single of singleTiles(tuning(), layout)) {
      const tile = chooseTile(single, layout, [1, 1, 1]);
      const width = tile.columns * single.subgroupSize;
      for (const m of rows.map((past) => tile.rows + past)) {
        for (const n of columns.map((past) => width + past)) {
          for (const k of steps) {
            for (const dtypeB of ['float32', 'float16'] as const) {
              for (const adds of [true, false])
                await expectExact(single, { ...transposes, m, n, k, dtypeB, adds });
            }
          }
        }
      }
    }
  });

  test('every tile is exact with fewer rows, columns and steps than it has', async () => {
    for (const single of singleTiles(tuning(), layout)) {
      for (const [m, n, k] of [
        [4, 4, 4],
        [1, 4, 1],
        [4, 8, 3],
        [5, 3, 4],
        [1, 1, 1],
      ] as const)
        await expectExact(single, { ...transposes, m, n, k, dtypeB: 'float32', adds: true });
    }
  });
});

test('whatever a vector load would miss goes to the register kernel', async () => {
  const shape = { transposeA: false, transposeB: false, m: 20, dtypeB: 'float32', adds: true } as const;
  await expectExact(tuning(), { ...shape, n: 37, k: 21 });
  await expectExact(tuning(), { ...shape, n: 37, k: 21, transposeB: true });
  await expectExact(tuning(), { ...shape, m: 21, n: 36, k: 20, transposeA: true });
});

test.each(LAYOUTS)(
  '$layout: so does what is out of step by its offset or stride alone',
  async ({ layout }) => {
    const problem: Problem = {
      ...{ transposeA: layout === 'TN', transposeB: layout === 'NT', m: 20, n: 36, k: 16 },
      dtypeB: 'float32',
      adds: true,
    };
    for (const operand of ['a', 'b', 'c'] as const) {
      await expectExact(tuning(), problem, { [operand]: { offset: 6, gap: 8 } });
      await expectExact(tuning(), problem, { [operand]: { offset: 12, gap: 6 } });
    }
  },
);

test('no variant was left out above', () => {
  const ran = new Set(gpu().pipelines.kernels);
  const missing = matmulKernels(gpu().tuning).filter(
    (kernel) => kernel.subgroupSize !== undefined && !ran.has(kernel),
  );
  expect(missing.map(({ label }) => label)).toEqual([]);
});
