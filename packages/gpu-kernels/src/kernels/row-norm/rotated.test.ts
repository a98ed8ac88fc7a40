import { expect, test } from 'vitest';
import type { Tensor } from '../../runtime/tensor.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { rotaryReference } from '../rotary/reference.ts';
import { rotateInPlace } from '../rotary/rotary.ts';
import { rotaryTable } from '../rotary/table.ts';
import { rmsNormReference } from './rms-norm-reference.ts';
import { rmsNormBackward, rmsNormForward } from './rms-norm.ts';
import { rotatedNorm, rotatedNormBackward } from './rotated.ts';

const gpu = useGpu();
const epsilon = 1e-5;
/** Norms and positions are made together on GPUs alone. */
const onCard = () => gpu().with({ tuning: TUNINGS.hardware });

const [TOKENS, POSITIONS] = [5, 9];

interface Case {
  readonly width: number;
  readonly half: number;
  /** Heads of queries and keys. */
  readonly counts: readonly number[];
}

function make({ width, half, counts }: Case) {
  const scope = gpu().scope();
  const random = new TestRandom(width + half);
  const upload = (...shape: number[]): Tensor =>
    scope.upload(random.normal(shape.reduce((a, b) => a * b, 1)), shape);
  const positions = Uint32Array.from({ length: TOKENS }, (_, i) => (i * 4) % POSITIONS);
  const heads = counts.map((count) => ({
    ...{ x: upload(TOKENS, count * width), weight: upload(width) },
    gradient: upload(TOKENS, count * width),
    outputs: Array.from({ length: 4 }, () => scope.tensor([TOKENS, count * width])) as [Tensor, ...Tensor[]],
    stats: scope.tensor([TOKENS * count]),
  }));
  const rotation = {
    positions: scope.upload(positions, [TOKENS]),
    table: upload(POSITIONS, half, 2),
  };
  return { heads, rotation, [Symbol.dispose]: () => scope[Symbol.dispose]() };
}

test.each<Case>([
  { width: 8, half: 4, counts: [4, 2] },
  { width: 128, half: 64, counts: [3, 1] },
  { width: 12, half: 4, counts: [2, 2] },
  { width: 6, half: 3, counts: [5, 1] },
  { width: 7, half: 2, counts: [2] },
  { width: 520, half: 128, counts: [1, 2] },
])('heads of $width with $half pairs have the bits of a norm and a rotation', async (shape) => {
  using made = make(shape);
  const { heads, rotation } = made;
  const device = onCard();
  const together = heads.map(({ x, weight, gradient, outputs: [out, gradInput] }) => ({
    ...{ x, weight, out, gradOutput: gradient, gradInput: gradInput! },
  }));
  expect(rotatedNorm(device, { heads: together, ...rotation, epsilon })).toBe(true);
  rotatedNormBackward(device, { heads: together, ...rotation, epsilon });
  const read = (tensor: Tensor) => gpu().read(tensor);
  for (const { x, weight, gradient: gradOutput, stats, outputs } of heads) {
    const [out, gradInput, expected, gradExpected] = outputs as [Tensor, Tensor, Tensor, Tensor];
    const headDim = shape.width;
    // The backward reads the gradient before it is turned in place here.
    rmsNormForward(device, { x, weight, epsilon, out: expected, stats });
    rotateInPlace(device, { x: expected, ...rotation, headDim });
    rotateInPlace(device, { x: gradOutput, ...rotation, headDim, inverse: true });
    rmsNormBackward(device, { x, weight, stats, gradOutput, gradInput: gradExpected });
    expectSameBits(await read(out), await read(expected));
    expectSameBits(await read(gradInput), await read(gradExpected));
  }
});

test('and equal the float64 reference', async () => {
  using made = make({ width: 8, half: 4, counts: [2] });
  using scope = gpu().scope();
  const [theta, size] = [300, 8];
  const frequencies = [0, 1, 2, 3].map((i) => theta ** ((-2 * i) / size));
  const table = scope.upload(rotaryTable(POSITIONS, frequencies), [POSITIONS, 4, 2]);
  const { heads, rotation } = made;
  const [{ x, weight, outputs }] = heads as [(typeof heads)[0]];
  const [out] = outputs;
  rotatedNorm(onCard(), { heads: [{ x, weight, out }], ...rotation, table, epsilon });
  const read = (tensor: Tensor) => gpu().read(tensor);
  const normed = rmsNormReference({ x: await read(x), weight: await read(weight), epsilon }).out;
  const positions = [...(await gpu().readIndices(rotation.positions))];
  const turned = rotaryReference({ x: normed, positions, headDim: 8, size, theta });
  expectClose(await read(out), turned, tolerances['layer-norm'].f32);
});

test('nothing is recorded on software adapters, nor for halves of heads that are no whole vectors', () => {
  using made = make({ width: 8, half: 2, counts: [2, 1] });
  const { heads, rotation } = made;
  const own = heads.map(({ x, weight, outputs: [out], gradient }) => ({
    ...{ x, weight, out, gradOutput: gradient, gradInput: out },
  }));
  using other = make({ width: 8, half: 4, counts: [2, 1] });
  const device = onCard();
  for (const on of [device, gpu()])
    on.dispatch = () => {
      throw new Error('recorded');
    };
  try {
    expect(rotatedNorm(device, { heads: own, ...rotation, epsilon })).toBe(false);
    expect(rotatedNorm(gpu(), { heads: own, ...other.rotation, epsilon })).toBe(false);
    expect(() => rotatedNormBackward(device, { heads: own, ...rotation, epsilon })).toThrow(RangeError);
    const [first] = own as [(typeof own)[0]];
    const wrong = [{ ...first, x: rotation.table }];
    expect(() => rotatedNorm(device, { heads: wrong, ...rotation, epsilon })).toThrow(/has no 5 rows/);
    const short = { out: other.rotation.table, gradInput: other.rotation.table };
    const shorter = [{ ...first, ...short }];
    const run = { heads: shorter, ...other.rotation, epsilon };
    expect(() => rotatedNorm(device, run)).toThrow(/does not match/);
    expect(() => rotatedNormBackward(device, run)).toThrow(/does not match/);
  } finally {
    for (const on of [device, gpu()]) Reflect.deleteProperty(on, 'dispatch');
  }
});
