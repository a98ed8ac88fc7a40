import { describe, expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { dot, finiteDifferences } from '../../testing/finite-differences.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { LongerBuffers } from '../../testing/longer-buffers.ts';
import { expectCloseBetweenNaNs } from '../../testing/poison.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { layerNormBackward, layerNormForward } from './layer-norm.ts';
import { layerNormBackwardReference, layerNormReference } from './layer-norm-reference.ts';

const gpu = useGpu();
const epsilon = 1e-5;

interface Case {
  readonly rows: number;
  readonly width: number;
  /** Added to every input, to show that the variance does not cancel. */
  readonly offset?: number;
}

function operands({ rows, width, offset = 0 }: Case) {
  const random = new TestRandom(rows * 1000 + width);
  return {
    x: random.normal(rows * width).map((value) => value + offset),
    weight: random.normal(width),
    bias: random.normal(width),
    gradOutput: random.normal(rows * width),
    sums: random.normal(width),
    epsilon,
  };
}

/** Forward, then all gradients, the sums starting from `sums` and gradInput added to `gradOutput`. */
async function onDevice(values: Omit<ReturnType<typeof operands>, 'epsilon'>, device = gpu()) {
  const width = values.weight.length;
  const rows = values.x.length / width;
  using scope = device.scope();
  const [x, gradOutput] = [
    scope.upload(values.x, [rows, width]),
    scope.upload(values.gradOutput, [rows, width]),
  ];
  const [weight, bias] = [scope.upload(values.weight, [width]), scope.upload(values.bias, [width])];
  const [out, stats, plain] = [
    scope.tensor([rows, width]),
    scope.tensor([rows, 2]),
    scope.tensor([rows, width]),
  ];
  const [gradInput, dxAdded] = [scope.tensor([rows, width]), scope.upload(values.gradOutput, [rows, width])];
  const [gradWeight, gradBias] = [scope.upload(values.sums, [width]), scope.upload(values.sums, [width])];
  layerNormForward(device, { x, weight, bias, epsilon, out, stats });
  layerNormForward(device, { x, weight, bias, epsilon, out: plain });
  layerNormBackward(device, { x, weight, stats, gradOutput, gradInput, gradWeight, gradBias });
  layerNormBackward(device, { x, weight, stats, gradOutput, gradInput: dxAdded, accumulate: true });
  const read = (tensor: typeof out): Promise<Float32Array> => device.read(tensor);
  return {
    out: await read(out),
    plain: await read(plain),
    stats: await read(stats),
    gradInput: await read(gradInput),
    dxAdded: await read(dxAdded),
    gradWeight: await read(gradWeight),
    gradBias: await read(gradBias),
  };
}

const added = (a: ArrayLike<number>, b: ArrayLike<number>): Float64Array =>
  Float64Array.from(a, (value, i) => value + (b[i] ?? NaN));

describe.each<Case>([
  { rows: 1, width: 1 },
  { rows: 3, width: 5 },
  { rows: 33, width: 64 },
  { rows: 130, width: 97 },
  { rows: 7, width: 1030 },
  { rows: 5, width: 768, offset: 100 },
])('$rows rows of $width, offset $offset', (shape) => {
  test('forward and backward equal the float64 reference', async () => {
    const values = operands(shape);
    const forward = layerNormReference(values);
    const backward = layerNormBackwardReference(values, values.gradOutput);
    const device = await onDevice(values);
    const tolerance = tolerances['layer-norm'].f32;
    const scale = shape.offset ?? 1;
    expectClose(device.out, forward.out, tolerance, scale);
    expectSameBits(device.plain, device.out);
    expectClose(device.stats, forward.stats, tolerance, scale);
    expectClose(device.gradInput, backward.gradInput, tolerance, scale);
    expectClose(device.dxAdded, added(backward.gradInput, values.gradOutput), tolerance, scale);
    expectClose(
      device.gradWeight,
      added(backward.gradWeight, values.sums),
      tolerances.sum.f32,
      scale * Math.sqrt(shape.rows),
    );
    expectClose(
      device.gradBias,
      added(backward.gradBias, values.sums),
      tolerances.sum.f32,
      scale * Math.sqrt(shape.rows),
    );
  });
});

test('the reference gradients equal finite differences', () => {
  const { gradOutput, sums: _, ...values } = operands({ rows: 3, width: 6 });
  const differences = (name: 'x' | 'weight' | 'bias'): Float64Array =>
    finiteDifferences(
      (at) => dot(layerNormReference({ ...values, [name]: at }).out, gradOutput),
      values[name],
    );
  const gradients = layerNormBackwardReference(values, gradOutput);
  const tolerance = tolerances['finite-differences'].f32;
  expectClose(gradients.gradInput, differences('x'), tolerance);
  expectClose(gradients.gradWeight, differences('weight'), tolerance);
  expectClose(gradients.gradBias, differences('bias'), tolerance);
});

test('rows alone equal the same rows in a batch, bit by bit, and twice gives the same bits', async () => {
  const values = operands({ rows: 70, width: 131 });
  const batch = await onDevice(values);
  const again = await onDevice(values);
  for (const name of ['out', 'gradInput', 'gradWeight', 'gradBias'] as const)
    expectSameBits(again[name], batch[name]);
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
  const values = operands({ rows: 9, width: 301 });
  const device = await onDevice(values, gpu().with({ tuning: TUNINGS.hardware }));
  expectClose(device.out, layerNormReference(values).out, tolerances['layer-norm'].f32);
  expectClose(
    device.gradInput,
    layerNormBackwardReference(values, values.gradOutput).gradInput,
    tolerances['layer-norm'].f32,
  );
});

test('more rows than one dimension of workgroups', async () => {
  const values = operands({ rows: 65_537, width: 3 });
  const device = await onDevice(values);
  const backward = layerNormBackwardReference(values, values.gradOutput);
  // Some of so many rows hold three nearly equal numbers: |x| / deviation is large.
  expectClose(device.out, layerNormReference(values).out, tolerances['layer-norm'].f32, 100);
  expectClose(device.gradBias, added(backward.gradBias, values.sums), tolerances.sum.f32, Math.sqrt(65_537));
  expectClose(
    device.gradWeight,
    added(backward.gradWeight, values.sums),
    tolerances.sum.f32,
    Math.sqrt(65_537),
  );
});

test('tensors that do not match are refused', () => {
  using scope = gpu().scope();
  const [x, weight, bias, out] = [
    scope.tensor([3, 4], 'hidden'),
    scope.tensor([5]),
    scope.tensor([5]),
    scope.tensor([3, 4]),
  ];
  expect(() => layerNormForward(gpu(), { x, weight, bias, epsilon, out })).toThrow(
    /hidden \[3, 4\] does not match/,
  );
});

test('a sum without its addend, or of another size, is refused', () => {
  using scope = gpu().scope();
  const tensor = (label: string, rows = 3) => scope.tensor([rows, 4], label);
  const [x, out, weight, bias] = [tensor('x'), tensor('out'), scope.tensor([4]), scope.tensor([4])];
  const stats = scope.tensor([3, 2]);
  const args = { x, weight, bias, epsilon, out, stats };
  expect(() => layerNormForward(gpu(), { ...args, sum: tensor('sum') })).toThrow(
    /addend and sum go together/,
  );
  expect(() => layerNormForward(gpu(), { ...args, sum: tensor('sum'), addend: tensor('addend', 2) })).toThrow(
    /addend \[2, 4\] does not match x/,
  );
  const gradients = { x, weight, stats, gradOutput: tensor('gradient'), gradInput: out };
  expect(() => layerNormBackward(gpu(), { ...gradients, gradResidual: tensor('residual', 2) })).toThrow(
    /residual does not match x/,
  );
});

test('nothing behind the last row is written, of however many rows one invocation or workgroup has', async () => {
  const [rows, width] = [3, 8];
  const values = operands({ rows, width });
  const forward = layerNormReference(values);
  const backward = layerNormBackwardReference(values, values.gradOutput);
  for (const tuning of [gpu().tuning, TUNINGS.hardware]) {
    using longer = new LongerBuffers(gpu().with({ tuning }));
    const given = (shape: number[], data: ArrayLike<number>) => longer.operand(shape, data, 1);
    const [x, gradOutput] = [given([rows, width], values.x), given([rows, width], values.gradOutput)];
    const [weight, bias] = [given([width], values.weight), given([width], values.bias)];
    const [out, stats] = [longer.operand([rows, width]), longer.operand([rows, 2])];
    layerNormForward(longer.device, { x, weight, bias, epsilon, out, stats });
    const made = [await longer.read(out), await longer.read(stats)];
    const gradInput = longer.operand([rows, width]);
    const known = given([rows, 2], forward.stats);
    layerNormBackward(longer.device, { x, weight, stats: known, gradOutput, gradInput });
    const found = [...made, await longer.read(gradInput)];
    for (const [i, expected] of [forward.out, forward.stats, backward.gradInput].entries())
      expectCloseBetweenNaNs(found[i]!, 0, expected, tolerances['layer-norm'].f32, 4);
  }
});
