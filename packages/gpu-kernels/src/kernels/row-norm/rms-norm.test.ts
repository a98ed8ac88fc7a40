import { describe, expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { dot, finiteDifferences } from '../../testing/finite-differences.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { rmsNormBackwardReference, rmsNormReference } from './rms-norm-reference.ts';
import { rmsNormBackward, rmsNormForward } from './rms-norm.ts';

const gpu = useGpu();
const epsilon = 1e-5;

function operands(rows: number, width: number) {
  const random = new TestRandom(rows * 1000 + width);
  return {
    x: random.normal(rows * width),
    weight: random.normal(width),
    gradOutput: random.normal(rows * width),
    sums: random.normal(width),
    epsilon,
  };
}

/** Forward, then all gradients, the sum starting from `sums` and gradInput also added to `gradOutput`. */
async function onDevice(values: ReturnType<typeof operands>, device = gpu()) {
  const width = values.weight.length;
  const rows = values.x.length / width;
  using scope = device.scope();
  const shape = [rows, width];
  const [x, gradOutput] = [scope.upload(values.x, shape), scope.upload(values.gradOutput, shape)];
  const weight = scope.upload(values.weight, [width]);
  const [out, stats, gradInput] = [scope.tensor(shape), scope.tensor([rows]), scope.tensor(shape)];
  const [dxAdded, gradWeight] = [scope.upload(values.gradOutput, shape), scope.upload(values.sums, [width])];
  rmsNormForward(device, { x, weight, epsilon, out, stats });
  rmsNormBackward(device, { x, weight, stats, gradOutput, gradInput, gradWeight });
  rmsNormBackward(device, { x, weight, stats, gradOutput, gradInput: dxAdded, accumulate: true });
  const read = (tensor: typeof out): Promise<Float32Array> => device.read(tensor);
  return {
    out: await read(out),
    stats: await read(stats),
    gradInput: await read(gradInput),
    dxAdded: await read(dxAdded),
    gradWeight: await read(gradWeight),
  };
}

const added = (a: ArrayLike<number>, b: ArrayLike<number>): Float64Array =>
  Float64Array.from(a, (value, i) => value + (b[i] ?? NaN));

describe.each([
  [1, 1],
  [3, 5],
  [33, 64],
  [130, 97],
  [7, 1030],
])('%i rows of %i', (rows, width) => {
  test('forward and backward equal the float64 reference', async () => {
    const values = operands(rows, width);
    const forward = rmsNormReference(values);
    const backward = rmsNormBackwardReference(values, values.gradOutput);
    const device = await onDevice(values);
    const tolerance = tolerances['layer-norm'].f32;
    expectClose(device.out, forward.out, tolerance);
    expectClose(device.stats, forward.stats, tolerance);
    expectClose(device.gradInput, backward.gradInput, tolerance);
    expectClose(device.dxAdded, added(backward.gradInput, values.gradOutput), tolerance);
    expectClose(
      device.gradWeight,
      added(backward.gradWeight, values.sums),
      tolerances.sum.f32,
      Math.sqrt(rows),
    );
  });
});

test('the reference gradients equal finite differences', () => {
  const { gradOutput, sums: _, ...values } = operands(3, 6);
  const differences = (name: 'x' | 'weight'): Float64Array =>
    finiteDifferences((at) => dot(rmsNormReference({ ...values, [name]: at }).out, gradOutput), values[name]);
  const gradients = rmsNormBackwardReference(values, gradOutput);
  expectClose(gradients.gradInput, differences('x'), tolerances['finite-differences'].f32);
  expectClose(gradients.gradWeight, differences('weight'), tolerances['finite-differences'].f32);
});

test('rows alone equal the same rows in a batch, bit by bit', async () => {
  const values = operands(70, 131);
  const batch = await onDevice(values);
  const [start, end] = [13 * 131, 16 * 131];
  const part = await onDevice({
    ...values,
    x: values.x.slice(start, end),
    gradOutput: values.gradOutput.slice(start, end),
  });
  expectSameBits(part.out, batch.out.slice(start, end));
  expectSameBits(part.gradInput, batch.gradInput.slice(start, end));
});

test('the variants for hardware adapters equal the float64 reference', async () => {
  const values = operands(9, 301);
  const device = await onDevice(values, gpu().with({ tuning: TUNINGS.hardware }));
  expectClose(device.out, rmsNormReference(values).out, tolerances['layer-norm'].f32);
  const { gradInput } = rmsNormBackwardReference(values, values.gradOutput);
  expectClose(device.gradInput, gradInput, tolerances['layer-norm'].f32);
});

test('tensors that do not match are refused', () => {
  using scope = gpu().scope();
  const [x, weight, out] = [scope.tensor([3, 4], 'hidden'), scope.tensor([5]), scope.tensor([3, 4])];
  const stats = scope.tensor([3]);
  expect(() => rmsNormForward(gpu(), { x, weight, epsilon, out, stats })).toThrow(
    /hidden \[3, 4\] does not match/,
  );
});

test('a sum without its addend, or of another size, is refused', () => {
  using scope = gpu().scope();
  const tensor = (label: string, rows = 3) => scope.tensor([rows, 4], label);
  const [x, out, weight] = [tensor('x'), tensor('out'), scope.tensor([4])];
  const stats = scope.tensor([3]);
  const args = { x, weight, epsilon, out, stats };
  expect(() => rmsNormForward(gpu(), { ...args, sum: tensor('sum') })).toThrow(/addend and sum go together/);
  expect(() => rmsNormForward(gpu(), { ...args, sum: tensor('sum'), addend: tensor('addend', 2) })).toThrow(
    /addend \[2, 4\] does not match x/,
  );
  const gradients = { x, weight, stats, gradOutput: tensor('gradient'), gradInput: out };
  expect(() => rmsNormBackward(gpu(), { ...gradients, gradResidual: tensor('residual', 2) })).toThrow(
    /residual does not match x/,
  );
});
