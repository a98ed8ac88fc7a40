import { describe, expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { adamWStep, clipScale, sgdStep } from './optimizer.ts';
import { type AdamWState, adamWReference } from './reference.ts';

const gpu = useGpu();
/** An epsilon as large as it is with small gradients. */
const options = { learningRate: 3e-3, beta1: 0.9, beta2: 0.95, epsilon: 0.01, weightDecay: 0.1 };

test('sgdStep', async () => {
  const random = new TestRandom(6);
  const [start, slope] = [random.normal(1009), random.normal(1009)];
  using scope = gpu().scope();
  const [parameter, gradient] = [scope.upload(start, [1009]), scope.upload(slope, [1009])];
  sgdStep(gpu(), { parameter, gradient, learningRate: 0.003 });
  expectClose(
    await gpu().read(parameter),
    Array.from(start, (p, i) => p - 0.003 * (slope[i] ?? NaN)),
    tolerances.elementwise.f32,
  );
});

/** Five steps with fresh gradients; `maxBindingBytes` forces windows. */
async function adamW(
  length: number,
  gradientScale?: number,
  maxBindingBytes = gpu().maxBindingBytes,
): Promise<Float32Array[]> {
  const random = new TestRandom(length);
  using scope = gpu().scope();
  const parameter = scope.upload(random.normal(length), [length]);
  const [firstMoment, secondMoment] = [
    scope.upload(new Float32Array(length), [length]),
    scope.upload(new Float32Array(length), [length]),
  ];
  const scaling =
    gradientScale === undefined
      ? {}
      : { gradientScale: scope.upload(new Float32Array([gradientScale]), [1]) };
  for (let step = 1; step <= 5; step++) {
    const gradient = scope.upload(random.normal(length), [length]);
    const arguments_ = { parameter, gradient, firstMoment, secondMoment, step, ...options, ...scaling };
    adamWStep(gpu().with({ maxBindingBytes }), arguments_);
  }
  return [await gpu().read(parameter), await gpu().read(firstMoment), await gpu().read(secondMoment)];
}

function adamWExpected(length: number, gradientScale = 1): Float64Array[] {
  const random = new TestRandom(length);
  let states: AdamWState[] = Array.from(random.normal(length), (parameter) => ({
    parameter,
    firstMoment: 0,
    secondMoment: 0,
  }));
  for (let step = 1; step <= 5; step++) {
    const gradient = random.normal(length);
    states = states.map((state, i) =>
      adamWReference(state, (gradient[i] ?? NaN) * gradientScale, step, options),
    );
  }
  return [
    states.map((s) => s.parameter),
    states.map((s) => s.firstMoment),
    states.map((s) => s.secondMoment),
  ].map((v) => Float64Array.from(v));
}

describe.each([undefined, 0.25])('adamWStep with gradientScale %s', (scale) => {
  test.each([1, 257, 3001])('%i elements, five steps', async (length) => {
    const expected = adamWExpected(length, scale);
    for (const [i, values] of (await adamW(length, scale)).entries()) {
      expectClose(values, expected[i] ?? [], tolerances.adamw.f32);
    }
  });

  test('windows and repetition give the same bits', async () => {
    const whole = await adamW(3001, scale);
    const windowed = await adamW(3001, scale, 4096);
    for (const [i, values] of whole.entries()) expectSameBits(windowed[i] ?? new Float32Array(), values);
  });
});

test('PyTorch: one step from zero moments moves each element by the learning rate against its gradient', async () => {
  using scope = gpu().scope();
  const parameter = scope.upload(new Float32Array([1, -2, 3]), [3]);
  const gradient = scope.upload(new Float32Array([1e-3, -4, 100]), [3]);
  const [firstMoment, secondMoment] = [
    scope.upload(new Float32Array(3), [3]),
    scope.upload(new Float32Array(3), [3]),
  ];
  adamWStep(gpu(), {
    parameter,
    gradient,
    firstMoment,
    secondMoment,
    step: 1,
    ...options,
    learningRate: 0.01,
    epsilon: 1e-8,
    weightDecay: 0,
  });
  expectClose(await gpu().read(parameter), [0.99, -1.99, 2.99], { absolute: 1e-6, relative: 0 });
});

test('steps count from 1', () => {
  using scope = gpu().scope();
  const t = scope.tensor([1]);
  const args = { parameter: t, gradient: t, firstMoment: t, secondMoment: t, ...options };
  expect(() => adamWStep(gpu(), { ...args, step: 0 })).toThrow(/step 0/);
});

test.each([
  { norm: 10, maxNorm: 1, expected: 1 / (10 + 1e-6) },
  { norm: 0.5, maxNorm: 1, expected: 1 },
  { norm: 0, maxNorm: 2, expected: 1 },
])('clipScale of norm $norm to $maxNorm', async ({ norm, maxNorm, expected }) => {
  using scope = gpu().scope();
  const squaredNorm = scope.upload(new Float32Array([norm * norm, 99]), [2]);
  const out = scope.tensor([1]);
  clipScale(gpu(), { squaredNorm, maxNorm, out });
  expectClose(await gpu().read(out), [expected], tolerances.elementwise.f32);
});
