import { describe, expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { dot, finiteDifferences } from '../../testing/finite-differences.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import type { ActivationKind } from '../activation/functions.ts';
import { gatedActivationBackward, gatedActivationForward } from './gated-activation.ts';
import { gatedActivationBackwardReference, gatedActivationReference } from './reference.ts';

const gpu = useGpu();
const KINDS: readonly ActivationKind[] = ['gelu', 'gelu_tanh', 'relu', 'silu'];

function operands(length: number, seed = 1) {
  const random = new TestRandom(seed);
  return {
    gate: random.normal(length, 3),
    up: random.normal(length),
    gradOutput: random.normal(length),
  };
}

async function onDevice(kind: ActivationKind, values: ReturnType<typeof operands>, device = gpu()) {
  using scope = device.scope();
  const shape = [values.gate.length];
  const [gate, up] = [scope.upload(values.gate, shape), scope.upload(values.up, shape)];
  const [out, gradGate] = [scope.tensor(shape), scope.tensor(shape)];
  const gradient = scope.upload(values.gradOutput, shape);
  gatedActivationForward(device, { kind, gate, up, out });
  gatedActivationBackward(device, { kind, gate, up, gradient, gradGate });
  return {
    out: await gpu().read(out),
    gradGate: await gpu().read(gradGate),
    gradUp: await gpu().read(gradient),
  };
}

describe.each(KINDS)('%s', (kind) => {
  test('forward and backward equal the float64 reference', async () => {
    const values = operands(5003);
    const expected = gatedActivationBackwardReference(kind, values.gate, values.up, values.gradOutput);
    const device = await onDevice(kind, values);
    const tolerance = tolerances['activation-derivative'].f32;
    expectClose(device.out, gatedActivationReference(kind, values.gate, values.up), tolerance);
    // A product of two numbers of up to 4, where `activation-derivative` has one.
    expectClose(device.gradGate, expected.gradGate, tolerance, 4);
    expectClose(device.gradUp, expected.gradUp, tolerance);
  });

  test('the reference gradients equal finite differences', () => {
    const { gate, up, gradOutput } = operands(40, 2);
    const gradients = gatedActivationBackwardReference(kind, gate, up, gradOutput);
    const tolerance = tolerances['finite-differences'].f32;
    const byGate = finiteDifferences((x) => dot(gatedActivationReference(kind, x, up), gradOutput), gate);
    const byUp = finiteDifferences((x) => dot(gatedActivationReference(kind, gate, x), gradOutput), up);
    expectClose(gradients.gradGate, byGate, tolerance);
    expectClose(gradients.gradUp, byUp, tolerance);
  });
});

test('an element does not depend on the others', async () => {
  const all = await onDevice('silu', operands(700));
  const { gate, up, gradOutput } = operands(700);
  const part = await onDevice('silu', {
    gate: gate.slice(300, 433),
    up: up.slice(300, 433),
    gradOutput: gradOutput.slice(300, 433),
  });
  for (const name of ['out', 'gradGate', 'gradUp'] as const)
    expectSameBits(part[name], all[name].slice(300, 433));
});

test('windows over the tensors give the same bits as one binding', async () => {
  const values = operands(2051);
  const limited = gpu().with({ maxBindingBytes: 2048 });
  expect(await onDevice('silu', values, limited)).toEqual(await onDevice('silu', values));
});

test('tensors that differ in length are refused', () => {
  using scope = gpu().scope();
  const [gate, up, out] = [scope.tensor([4]), scope.tensor([5], 'too long'), scope.tensor([4])];
  expect(() => gatedActivationForward(gpu(), { kind: 'silu', gate, up, out })).toThrow(/too long \[5\]/);
});
