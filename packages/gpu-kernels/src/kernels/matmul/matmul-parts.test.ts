import { expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { TILED_MATMULS } from '../../runtime/tiled-tuning.ts';
import { expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { matmulParts } from './matmul-parts.ts';
import { matrix } from './matrix.ts';
import type { ProductParts } from './product-parts.ts';
import { type SetProduct, matmulSet } from './set.ts';

const gpu = useGpu();

const [M, N, K] = [5, 36, 68];

/** A linear layer's product, and a sum of three as gradients with respect to an input are, all into `c`. */
function make(random: TestRandom) {
  const scope = gpu().scope();
  const upload = (...shape: number[]): Tensor =>
    scope.upload(random.normal(shape.reduce((a, b) => a * b, 1)), shape);
  const c = scope.tensor([M, N]);
  const bias = upload(N);
  const linear: SetProduct = {
    ...{ a: matrix(upload(M, K)), b: matrix(upload(N, K)), c: matrix(c) },
    ...{ transposeB: true, bias },
  };
  const sum = [K, 36, 12].map((k, i): SetProduct => ({
    ...{ a: matrix(upload(M, k)), b: matrix(upload(k, N)), c: matrix(c) },
    accumulate: i > 0,
  }));
  return { c, linear, sum, [Symbol.dispose]: () => scope[Symbol.dispose]() };
}

const tuned = (workgroups: number): Gpu => {
  const training = { ...TILED_MATMULS.hardware.training, workgroups, minChunk: 32 };
  const matmulTuning = { ...TILED_MATMULS.hardware, training };
  return gpu().with({ regime: 'training', tuning: { ...gpu().tuning, matmul: matmulTuning } });
};

/** Adds up parts as whoever reads them must. */
async function addedUp({ tensor, counts, bias }: ProductParts): Promise<Float32Array> {
  const values = await gpu().read(tensor);
  const biases = bias && (await gpu().read(bias));
  let first = 0;
  const products = counts.map((count) => {
    const sum = new Float32Array(M * N);
    for (const end = first + count; first < end; first++)
      for (const i of sum.keys()) sum[i]! += values[first * sum.length + i]!;
    return sum;
  });
  const [total, ...others] = products as [Float32Array, ...Float32Array[]];
  for (const i of total.keys()) {
    for (const other of others) total[i]! += other[i]!;
    if (biases) total[i]! += biases[i % N]!;
  }
  return total;
}

test.each([
  ['a product in three chunks', 512, 'linear', [3]],
  ['products that are a sum, in chunks', 512, 'sum', [3, 2, 1]],
  ['and where workgroups sum all chunks', 1, 'sum', [1, 1, 1]],
] as const)('%s has the bits of its parts added up', async (_, workgroups, which, counts) => {
  using made = make(new TestRandom(9));
  const products = which === 'linear' ? [made.linear] : made.sum;
  const device = tuned(workgroups);
  using parts = matmulParts(device, products)!;
  expect(parts.counts).toEqual(counts);
  expect(parts.shape).toEqual([M, N]);
  matmulSet(device, products);
  expectSameBits(await addedUp(parts), await gpu().read(made.c));
});

test('there are none where a product is made in one go, nor of a C that is added to', () => {
  using made = make(new TestRandom(10));
  const { linear, sum } = made;
  const device = tuned(512);
  let dispatches = 0;
  const without = (on: Gpu, products: readonly SetProduct[]): void => {
    on.dispatch = () => void dispatches++;
    expect(matmulParts(on, products)).toBeUndefined();
    Reflect.deleteProperty(on, 'dispatch');
  };
  without(gpu().with({ regime: 'training' }), sum);
  without(device.with({ regime: 'probing' }), [linear]);
  without(device.with({ regime: 'probing' }), sum);
  without(device.with({ summation: 'descending' }), [linear]);
  without(tuned(1), [linear]);
  without(device, [{ ...linear, accumulate: true }]);
  without(device, [{ ...sum[0]!, accumulate: true }, ...sum.slice(1)]);
  without(device, [{ ...linear, biasOffset: 1 }]);
  without(device, []);
  expect(dispatches).toBe(0);
});
