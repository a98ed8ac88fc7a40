import { expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { expectRan, useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { columnSum } from './column-sum.ts';
import { columnSumReference, sumOfSquaresReference, sumReference } from './reference.ts';
import { sgdSteps } from '../optimizer/optimizer.ts';
import { L2Norms, groupedL2Norm, l2Norm, l2NormKernels } from './l2-norm.ts';
import { squareRoot, sum, sumOfSquares } from './reduction.ts';

const gpu = useGpu();

test.each([1, 2, 255, 4096, 4097, 100_003, 1_100_001])(
  'sum, sumOfSquares and l2Norm of %i elements',
  async (length) => {
    const values = new TestRandom(length).normal(length);
    using scope = gpu().scope();
    const x = scope.upload(values, [length]);
    const out = scope.upload(new Float32Array([5, 6, 7, 8]), [4]);
    sum(gpu(), { x, scale: 0.5, out, outIndex: 1 });
    sumOfSquares(gpu(), { x, out, outIndex: 2, accumulate: true });
    l2Norm(gpu(), { tensors: [x, x], out, outIndex: 3 });
    const [first, total, squares, norm] = await gpu().read(out);
    expect(first).toBe(5);
    expectClose([total ?? NaN], [0.5 * sumReference(values)], tolerances.sum.f32, Math.sqrt(length));
    expectClose([squares ?? NaN], [7 + sumOfSquaresReference(values)], tolerances.sum.f32);
    expectClose([norm ?? NaN], [Math.sqrt(2 * sumOfSquaresReference(values))], tolerances.sum.f32);
  },
);

test('sum of a part, also where it crosses bindings', async () => {
  const values = new TestRandom(3).normal(70_000).map(Math.abs);
  using scope = gpu().scope();
  const x = scope.upload(values, [70_000]);
  const out = scope.tensor([3]);
  sum(gpu(), { x, offset: 1001, length: 60_007, out });
  const limited = gpu().with({ maxBindingBytes: 65_600 });
  sum(limited, { x, offset: 1001, length: 60_007, out, outIndex: 1 });
  sum(gpu(), { x, offset: 17, length: 0, out, outIndex: 2 });
  const expected = sumReference(values, 1001, 60_007);
  expectClose(await gpu().read(out), [expected, expected, 0], tolerances.sum.f32);
  expect(() => sum(gpu(), { x, offset: 69_999, length: 2, out })).toThrow(/not all in/);
});

test('a large sum does not drift: each power of two is exact', async () => {
  const values = new Float32Array(2 ** 24).fill(0.5);
  using scope = gpu().scope();
  const x = scope.upload(values, [values.length]);
  const out = scope.tensor([1]);
  sumOfSquares(gpu(), { x, out });
  expect(await gpu().read(out)).toEqual(new Float32Array([values.length / 4]));
});

test('squareRoot touches only its range', async () => {
  using scope = gpu().scope();
  const x = scope.upload(new Float32Array([4, 9, 16, 25]), [4]);
  squareRoot(gpu(), { x, offset: 1, length: 2 });
  expect(await gpu().read(x)).toEqual(new Float32Array([4, 3, 4, 25]));
  squareRoot(gpu(), { x });
  expectClose(await gpu().read(x), [2, Math.sqrt(3), 2, 5], tolerances.sum.f32);
});

test.each([
  { rows: 1, columns: 3 },
  { rows: 64, columns: 33 },
  { rows: 65, columns: 1 },
  { rows: 1000, columns: 131 },
  { rows: 65_537, columns: 2 },
  { rows: 64, columns: 20_001 },
])('columnSum of [$rows, $columns]', async ({ rows, columns }) => {
  const random = new TestRandom(rows + columns);
  const [values, start] = [random.normal(rows * columns), random.normal(columns)];
  using scope = gpu().scope();
  const x = scope.upload(values, [rows, columns]);
  const [plain, added] = [scope.tensor([columns]), scope.upload(start, [columns])];
  columnSum(gpu(), { x, out: plain });
  columnSum(gpu(), { x, out: added, accumulate: true });
  const expected = columnSumReference(values, columns);
  const tolerance = tolerances.sum.f32;
  expectClose(await gpu().read(plain), expected, tolerance, Math.sqrt(rows));
  expectClose(
    await gpu().read(added),
    expected.map((value, c) => value + (start[c] ?? NaN)),
    tolerance,
    Math.sqrt(rows),
  );
});

test('columnSum in windows of rows gives the same bits as in one', async () => {
  const [rows, columns] = [1000, 7];
  using scope = gpu().scope();
  const x = scope.upload(new TestRandom(4).normal(rows * columns), [rows, columns]);
  const [whole, windowed] = [scope.tensor([columns]), scope.tensor([columns])];
  columnSum(gpu(), { x, out: whole });
  columnSum(gpu().with({ maxBindingBytes: 192 * columns * 4 + 8 }), { x, out: windowed });
  expectSameBits(await gpu().read(windowed), await gpu().read(whole));
});

test('the same bits twice', async () => {
  using scope = gpu().scope();
  const x = scope.upload(new TestRandom(5).normal(50_021), [50_021]);
  const out = scope.tensor([2]);
  sum(gpu(), { x, out });
  sum(gpu(), { x, out, outIndex: 1 });
  const [first, second] = await gpu().read(out);
  expect(second).toBe(first);
});

test('the variant for hardware adapters equals the float64 reference', async () => {
  const values = new TestRandom(6).normal(20_003);
  using scope = gpu().scope();
  const x = scope.upload(values, [20_003]);
  const out = scope.tensor([1]);
  sumOfSquares(gpu().with({ tuning: TUNINGS.hardware }), { x, out });
  expectClose(await gpu().read(out), [sumOfSquaresReference(values)], tolerances.sum.f32);
});

test('l2Norm of nothing is refused', () => {
  using scope = gpu().scope();
  expect(() => l2Norm(gpu(), { tensors: [], out: scope.tensor([1]) })).toThrow(/at least one tensor/);
});

test('norms of several sets have the bits of one after the other, also of stacks, and of tensors too large to bind', async () => {
  using scope = gpu().scope();
  const random = new TestRandom(9);
  const sets = [0, 1, 2].map(() =>
    [7000, 64, 64, 64, 640].map((length) => scope.upload(random.normal(2 * length), [2, length])),
  );
  const [together, apart] = [scope.tensor([7]), scope.tensor([7])];
  for (const device of [gpu(), gpu().with({ maxBindingBytes: 2048 })]) {
    for (const stacked of device === gpu() ? [1, 2] : [1]) {
      using norms = new L2Norms(device, { out: together, outIndex: 1, sets: sets.length, stacked });
      for (const [i, tensors] of sets.entries()) {
        norms.add(i, tensors);
        const place = { tensors, out: apart, outIndex: 1 + i * stacked };
        if (stacked > 1) groupedL2Norm(device, place);
        else l2Norm(device, place);
      }
      norms.finish();
      const count = stacked * sets.length;
      expectSameBits(await gpu().read(together, 1, count), await gpu().read(apart, 1, count));
    }
  }
  using few = new L2Norms(gpu(), { out: together, sets: 2 });
  few.add(0, sets[0]!);
  expect(() => few.add(1, sets[1]!.slice(1))).toThrow(/other lengths/);
  expect(() => new L2Norms(gpu(), { out: together, sets: 8 })).toThrow(RangeError);
});

test('a step of gradient descent in one reading with the norms has the bits of one after the other', async () => {
  const random = new TestRandom(21);
  const lengths = [20_000, 7, 129, 64, 300];
  const values = lengths.map((length) => random.normal(length));
  const starts = lengths.map((length) => random.normal(length));
  const runs = [5, 3, 2].flatMap((count) =>
    [TUNINGS.hardware, gpu().tuning].map((tuning) => ({ count, tuning })),
  );
  for (const { count, tuning } of runs) {
    using scope = gpu().scope();
    const upload = (data: Float32Array) => scope.upload(data, [data.length]);
    const device = gpu().with({ tuning });
    const gradients = values.slice(0, count).map(upload);
    const own = starts.slice(0, count);
    const [together, apart] = [own.map(upload), own.map(upload)];
    const pairs = gradients.map((gradient, i) => ({ gradient, parameter: together[i]! }));
    const [out, expected] = [scope.tensor([1]), scope.tensor([1])];
    let recorded = 0;
    const { dispatch } = device;
    Object.assign(device, {
      dispatch: (...args: Parameters<typeof dispatch>) => {
        recorded++;
        dispatch.apply(device, args);
      },
    });
    using norms = new L2Norms(device, { out, sets: 1 });
    norms.step(0, pairs, 0.3);
    if (tuning === TUNINGS.hardware) expect(recorded).toBe(count > 4 ? 2 : 1);
    norms.finish();
    sgdSteps(
      gpu().with({ tuning }),
      gradients.map((gradient, i) => ({ gradient, parameter: apart[i]! })),
      0.3,
    );
    l2Norm(gpu().with({ tuning }), { tensors: gradients, out: expected });
    expectSameBits(await gpu().read(out), await gpu().read(expected));
    for (const [i, parameter] of together.entries())
      expectSameBits(await gpu().read(parameter), await gpu().read(apart[i]!));
    const wrong = [{ gradient: gradients[0]!, parameter: together[1]! }];
    using other = new L2Norms(device, { out, sets: 1 });
    expect(() => other.step(0, wrong, 0.3)).toThrow(/differ in length/);
  }
  const steps = l2NormKernels(TUNINGS.hardware).filter(({ label }) => label.includes('.sgd.'));
  expect(steps).toHaveLength(4);
  expectRan(gpu(), steps);
});
