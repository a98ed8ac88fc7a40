import { describe, expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { dot, finiteDifferences } from '../../testing/finite-differences.ts';
import { acquirePlainTestGpu, useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { attentionBackward } from './backward.ts';
import { PackedSequences } from './packed-sequences.ts';
import { attentionForward } from './forward.ts';
import { ScoreRows, attentionScores } from './scores.ts';
import { attentionReference, attentionBackwardReference, attentionScoresReference } from './reference.ts';
import type { HeadShape } from './shape.ts';

const gpu = useGpu();

interface Case {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly lengths: readonly number[];
  readonly window?: number;
}

const CASES: readonly Case[] = [
  { heads: 3, kvHeads: 3, headDim: 8, lengths: [1, 5, 33, 64, 2] },
  { heads: 2, kvHeads: 2, headDim: 14, lengths: [40] },
  { heads: 4, kvHeads: 4, headDim: 12, lengths: [7, 31, 32] },
  { heads: 4, kvHeads: 2, headDim: 7, lengths: [3, 20] },
  { heads: 6, kvHeads: 1, headDim: 4, lengths: [9, 35] },
  { heads: 1, kvHeads: 1, headDim: 64, lengths: [66, 1] },
  { heads: 3, kvHeads: 3, headDim: 8, lengths: [1, 5, 33, 64, 2], window: 1 },
  { heads: 4, kvHeads: 2, headDim: 7, lengths: [3, 40], window: 3 },
  { heads: 2, kvHeads: 1, headDim: 8, lengths: [35, 64], window: 8 },
  { heads: 2, kvHeads: 2, headDim: 12, lengths: [50, 21], window: 33 },
  { heads: 2, kvHeads: 2, headDim: 4, lengths: [20], window: 20 },
];

function operands({ heads, kvHeads, headDim, lengths, window }: Case, seed = 1, size = 1) {
  const random = new TestRandom(seed * 1000 + headDim);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const shape: HeadShape = { heads, kvHeads, headDim, scale: headDim ** -0.5 };
  return {
    shape,
    lengths,
    ...windowOf(window),
    q: random.normal(tokens * heads * headDim, size),
    k: random.normal(tokens * kvHeads * headDim, size),
    v: random.normal(tokens * kvHeads * headDim),
    gradOutput: random.normal(tokens * heads * headDim),
  };
}

function windowOf(window: number | undefined): { window?: number } {
  return window === undefined ? {} : { window };
}

function prefixOf({ kvHeads, headDim }: Case, length: number) {
  const random = new TestRandom(length);
  return {
    length,
    k: random.normal(length * kvHeads * headDim),
    v: random.normal(length * kvHeads * headDim),
  };
}

async function forwardOnDevice(
  values: ReturnType<typeof operands>,
  prefix?: ReturnType<typeof prefixOf>,
  device = gpu(),
) {
  const { heads, kvHeads, headDim } = values.shape;
  using scope = device.scope();
  using sequences = new PackedSequences(device, values.lengths);
  const tokens = sequences.totalTokens;
  const out = scope.tensor([tokens, heads * headDim]);
  const logSumExp = scope.tensor([tokens, heads]);
  const kvShape = (length: number): number[] => [length, kvHeads * headDim];
  const before = prefix && {
    length: prefix.length,
    k: scope.upload(prefix.k, kvShape(prefix.length)),
    v: scope.upload(prefix.v, kvShape(prefix.length)),
  };
  attentionForward(device, {
    shape: values.shape,
    sequences,
    ...windowOf(values.window),
    q: scope.upload(values.q, [tokens, heads * headDim]),
    k: scope.upload(values.k, kvShape(tokens)),
    v: scope.upload(values.v, kvShape(tokens)),
    out,
    logSumExp,
    ...(before ? { prefix: before } : {}),
  });
  return { out: await device.read(out), logSumExp: await device.read(logSumExp) };
}

async function backwardOnDevice(values: ReturnType<typeof operands>, device = gpu()) {
  const { heads, kvHeads, headDim } = values.shape;
  using scope = device.scope();
  using sequences = new PackedSequences(device, values.lengths);
  const tokens = sequences.totalTokens;
  const [wide, narrow] = [
    [tokens, heads * headDim],
    [tokens, kvHeads * headDim],
  ] as const;
  const inputs = {
    shape: values.shape,
    sequences,
    ...windowOf(values.window),
    q: scope.upload(values.q, wide),
    k: scope.upload(values.k, narrow),
    v: scope.upload(values.v, narrow),
  };
  const [out, logSumExp] = [scope.tensor(wide), scope.tensor([tokens, heads])];
  const [gradQuery, gradKey, gradValue] = [scope.tensor(wide), scope.tensor(narrow), scope.tensor(narrow)];
  attentionForward(device, { ...inputs, out, logSumExp });
  attentionBackward(device, {
    ...inputs,
    out,
    logSumExp,
    gradOutput: scope.upload(values.gradOutput, wide),
    gradQuery,
    gradKey,
    gradValue,
  });
  return {
    gradQuery: await device.read(gradQuery),
    gradKey: await device.read(gradKey),
    gradValue: await device.read(gradValue),
  };
}

describe.each(CASES)('heads $heads/$kvHeads of $headDim, lengths $lengths, window $window', (shape) => {
  test.each([0, 1, 70])('forward agrees with float64 behind a prefix of %i', async (length) => {
    const values = operands(shape);
    const prefix = length > 0 ? prefixOf(shape, length) : undefined;
    const expected = attentionReference({ ...values, ...(prefix ? { prefix } : {}) });
    const { out, logSumExp } = await forwardOnDevice(values, prefix);
    expectClose(out, expected.out, tolerances.attention.f32);
    expectClose(logSumExp, expected.logSumExp, tolerances.attention.f32, 4);
  });

  test('backward agrees with float64', async () => {
    const values = operands(shape);
    const expected = attentionBackwardReference(values, values.gradOutput);
    const { gradQuery, gradKey, gradValue } = await backwardOnDevice(values);
    expectClose(gradQuery, expected.gradQuery, tolerances.attention.f32, 4);
    expectClose(gradKey, expected.gradKey, tolerances.attention.f32, 4);
    expectClose(gradValue, expected.gradValue, tolerances.attention.f32, 4);
  });

  test('a packed batch has the bits of one sequence at a time, and of a second run', async () => {
    const values = operands(shape);
    const packed = await forwardOnDevice(values);
    expectSameBits((await forwardOnDevice(values)).out, packed.out);
    const { heads, kvHeads, headDim } = shape;
    let start = 0;
    for (const length of shape.lengths) {
      const part = (data: Float32Array, width: number): Float32Array =>
        data.slice(start * width, (start + length) * width);
      const alone = await forwardOnDevice({
        ...values,
        lengths: [length],
        q: part(values.q, heads * headDim),
        k: part(values.k, kvHeads * headDim),
        v: part(values.v, kvHeads * headDim),
      });
      expectSameBits(part(packed.out, heads * headDim), alone.out);
      start += length;
    }
  });

  test('so have its gradients', async () => {
    const values = operands(shape);
    const packed = await backwardOnDevice(values);
    const again = await backwardOnDevice(values);
    const { heads, kvHeads, headDim } = shape;
    let start = 0;
    for (const length of shape.lengths) {
      const part = (data: Float32Array, width: number): Float32Array =>
        data.slice(start * width, (start + length) * width);
      const alone = await backwardOnDevice({
        ...values,
        lengths: [length],
        q: part(values.q, heads * headDim),
        k: part(values.k, kvHeads * headDim),
        v: part(values.v, kvHeads * headDim),
        gradOutput: part(values.gradOutput, heads * headDim),
      });
      expectSameBits(part(packed.gradQuery, heads * headDim), alone.gradQuery);
      expectSameBits(part(packed.gradKey, kvHeads * headDim), alone.gradKey);
      expectSameBits(part(packed.gradValue, kvHeads * headDim), alone.gradValue);
      start += length;
    }
    for (const name of ['gradQuery', 'gradKey', 'gradValue'] as const)
      expectSameBits(again[name], packed[name]);
  });

  test('scores of chosen rows agree with float64', async () => {
    const values = operands(shape);
    const { heads, kvHeads, headDim } = shape;
    using scope = gpu().scope();
    const last = values.q.length / (heads * headDim) - 1;
    const wanted = [
      { row: last, firstKey: Math.max(0, last - 40) },
      { row: 1, firstKey: 1 },
    ];
    using rows = new ScoreRows(gpu(), wanted, heads);
    const out = scope.tensor([rows.outputLength + 3]);
    gpu().clear(out);
    attentionScores(gpu(), {
      shape: values.shape,
      rows,
      q: scope.upload(values.q, [last + 1, heads * headDim]),
      k: scope.upload(values.k, [last + 1, kvHeads * headDim]),
      out,
      outOffset: 3,
    });
    const expected = wanted.flatMap(({ row, firstKey }) => attentionScoresReference(values, row, firstKey));
    expectClose((await gpu().read(out)).subarray(3), expected, tolerances.attention.f32);
  });
});

test.each([undefined, 2])(
  'the float64 backward agrees with finite differences of the float64 forward, window %s',
  (window) => {
    const values = operands({ heads: 4, kvHeads: 2, headDim: 3, lengths: [1, 4], ...windowOf(window) });
    const gradients = attentionBackwardReference(values, values.gradOutput);
    const loss = (name: 'q' | 'k' | 'v') => (x: Float64Array) =>
      dot(attentionReference({ ...values, [name]: x }).out, values.gradOutput);
    for (const [name, gradient] of [
      ['q', gradients.gradQuery],
      ['k', gradients.gradKey],
      ['v', gradients.gradValue],
    ] as const) {
      expectClose(
        gradient,
        finiteDifferences(loss(name), values[name]),
        tolerances['finite-differences'].f32,
      );
    }
  },
);

test('stays finite and exact for large scores', async () => {
  const values = operands({ heads: 2, kvHeads: 2, headDim: 8, lengths: [50] }, 2, 30);
  expectClose(
    (await forwardOnDevice(values)).out,
    attentionReference(values).out,
    tolerances.attention.f32,
    1000,
  );
  const { gradQuery, gradKey, gradValue } = await backwardOnDevice(values);
  for (const gradient of [gradQuery, gradKey, gradValue]) expect(gradient.every(Number.isFinite)).toBe(true);
});

test('runs on a device with the default limits of WebGPU', async () => {
  const plain = await acquirePlainTestGpu();
  try {
    const shape = { heads: 4, kvHeads: 2, headDim: 8, lengths: [5, 20] };
    const [values, prefix] = [operands(shape), prefixOf(shape, 9)];
    const { out } = await forwardOnDevice(values, prefix, plain);
    expectClose(out, attentionReference({ ...values, prefix }).out, tolerances.attention.f32);
    const { gradKey } = await backwardOnDevice(values, plain);
    expectClose(
      gradKey,
      attentionBackwardReference(values, values.gradOutput).gradKey,
      tolerances.attention.f32,
      4,
    );
  } finally {
    plain.dispose();
  }
});

test('refuses tensors that do not fit the packing', () => {
  using scope = gpu().scope();
  using sequences = new PackedSequences(gpu(), [6]);
  const [q, logSumExp] = [scope.tensor([5, 8], 'queries'), scope.tensor([6, 2])];
  const record = (kvHeads: number, window?: number) => () =>
    attentionForward(gpu(), {
      shape: { heads: 2, kvHeads, headDim: 4, scale: 1 },
      sequences,
      ...windowOf(window),
      ...{ q, k: q, v: q, out: q, logSumExp },
    });
  expect(record(2)).toThrow(/queries \[5, 8\] should be \[6, 8\]/);
  expect(record(3)).toThrow(/not a multiple/);
  expect(record(2, 0)).toThrow(/window of 0 tokens/);
});
