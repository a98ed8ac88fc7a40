import { expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { TILED_MATMULS } from '../../runtime/tiled-tuning.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { hostDevice, memoryOf } from '../../testing/host-device.ts';
import { TestRandom } from '../../testing/random.ts';
import { rotateInPlace } from '../rotary/rotary.ts';
import { rotaryTable } from '../rotary/table.ts';
import { matmul } from './matmul.ts';
import { matrix, sliceColumns } from './matrix.ts';
import { type RotatedMatmulArguments, rotatedMatmul } from './rotated.ts';
import type { SetProduct } from './set.ts';

/** Tiles that compile soonest. */
const TILE = { rows: 32, columns: 32, perInvocation: [4, 4] } as const;
const CARD = {
  ...TUNINGS.hardware,
  matmul: { ...TILED_MATMULS.hardware, training: { ...TILED_MATMULS.hardware.training, tile: TILE } },
};

const gpu = useGpu([CARD]);

const [T, D, K] = [5, 24, 68];

/** As on GPUs, where chunks of k are summed apart if there are workgroups for them. */
const tuned = (workgroups = 512): Gpu => {
  const training = { ...CARD.matmul.training, workgroups, minChunk: 32 };
  return gpu().with({
    regime: 'training',
    tuning: { ...CARD, matmul: { ...CARD.matmul, training } },
  });
};

interface Case {
  /** Heads of queries; keys and values have one. */
  readonly heads?: number;
  /** Coordinates that are turned, of a head's 24. */
  readonly size?: number;
  /** Which of queries, keys and values have biases. */
  readonly biases?: readonly boolean[];
  /** That a device binds, as dispatches are counted. */
  readonly buffers?: number;
  /** Whether kernels run where they take seconds to compile. */
  readonly onDevice?: boolean;
}

/** Dispatches that the products and their positions take together, with the bits of one after the other. */
async function expectTogether(
  device: Gpu,
  { heads = 3, size = 16, biases = [], buffers = 10, onDevice = false }: Case,
): Promise<number> {
  using scope = gpu().scope();
  const random = new TestRandom(heads + size);
  const upload = (...shape: number[]): Tensor =>
    scope.upload(random.normal(shape.reduce((a, b) => a * b, 1)), shape);
  const frequencies = random.normal(size / 2);
  const table = scope.upload(rotaryTable(9, frequencies), [9, size / 2, 2]);
  const positions = scope.upload(Uint32Array.of(4, 0, 8, 3, 3), [T], 'positions');
  const x = matrix(upload(T, K));
  const factors = [heads * D, D, 20].map((width, i) => ({
    ...{ b: matrix(upload(width, K)), a: x, transposeB: true, width },
    ...(biases[i] ? { bias: upload(width) } : {}),
  }));
  const make = (): [SetProduct, SetProduct, SetProduct] =>
    factors.map(({ width, ...own }) => ({ ...own, c: matrix(scope.tensor([T, width])) })) as [
      SetProduct,
      SetProduct,
      SetProduct,
    ];
  const [together, apart] = [make(), make()];
  const [query, key, value] = together;
  const rotation = { positions, table, headDim: D };
  let count = 0;
  const counting = device.with({});
  counting.dispatch = () => void count++;
  const limits = { maxStorageBuffersPerShaderStage: buffers };
  Object.defineProperty(counting, 'device', { value: { limits } });
  rotatedMatmul(counting, { query, key, value, ...rotation });
  const tensors = [
    table,
    positions,
    x.tensor,
    ...factors.flatMap(({ b, bias }) => [b.tensor, bias ?? []].flat()),
  ];
  const memory = await memoryOf(gpu(), tensors);
  const runs = onDevice ? device : hostDevice(device, memory, new Set());
  rotatedMatmul(runs, { query, key, value, ...rotation });
  for (const product of apart) matmul(runs, product);
  rotateInPlace(runs, { x: apart[0].c.tensor, other: apart[1].c.tensor, ...rotation });
  const read = async (tensor: Tensor): Promise<Float32Array> =>
    onDevice ? await gpu().read(tensor) : (memory.get(tensor) as Float32Array);
  for (const [i, { c }] of together.entries())
    expectSameBits(await read(c.tensor), await read(apart[i]!.c.tensor));
  return count;
}

test.each<[string, Case]>([
  ['of several heads to a key', {}],
  ['of whole heads', { heads: 1, size: 24 }],
  ['with biases', { biases: [true, true, true] }],
  ['of which one has a bias', { biases: [false, true] }],
])('queries and keys %s are turned as sums over chunks are added up', async (_, shape) => {
  expect(await expectTogether(tuned(), shape)).toBe(2);
});

test.each<[string, () => Gpu, Case, number]>([
  ['where a workgroup sums all chunks', () => tuned(1), {}, 2],
  ['where the device binds too few buffers', () => tuned(), { biases: [true, true, true], buffers: 8 }, 3],
  ['where halves of heads are no whole vectors', () => tuned(), { size: 12 }, 3],
  ['with this adapter’s own kernels', () => gpu().with({}), { onDevice: true }, 4],
])('they are turned after the products %s', async (_, device, shape, count) => {
  expect(await expectTogether(device(), shape)).toBe(count);
});

test('refuses parts of tensors, and heads that the positions are not of', () => {
  using scope = gpu().scope();
  const of = (width: number): SetProduct => ({
    ...{ a: matrix(scope.tensor([T, K])), b: matrix(scope.tensor([width, K])), transposeB: true },
    c: matrix(scope.tensor([T, width])),
  });
  const args = (headDim: number): RotatedMatmulArguments => ({
    ...{ query: of(48), key: of(24), value: of(24), headDim },
    ...{ positions: scope.tensor([T], 'positions', 'uint32'), table: scope.tensor([9, 8, 2]) },
  });
  const whole = args(24);
  const part = { ...whole.key, c: sliceColumns(whole.key.c, 0, 20) };
  expect(() => rotatedMatmul(tuned(), { ...whole, key: part })).toThrow(/is not the whole/);
  expect(() => rotatedMatmul(gpu(), args(32))).toThrow(/has no 5 rows of heads of 32/);
});
