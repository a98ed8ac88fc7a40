import { describe, expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { finiteDifferences } from '../../testing/finite-differences.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { type ActivationKind, activationBackward, activationForward } from './activation.ts';
import { activationDerivativeReference, activationReference } from './reference.ts';

const gpu = useGpu();
const KINDS: readonly ActivationKind[] = ['gelu', 'gelu_tanh', 'relu', 'silu'];

/** A fine grid over where the functions bend, and values far outside. */
const GRID = Float32Array.from([
  ...Array.from({ length: 24001 }, (_, i) => (i - 12000) / 1000),
  -1e4,
  -3e3,
  -100,
  -20,
  20,
  100,
  3e3,
  1e4,
]);

async function forward(kind: ActivationKind, values: Float32Array, device = gpu()): Promise<Float32Array> {
  using scope = gpu().scope();
  const x = scope.upload(values, [values.length]);
  const out = scope.tensor([values.length]);
  activationForward(device, { kind, x, out });
  return gpu().read(out);
}

async function backward(
  kind: ActivationKind,
  values: Float32Array,
  gradOutput: Float32Array,
  device = gpu(),
): Promise<Float32Array> {
  using scope = gpu().scope();
  const x = scope.upload(values, [values.length]);
  const gradient = scope.upload(gradOutput, [values.length]);
  activationBackward(device, { kind, x, gradient });
  return gpu().read(gradient);
}

describe.each(KINDS)('%s', (kind) => {
  test('forward equals the float64 reference, far arguments included', async () => {
    const expected = Array.from(GRID, (x) => activationReference(kind, x));
    expectClose(await forward(kind, GRID), expected, tolerances.activation.f32);
  });

  test('backward equals the float64 reference with random gradients of the output', async () => {
    const gradOutput = new TestRandom(1).normal(GRID.length);
    const expected = Array.from(
      GRID,
      (x, i) => (gradOutput[i] ?? NaN) * activationDerivativeReference(kind, x),
    );
    expectClose(await backward(kind, GRID, gradOutput), expected, tolerances['activation-derivative'].f32);
  });

  test('the reference derivative equals finite differences', () => {
    const points = Array.from({ length: 241 }, (_, i) => (i - 120.5) / 20);
    const derivative = points.map((x) => activationDerivativeReference(kind, x));
    const differences = points.map(
      (x) => finiteDifferences(([v = NaN]) => activationReference(kind, v), [x])[0] ?? NaN,
    );
    expectClose(derivative, differences, tolerances['finite-differences'].f32);
  });

  test('an element does not depend on the others', async () => {
    const all = await forward(kind, GRID);
    expectSameBits(await forward(kind, GRID.slice(1001, 1378)), all.slice(1001, 1378));
    expectSameBits(await forward(kind, GRID), all);
  });
});

test('erf is within 2e-7: the error of exact GELU over x is half of it, beside the rounding of the product', async () => {
  const out = await forward('gelu', GRID);
  for (const [i, x] of GRID.entries()) {
    const error = Math.abs((out[i] ?? NaN) - activationReference('gelu', x));
    expect(error).toBeLessThanOrEqual(1e-7 * Math.abs(x) + 2 ** -24 * Math.abs(out[i] ?? NaN));
  }
});

test('windows over the tensors give the same bits as one binding', async () => {
  const [x, gradOutput] = [GRID.slice(0, 2051), new TestRandom(2).normal(2051)];
  const limited = gpu().with({ maxBindingBytes: 2048 });
  expectSameBits(await forward('gelu', x, limited), await forward('gelu', x));
  expectSameBits(await backward('gelu', x, gradOutput, limited), await backward('gelu', x, gradOutput));
});

test('more elements than one dimension of workgroups, and more than one binding', async () => {
  const length = 65536 * 256 + 3;
  using scope = gpu().scope();
  const x = scope.tensor([length]);
  const out = scope.tensor([length]);
  gpu().clear(x);
  const ends = [0, 65535 * 256, length - 1];
  for (const at of ends) gpu().write(x, new Float32Array([(at % 7) + 1]), at);
  activationForward(gpu(), { kind: 'relu', x, out });
  for (const at of ends) expect(await gpu().read(out, at, 1)).toEqual(new Float32Array([(at % 7) + 1]));
  activationBackward(gpu().with({ maxBindingBytes: 2 ** 20 }), { kind: 'relu', x, gradient: out });
  for (const at of ends) expect(await gpu().read(out, at, 1)).toEqual(new Float32Array([(at % 7) + 1]));
  expect(await gpu().read(out, 1, 3)).toEqual(new Float32Array(3));
});
