import { expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { expectSameBits } from '../../testing/closeness.ts';
import { expectRan, useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { matrix, sliceColumns } from '../matmul/matrix.ts';
import { type SetProduct, matmulSet } from '../matmul/set.ts';
import { rotatedNorm } from './rotated.ts';
import { rotatedNormMatmul, rotatedNormMatmulKernels } from './rotated-matmul.ts';

/** Tiles that compile soonest, and chunks so short that k is cut. */
const TILE = { rows: 32, columns: 32, perInvocation: [4, 4] } as const;
const CARD = {
  ...TUNINGS.hardware,
  matmul: {
    ...TUNINGS.hardware.matmul,
    training: { ...TUNINGS.hardware.matmul.training, tile: TILE, minChunk: 16 },
  },
};
const gpu = useGpu([CARD]);
const onCard = (): Gpu => gpu().with({ tuning: CARD, regime: 'training' });

const [T, K] = [5, 36];
const epsilon = 1e-5;

interface Case {
  /** Of a head. */
  readonly width: number;
  readonly half: number;
  /** Heads of queries, of keys and of values. */
  readonly counts: readonly [number, number, number];
  readonly bias?: boolean;
}

function make({ width, half, counts, bias = false }: Case) {
  const scope = gpu().scope();
  const random = new TestRandom(width + half);
  const upload = (...shape: number[]): Tensor =>
    scope.upload(random.normal(shape.reduce((a, b) => a * b, 1)), shape);
  const x = matrix(upload(T, K));
  const factors = counts.map((count) => {
    const columns = count * width;
    return { columns, b: matrix(upload(columns, K)), ...(bias ? { bias: upload(columns) } : {}) };
  });
  const weights = [upload(width), upload(width)] as const;
  const rotation = {
    positions: scope.upload(Uint32Array.of(4, 0, 8, 3, 3), [T], 'positions'),
    ...{ table: upload(9, half, 2), epsilon },
  };
  const run = () => {
    const products = factors.map(({ columns, ...own }) => ({
      ...{ a: x, ...own, transposeB: true, c: matrix(scope.tensor([T, columns])) },
    })) as [SetProduct, SetProduct, SetProduct];
    const outs = [0, 1].map((i) => scope.tensor([T, factors[i]!.columns])) as [Tensor, Tensor];
    const [query, key] = [0, 1].map((i) => ({
      ...{ product: products[i]!, weight: weights[i]!, out: outs[i]! },
    })) as [
      { product: SetProduct; weight: Tensor; out: Tensor },
      { product: SetProduct; weight: Tensor; out: Tensor },
    ];
    const heads = [query, key].map(({ product, ...own }) => ({ ...own, x: product.c.tensor }));
    const tensors = [...products.map(({ c }) => c.tensor), ...outs];
    return { products, heads, tensors, args: { query, key, value: products[2], ...rotation } };
  };
  return { run, rotation, [Symbol.dispose]: () => scope[Symbol.dispose]() };
}

/** Dispatches that a device would record where it binds so many buffers. */
function count(device: Gpu, record: (on: Gpu) => void, buffers = 10): number {
  let dispatches = 0;
  const counting = device.with({});
  counting.dispatch = () => void dispatches++;
  Object.defineProperty(counting, 'device', {
    value: { limits: { maxStorageBuffersPerShaderStage: buffers } },
  });
  record(counting);
  return dispatches;
}

test.each<Case>([
  { width: 128, half: 64, counts: [3, 1, 1] },
  { width: 12, half: 4, counts: [2, 2, 2] },
  { width: 516, half: 128, counts: [1, 1, 1] },
])('heads of $width are normed and turned as sums over chunks are added up', async (shape) => {
  using made = make(shape);
  const [together, apart] = [made.run(), made.run()];
  expect(count(onCard(), (on) => rotatedNormMatmul(on, together.args))).toBe(2);
  expect(rotatedNormMatmul(onCard(), together.args)).toBe(true);
  matmulSet(onCard(), apart.products);
  rotatedNorm(onCard(), { heads: apart.heads, ...made.rotation });
  for (const [i, tensor] of together.tensors.entries())
    expectSameBits(await gpu().read(tensor), await gpu().read(apart.tensors[i]!));
});

test('that takes three dispatches with biases, where buffers are few, or values have other heads', () => {
  const shape: Case = { width: 12, half: 4, counts: [2, 1, 1] };
  using plain = make(shape);
  using biased = make({ ...shape, bias: true });
  const { args } = plain.run();
  expect(count(onCard(), (on) => rotatedNormMatmul(on, args), 9)).toBe(3);
  expect(count(onCard(), (on) => rotatedNormMatmul(on, biased.run().args))).toBe(3);
  const { value } = args;
  const narrow = { ...value, b: { ...value.b, rows: 8 }, c: matrix(gpu().tensor([T, 8])) };
  expect(count(onCard(), (on) => rotatedNormMatmul(on, { ...args, value: narrow }))).toBe(3);
  narrow.c.tensor.dispose();
  // Three products, a sum of chunks each.
  expect(
    count(onCard().with({ summation: 'descending' }), (on) => rotatedNormMatmul(on, args)),
  ).toBeGreaterThan(3);
});

test('nothing is recorded on software adapters; parts of tensors and other lengths are refused', () => {
  using made = make({ width: 12, half: 4, counts: [2, 1, 1] });
  const { args } = made.run();
  expect(count(gpu(), (on) => expect(rotatedNormMatmul(on, args)).toBe(false))).toBe(0);
  const part = { ...args.value, c: sliceColumns(args.value.c, 0, 4) };
  expect(() => rotatedNormMatmul(onCard(), { ...args, value: part })).toThrow(/is not the whole/);
  const short = { ...args.query, out: args.key.out };
  expect(() => rotatedNormMatmul(onCard(), { ...args, query: short })).toThrow(/does not match/);
});

test('no kernel was left out above', () => {
  expectRan(gpu(), rotatedNormMatmulKernels(CARD));
});
