import { expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { dot, finiteDifferences } from '../../testing/finite-differences.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { add, addScaled, gatherRows, roundToHalf, scaleInPlace, scatterRowsAdd } from './elementwise.ts';
import { gatherRowsReference, scatterRowsAddReference } from './reference.ts';

const gpu = useGpu();
const random = new TestRandom(2);

test.each([1, 255, 257, 4099])('add, addScaled and scaleInPlace of %i elements', async (length) => {
  const [x, y] = [random.normal(length), random.normal(length)];
  using scope = gpu().scope();
  const [a, b, out] = [scope.upload(x, [length]), scope.upload(y, [length]), scope.tensor([length])];
  add(gpu(), { x: a, y: b, out });
  expectClose(
    await gpu().read(out),
    Array.from(x, (v, i) => v + (y[i] ?? NaN)),
    tolerances.elementwise.f32,
  );
  const limited = gpu().with({ maxBindingBytes: 1024 });
  addScaled(limited, { target: a, source: b, scale: -0.3 });
  expectClose(
    await gpu().read(a),
    Array.from(x, (v, i) => v - 0.3 * (y[i] ?? NaN)),
    tolerances.elementwise.f32,
  );
  scaleInPlace(gpu(), { x: b, scale: 1.7 });
  expectClose(
    await gpu().read(b),
    Array.from(y, (v) => v * 1.7),
    tolerances.elementwise.f32,
  );
});

test('roundToHalf gives a neighbour among the float16 numbers, and keeps those', async () => {
  const halves = Float32Array.of(0, 1, -1.5, 0.333251953125, 65504, 2 ** -14);
  const values = Float32Array.from(random.normal(3000), (value, i) => value * 10 ** ((i % 5) - 2));
  using scope = gpu().scope();
  const [kept, rounded] = [scope.upload(halves, [halves.length]), scope.upload(values, [values.length])];
  roundToHalf(gpu(), kept);
  roundToHalf(gpu().with({ maxBindingBytes: 1024 }), rounded);
  expectSameBits(await gpu().read(kept), halves);
  const result = await gpu().read(rounded);
  for (const value of result) expect(Math.f16round(value)).toBe(value);
  expect(result).not.toEqual(values);
  expectClose(
    result,
    Array.from(values, (value) => Math.f16round(value)),
    tolerances.roundToHalf.f32,
  );
});

test('tensors of different lengths are refused by name', () => {
  using scope = gpu().scope();
  const [x, y, out] = [scope.tensor([3], 'left'), scope.tensor([4], 'right'), scope.tensor([3])];
  expect(() => add(gpu(), { x, y, out })).toThrow(/left \[3\] and right \[4\] differ/);
});

test.each([
  { total: 9, width: 5, rows: [8, 0, 3] },
  { total: 300, width: 131, rows: Array.from({ length: 70 }, (_, i) => (i * 37) % 300) },
  { total: 65600, width: 3, rows: Array.from({ length: 65599 }, (_, i) => i + 1) },
])('gatherRows and scatterRowsAdd: $rows.length of $total rows of $width', async ({ total, width, rows }) => {
  const values = random.normal(total * width);
  const gradOutput = random.normal(rows.length * width);
  using scope = gpu().scope();
  const x = scope.upload(values, [total, width]);
  const index = scope.upload(Uint32Array.from(rows), [rows.length]);
  const out = scope.tensor([rows.length, width]);
  gatherRows(gpu(), { x, rows: index, out });
  expectSameBits(await gpu().read(out), Float32Array.from(gatherRowsReference(values, rows, width)));
  const upstream = scope.upload(gradOutput, [rows.length, width]);
  scatterRowsAdd(gpu(), { gradOutput: upstream, rows: index, gradInput: x });
  expectClose(
    await gpu().read(x),
    scatterRowsAddReference(gradOutput, rows, values, width),
    tolerances.elementwise.f32,
  );
});

test('scatterRowsAdd is the backward of gatherRows', () => {
  const [x, gradOutput, rows] = [random.normal(12), random.normal(6), [3, 1]];
  const differences = finiteDifferences((at) => dot(gatherRowsReference(at, rows, 3), gradOutput), x);
  expectClose(
    scatterRowsAddReference(gradOutput, rows, new Float64Array(12), 3),
    differences,
    tolerances['finite-differences'].f32,
  );
});
