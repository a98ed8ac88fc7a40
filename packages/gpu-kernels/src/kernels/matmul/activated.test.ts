import { describe, expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import { type MatmulRegime, TILED_MATMULS } from '../../runtime/tiled-tuning.ts';
import { expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { activationBackward, activationForward } from '../activation/activation.ts';
import { ACTIVATION_KINDS, type ActivationKind } from '../activation/functions.ts';
import { activatedMatmul } from './activated.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { addScaled } from '../elementwise/elementwise.ts';
import { columnSum } from '../reduction/column-sum.ts';
import { gatedMatmul } from './gated.ts';
import { matmul } from './matmul.ts';
import { matmulParts } from './matmul-parts.ts';
import { matrix, sliceColumns } from './matrix.ts';

const gpu = useGpu();

const [M, N, K] = [5, 36, 68];

/** A layer's product, the gradient with respect to what one reads, and tensors for results. */
function make(kind: ActivationKind) {
  const scope = gpu().scope();
  const random = new TestRandom(4);
  const upload = (...shape: [number, number]) => scope.upload(random.normal(shape[0] * shape[1]), shape);
  const [x, weight, seen] = [upload(M, K), upload(N, K), upload(M, N)];
  const down = upload(K, N);
  const bias = scope.upload(random.normal(N), [N]);
  const results = Array.from({ length: 6 }, () => scope.tensor([M, N]));
  const [c, out, gradient, c1, out1, gradient1] = results as [typeof x, ...(typeof x)[]] as (typeof x)[];
  const forward = { a: matrix(x), b: matrix(weight), transposeB: true, bias };
  const backward = { a: matrix(x), b: matrix(down) };
  return {
    tensors: [x, weight, seen, down, bias, ...results],
    results: [c!, out!, gradient!],
    expected: [c1!, out1!, gradient1!],
    together(device: Gpu) {
      activatedMatmul(device, { ...forward, c: matrix(c!) }, { type: 'activation', kind, out: out! });
      const place = { ...backward, c: matrix(gradient!) };
      activatedMatmul(device, place, { type: 'activation-gradient', kind, x: seen! });
    },
    apart(device: Gpu) {
      matmul(device, { ...forward, c: matrix(c1!) });
      activationForward(device, { kind, x: c1!, out: out1! });
      matmul(device, { ...backward, c: matrix(gradient1!) });
      activationBackward(device, { kind, x: seen!, gradient: gradient1! });
    },
    [Symbol.dispose]: () => scope[Symbol.dispose](),
  };
}

test.each(['training', 'probing'] as const)(
  'a product and its activation have the bits of one after the other on the device, in %s',
  async (regime: MatmulRegime) => {
    using own = make('gelu');
    const device = gpu().with({ regime });
    own.together(device);
    own.apart(device);
    for (const [i, result] of own.results.entries())
      expectSameBits(await gpu().read(result), await gpu().read(own.expected[i]!));
  },
);

const tuned = (workgroups: number): Gpu => {
  const training = { ...TILED_MATMULS.hardware.training, workgroups, minChunk: 32 };
  const matmulTuning = { ...TILED_MATMULS.hardware, training };
  return gpu().with({ regime: 'training', tuning: { ...gpu().tuning, matmul: matmulTuning } });
};

describe('as on GPUs', () => {
  /** @param count dispatches of both products and their activations */
  async function expectTogether(kind: ActivationKind, device: Gpu, count: number): Promise<void> {
    using own = make(kind);
    let dispatches = 0;
    device.dispatch = () => void dispatches++;
    own.together(device);
    Reflect.deleteProperty(device, 'dispatch');
    expect(dispatches).toBe(count);
    own.together(device);
    own.apart(device);
    for (const [i, result] of own.results.entries())
      expectSameBits(await gpu().read(result), await gpu().read(own.expected[i]!));
  }

  test.each(ACTIVATION_KINDS)('%s goes with the sums over chunks', async (kind) => {
    await expectTogether(kind, tuned(512), 4);
  });

  test('and with the product where a workgroup sums all chunks', async () => {
    await expectTogether('gelu_tanh', tuned(1), 2);
  });
});

test.each([512, 1])(
  'a sum goes with a product of %i workgroups on GPUs, and comes after it elsewhere',
  async (workgroups) => {
    using own = make('relu');
    const [x, weight, seen, , bias] = own.tensors as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const [c] = own.results as [Tensor];
    const [expected] = own.expected as [Tensor];
    const product = { a: matrix(x), b: matrix(weight), transposeB: true, bias };
    for (const device of [tuned(workgroups), gpu()]) {
      let dispatches = 0;
      const record = (): void =>
        activatedMatmul(device, { ...product, c: matrix(c) }, { type: 'sum', x: seen });
      device.dispatch = () => void dispatches++;
      record();
      Reflect.deleteProperty(device, 'dispatch');
      record();
      expect(dispatches).toBe(device !== gpu() && workgroups === 1 ? 1 : 2);
      matmul(device, { ...product, c: matrix(expected) });
      addScaled(device, { target: expected, source: seen, scale: 1 });
      expectSameBits(await gpu().read(c), await gpu().read(expected));
    }
  },
);

test('column sums that a product is asked for come with it on every adapter, and are refused where there are none', async () => {
  using own = make('relu');
  const [x, weight, seen] = own.tensors as [Tensor, Tensor, Tensor];
  using scope = gpu().scope();
  const c = matrix(scope.tensor([K, N]));
  const product = { a: matrix(x), b: matrix(seen), c, transposeA: true };
  const expected = scope.tensor([K]);
  columnSum(gpu(), { x, out: expected });
  for (const device of [tuned(1), gpu()]) {
    const out = scope.tensor([K]);
    const finish = { type: 'sum', x: scope.tensor([K, N]) } as const;
    activatedMatmul(device, { ...product, columnSums: { out } }, finish);
    expectSameBits(await gpu().read(out), await gpu().read(expected));
    const plain = { a: matrix(x), b: matrix(weight), c: matrix(seen), transposeB: true };
    const summed = { ...plain, columnSums: { out } };
    expect(matmulParts(device, [summed])).toBeUndefined();
    const gated = { kind: 'relu', up: summed, gate: { ...plain, c: matrix(own.results[0]!) } } as const;
    expect(() => gatedMatmul(device, { ...gated, out: own.results[1]! })).toThrow(/has no sum/);
  }
});

test('refuses a part of a tensor, and another length', () => {
  using own = make('relu');
  const [c, out] = own.results as [(typeof own.results)[0], (typeof own.results)[0]];
  const [x, weight, , , bias] = own.tensors as typeof own.results;
  const product = { a: matrix(x!), b: matrix(weight!), transposeB: true, bias: bias! };
  const finish = { type: 'activation', kind: 'relu', out } as const;
  const part = sliceColumns(matrix(c), 0, N - 4);
  expect(() => activatedMatmul(gpu(), { ...product, c: part }, finish)).toThrow(/is not the whole/);
  const other = { ...finish, out: bias! };
  expect(() => activatedMatmul(gpu(), { ...product, c: matrix(c) }, other)).toThrow(/as long as/);
  const beyond = { ...product, c: matrix(c), biasOffset: 1 };
  for (const device of [tuned(1), gpu()])
    expect(() => activatedMatmul(device, beyond, finish)).toThrow(/is no bias \[36\]/);
});
