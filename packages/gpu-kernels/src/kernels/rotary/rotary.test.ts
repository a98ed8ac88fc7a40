import { describe, expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { dot, finiteDifferences } from '../../testing/finite-differences.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { rotaryReference } from './reference.ts';
import { rotateInPlace } from './rotary.ts';
import { rotaryTable } from './table.ts';

const gpu = useGpu();
const POSITIONS = [0, 1, 2, 3, 900, 901, 0, 1, 17, 2047];

interface Case {
  readonly heads: number;
  readonly headDim: number;
  readonly size: number;
  readonly theta: number;
  readonly amplitude?: number;
}

async function onDevice(values: Float32Array, positions: readonly number[], shape: Case, inverse = false) {
  const { headDim, size, theta, amplitude } = shape;
  const frequencies = Array.from({ length: size / 2 }, (_, i) => theta ** ((-2 * i) / size));
  using scope = gpu().scope();
  const x = scope.upload(values, [positions.length, values.length / positions.length]);
  const rows = Math.max(...positions) + 1;
  const table = scope.upload(rotaryTable(rows, frequencies, amplitude), [rows, size / 2, 2]);
  const index = scope.upload(Uint32Array.from(positions), [positions.length]);
  rotateInPlace(gpu(), { x, positions: index, table, headDim, inverse });
  return gpu().read(x);
}

describe.each<Case>([
  { heads: 1, headDim: 2, size: 2, theta: 10000 },
  { heads: 3, headDim: 16, size: 4, theta: 10000 },
  { heads: 4, headDim: 12, size: 12, theta: 500 },
  { heads: 2, headDim: 8, size: 6, theta: 900, amplitude: 1.4 },
  { heads: 2, headDim: 64, size: 64, theta: 1e6 },
])('$heads heads of $headDim, $size rotated, theta $theta, amplitude $amplitude', (shape) => {
  const values = new TestRandom(shape.headDim).normal(POSITIONS.length * shape.heads * shape.headDim);

  test('equals the float64 reference', async () => {
    const expected = rotaryReference({ x: values, positions: POSITIONS, ...shape });
    expectClose(await onDevice(values, POSITIONS, shape), expected, tolerances.elementwise.f32, 2);
  });

  test('rotating back is the backward: the finite differences of the reference', async () => {
    const gradOutput = new TestRandom(9).normal(values.length);
    const gradient = finiteDifferences(
      (x) => dot(rotaryReference({ x, positions: POSITIONS, ...shape }), gradOutput),
      values,
    );
    expectClose(await onDevice(gradOutput, POSITIONS, shape, true), gradient, tolerances.elementwise.f32, 2);
  });

  test('turns nothing at position 0, and leaves the coordinates that are not rotated as they are, bit by bit', async () => {
    const rotated = await onDevice(values, POSITIONS, shape);
    const width = shape.heads * shape.headDim;
    const amplitude = Math.fround(shape.amplitude ?? 1);
    const still = values.slice(0, width).map((x, i) => (i % shape.headDim < shape.size ? amplitude * x : x));
    expectSameBits(rotated.slice(0, width), still);
    for (let i = 0; i < values.length; i++)
      if (i % shape.headDim >= shape.size) expect(rotated[i]).toBe(values[i]);
  });
});

test('inner products depend on the distance of positions alone', async () => {
  const shape = { heads: 1, headDim: 8, size: 8, theta: 10000 };
  const values = new TestRandom(3).normal(16);
  const product = async (positions: readonly number[]): Promise<number> => {
    const rotated = await onDevice(values, positions, shape);
    return dot(rotated.slice(0, 8), rotated.slice(8));
  };
  expect(await product([5, 12])).toBeCloseTo(await product([105, 112]), 5);
  expect(Math.abs((await product([5, 12])) - (await product([5, 13])))).toBeGreaterThan(1e-3);
});

test('more rotated coordinates than a head has are refused', () => {
  using scope = gpu().scope();
  const [x, table] = [scope.tensor([2, 8], 'queries'), scope.tensor([4, 3, 2])];
  const positions = scope.tensor([2], 'positions', 'uint32');
  expect(() => rotateInPlace(gpu(), { x, positions, table, headDim: 4 })).toThrow(
    /queries \[2, 8\].*6 rotated/,
  );
});
