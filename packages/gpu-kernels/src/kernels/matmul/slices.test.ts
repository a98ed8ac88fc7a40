import { describe, expect, test } from 'vitest';
import type { GpuOptions } from '../../runtime/gpu.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { expectClose } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { matmul } from './matmul.ts';
import { matrix } from './matrix.ts';
import { matmulReference } from './reference.ts';

const gpu = useGpu();
const [M, N, K] = [70, 52, 44];

const LAYOUTS = [
  { transposeA: false, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: false },
];
/** Ways in which one product becomes several. */
const PARTS: Readonly<Record<string, GpuOptions>> = {
  'in slices of 4 KiB': { maxBindingBytes: 4096 },
  'in slices of 8 KiB': { maxBindingBytes: 8192 },
  'in descending order': { summation: 'descending' },
  'in slices and in descending order': { maxBindingBytes: 4096, summation: 'descending' },
};
const ADDED = [false, true].flatMap((bias) => [false, true].map((accumulate) => ({ bias, accumulate })));

describe.each(LAYOUTS)('transposed: A $transposeA, B $transposeB', (transposes) => {
  const random = new TestRandom(8);
  const { transposeA, transposeB } = transposes;
  const a = { rows: transposeA ? K : M, columns: transposeA ? M : K, data: random.normal(M * K) };
  const b = { rows: transposeB ? N : K, columns: transposeB ? K : N, data: random.normal(K * N) };
  const [bias, previous] = [random.normal(N), random.normal(M * N)];

  test.each(Object.keys(PARTS))('%s the bias is added once, and what C held only if asked', async (part) => {
    for (const added of ADDED) {
      for (const tuning of [gpu().tuning, TUNINGS.software, TUNINGS.hardware]) {
        using scope = gpu().scope();
        // What no number can be added to, unless it is part of the sum.
        const c = scope.upload(added.accumulate ? previous : new Float32Array(M * N).fill(NaN), [M, N]);
        matmul(gpu().with({ tuning, ...PARTS[part] }), {
          a: matrix(scope.upload(a.data, [a.rows, a.columns])),
          b: matrix(scope.upload(b.data, [b.rows, b.columns])),
          c: matrix(c),
          ...transposes,
          accumulate: added.accumulate,
          ...(added.bias ? { bias: scope.upload(bias, [N]) } : {}),
        });
        const expected = matmulReference(a, b, {
          ...transposes,
          ...(added.bias ? { bias } : {}),
          ...(added.accumulate ? { previous } : {}),
        });
        const result = await gpu().read(c);
        expect(result.some(Number.isNaN), JSON.stringify(added)).toBe(false);
        expectClose(result, expected, tolerances.matmul.f32, Math.sqrt(K));
      }
    }
  });
});

test('slices of a matrix that begins between aligned places keep within the limit', async () => {
  const random = new TestRandom(9);
  const [rows, columns, stride, offset] = [40, 60, 64, 12];
  const [values, b] = [random.normal(offset + rows * stride), random.normal(columns * 8)];
  const data = Float32Array.from(
    { length: rows * columns },
    (_, i) => values[offset + Math.floor(i / columns) * stride + (i % columns)] ?? NaN,
  );
  using scope = gpu().scope();
  const tensor = scope.upload(values, [values.length]);
  const c = scope.tensor([rows, 8]);
  matmul(gpu().with({ maxBindingBytes: 4096 }), {
    a: { tensor, rows, columns, offset, stride },
    b: matrix(scope.upload(b, [columns, 8])),
    c: matrix(c),
  });
  const expected = matmulReference(
    { rows, columns, data },
    { rows: columns, columns: 8, data: b },
    {
      transposeA: false,
      transposeB: false,
    },
  );
  expectClose(await gpu().read(c), expected, tolerances.matmul.f32, Math.sqrt(columns));
});
