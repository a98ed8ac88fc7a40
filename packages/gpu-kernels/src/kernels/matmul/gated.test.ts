import { expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { TILED_MATMULS } from '../../runtime/tiled-tuning.ts';
import { expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { ACTIVATION_KINDS, type ActivationKind } from '../activation/functions.ts';
import { gatedActivationBackward, gatedActivationForward } from '../gated-activation/gated-activation.ts';
import { activatedMatmul } from './activated.ts';
import { gatedMatmul } from './gated.ts';
import { matmul } from './matmul.ts';
import { matrix, sliceColumns } from './matrix.ts';
import type { SetProduct } from './set.ts';

const gpu = useGpu();

const [M, N, K] = [5, 36, 68];

/** As on GPUs, where chunks of k are summed apart if there are workgroups for them. */
const tuned = (workgroups: number): Gpu => {
  const training = { ...TILED_MATMULS.hardware.training, workgroups, minChunk: 32 };
  const matmulTuning = { ...TILED_MATMULS.hardware, training };
  return gpu().with({ regime: 'training', tuning: { ...gpu().tuning, matmul: matmulTuning } });
};

/** The products of a gated block, and what a test does with them. */
function make(bias: boolean) {
  const scope = gpu().scope();
  const random = new TestRandom(4);
  const upload = (...shape: number[]): Tensor =>
    scope.upload(random.normal(shape.reduce((a, b) => a * b, 1)), shape);
  const [x, wUp, wGate, wDown] = [upload(M, K), upload(N, K), upload(N, K), upload(K, N)];
  const biases = [upload(N), upload(N)] as const;
  const seen = { gate: upload(M, N), up: upload(M, N) };
  const outputs = () => Array.from({ length: 5 }, () => scope.tensor([M, N])) as [Tensor, ...Tensor[]];
  const productOf = (weight: Tensor, c: Tensor, own: Tensor): SetProduct => ({
    ...{ a: matrix(x), b: matrix(weight), c: matrix(c), transposeB: true },
    ...(bias ? { bias: own } : {}),
  });
  const forward = (c: { readonly up: Tensor; readonly gate: Tensor }) => ({
    up: productOf(wUp, c.up, biases[0]),
    gate: productOf(wGate, c.gate, biases[1]),
  });
  const backward = (c: Tensor): SetProduct => ({ a: matrix(x), b: matrix(wDown), c: matrix(c) });
  return { outputs, forward, backward, seen, [Symbol.dispose]: () => scope[Symbol.dispose]() };
}

/** Both ways with the bits of one after the other; how many dispatches each takes. */
async function expectTogether(device: Gpu, kind: ActivationKind, bias: boolean): Promise<number[]> {
  using made = make(bias);
  const [together, apart] = [made.outputs(), made.outputs()];
  const run = [
    () => {
      const [up, gate, out] = together as unknown as [Tensor, Tensor, Tensor];
      gatedMatmul(device, { kind, ...made.forward({ up, gate }), out });
    },
    () => {
      const [gradUp, gradGate] = together.slice(3) as [Tensor, Tensor];
      const finish = { type: 'gated-gradient', kind, ...made.seen, gradGate } as const;
      activatedMatmul(device, made.backward(gradUp), finish);
    },
  ];
  const counts = run.map((record) => {
    let count = 0;
    device.dispatch = () => void count++;
    record();
    Reflect.deleteProperty(device, 'dispatch');
    record();
    return count;
  });
  const [up, gate, out, gradUp, gradGate] = apart as unknown as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const products = made.forward({ up, gate });
  matmul(device, products.up);
  matmul(device, products.gate);
  gatedActivationForward(device, { kind, gate, up, out });
  matmul(device, made.backward(gradUp));
  gatedActivationBackward(device, { kind, ...made.seen, gradient: gradUp, gradGate });
  for (const [i, tensor] of together.entries())
    expectSameBits(await gpu().read(tensor), await gpu().read(apart[i]!));
  return counts;
}

test.each(ACTIVATION_KINDS)(
  '%s of a gate goes with the sums over chunks, and so do its gradients',
  async (kind) => {
    expect(await expectTogether(tuned(512), kind, kind === 'silu')).toEqual([2, 2]);
  },
);

test('gradients go with the product where a workgroup sums all chunks; the activation comes by itself', async () => {
  expect(await expectTogether(tuned(1), 'silu', false)).toEqual([2, 1]);
});

test('on the device itself both come after the products', async () => {
  expect(await expectTogether(gpu(), 'silu', true)).toEqual([3, 2]);
});

test.each(['up', 'gate'] as const)('what %s held is added to where its product accumulates', async (name) => {
  using made = make(false);
  const device = tuned(512);
  const [together, apart] = [made.outputs(), made.outputs()] as unknown as [Tensor, Tensor, Tensor][];
  const productsOf = ([up, gate]: readonly Tensor[]) => {
    const products = made.forward({ up: up!, gate: gate! });
    return { ...products, [name]: { ...products[name], accumulate: true } };
  };
  for (const tensors of [together!, apart!])
    for (const tensor of tensors.slice(0, 2)) device.write(tensor, new Float32Array(M * N).fill(2));
  gatedMatmul(device, { kind: 'silu', ...productsOf(together!), out: together![2] });
  const { up, gate } = productsOf(apart!);
  matmul(device, up);
  matmul(device, gate);
  gatedActivationForward(device, { kind: 'silu', gate: apart![1], up: apart![0], out: apart![2] });
  for (const [i, tensor] of together!.slice(0, 3).entries())
    expectSameBits(await gpu().read(tensor), await gpu().read(apart![i]!));
});

test('refuses parts of tensors, and other lengths', () => {
  using made = make(false);
  const [up, gate, out] = made.outputs() as unknown as [Tensor, Tensor, Tensor];
  const products = made.forward({ up, gate });
  const short = made.forward({ up, gate }).up.b.tensor;
  expect(() => gatedMatmul(gpu(), { kind: 'silu', ...products, out: short })).toThrow(/as long as/);
  const part = { ...products.up, c: sliceColumns(matrix(up), 0, N - 4) };
  expect(() => gatedMatmul(gpu(), { kind: 'silu', ...products, up: part, out })).toThrow(/is not the whole/);
});
