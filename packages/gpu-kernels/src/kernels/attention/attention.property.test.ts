import { type Arbitrary, array, boolean, constant, integer, oneof, option } from 'fast-check';
import { test } from 'vitest';
import type { Scope } from '../../runtime/scope.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { expectRan, useGpu } from '../../testing/gpu.ts';
import { expectCloseBetweenNaNs, poisoned } from '../../testing/poison.ts';
import { caseOf, expectForAll, seeds } from '../../testing/property.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { attentionBackward, attentionBackwardKernels } from './backward.ts';
import { attentionForward, attentionForwardKernels } from './forward.ts';
import { PackedSequences } from './packed-sequences.ts';
import { attentionReference, attentionBackwardReference, attentionScoresReference } from './reference.ts';
import { ScoreRows, attentionScores, attentionScoresKernels } from './scores.ts';

const gpu = useGpu();
const RUNS = 25;
const tolerance = tolerances.attention.f32;

interface Case {
  readonly kvHeads: number;
  readonly queriesPerKeyValueHead: number;
  readonly headDim: number;
  readonly lengths: readonly number[];
  readonly window: number | undefined;
  readonly seed: number;
}

const few = integer({ min: 1, max: 3 });
/** Sequences of up to ten blocks of rows; heads of whole vectors and others. */
const shapes = {
  kvHeads: few,
  queriesPerKeyValueHead: few,
  headDim: oneof(
    { weight: 4, arbitrary: integer({ min: 1, max: 20 }) },
    { weight: 1, arbitrary: constant(16) },
  ),
  lengths: array(integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
  window: option(integer({ min: 1, max: 45 }), { nil: undefined }),
  seed: seeds,
};
const cases: Arbitrary<Case> = caseOf(shapes);

type PerToken = 'q' | 'k' | 'v' | 'gradOutput';

/** Operands on the host. */
function operandsOf({ kvHeads, queriesPerKeyValueHead, headDim, lengths, window, seed }: Case) {
  const random = new TestRandom(seed);
  const heads = kvHeads * queriesPerKeyValueHead;
  const tokens = lengths.reduce((total, length) => total + length, 0);
  const widths = { wide: heads * headDim, narrow: kvHeads * headDim };
  return {
    shape: { heads, kvHeads, headDim, scale: headDim ** -0.5 },
    widths,
    lengths,
    ...(window === undefined ? {} : { window }),
    q: random.normal(tokens * widths.wide),
    k: random.normal(tokens * widths.narrow),
    v: random.normal(tokens * widths.narrow),
    gradOutput: random.normal(tokens * widths.wide),
  };
}

type Operands = ReturnType<typeof operandsOf>;

/** Keys and values of a prefix. */
function prefixOf({ widths: { narrow } }: Operands, length: number, seed: number) {
  const random = new TestRandom(seed + 1);
  return { length, k: random.normal(length * narrow), v: random.normal(length * narrow) };
}

/** The operands of one sequence alone, and what cuts its rows out of a result. */
function* eachSequence(values: Operands) {
  const { wide, narrow } = values.widths;
  let start = 0;
  for (const length of values.lengths) {
    const first = start;
    const rows = (data: Float32Array, width: number): Float32Array =>
      data.slice(first * width, (first + length) * width);
    const alone = { ...values, lengths: [length] };
    const cut: Record<PerToken, number> = { q: wide, k: narrow, v: narrow, gradOutput: wide };
    for (const name of ['q', 'k', 'v', 'gradOutput'] as const) alone[name] = rows(values[name], cut[name]);
    yield { alone, rows };
    start += length;
  }
}

function upload(scope: Scope, values: Operands, sequences: PackedSequences) {
  const tokens = sequences.totalTokens;
  const { wide, narrow } = values.widths;
  return {
    shape: values.shape,
    sequences,
    ...('window' in values ? { window: values.window } : {}),
    q: scope.upload(values.q, [tokens, wide]),
    k: scope.upload(values.k, [tokens, narrow]),
    v: scope.upload(values.v, [tokens, narrow]),
    out: poisoned(scope, [tokens, wide]),
    logSumExp: poisoned(scope, [tokens, values.shape.heads]),
  };
}

async function forward(values: Operands, prefix?: ReturnType<typeof prefixOf>) {
  using scope = gpu().scope();
  using sequences = new PackedSequences(gpu(), values.lengths);
  const inputs = upload(scope, values, sequences);
  const keys = (data: Float32Array, length: number): Tensor =>
    scope.upload(data, [length, values.widths.narrow]);
  const before = prefix && {
    length: prefix.length,
    k: keys(prefix.k, prefix.length),
    v: keys(prefix.v, prefix.length),
  };
  attentionForward(gpu(), { ...inputs, ...(before ? { prefix: before } : {}) });
  return { out: await gpu().read(inputs.out), logSumExp: await gpu().read(inputs.logSumExp) };
}

async function backward(values: Operands, ofQueries = true, device = gpu()) {
  using scope = gpu().scope();
  using sequences = new PackedSequences(gpu(), values.lengths);
  const inputs = upload(scope, values, sequences);
  const [wide, narrow] = [inputs.q.shape, inputs.k.shape];
  const gradients = {
    gradQuery: poisoned(scope, wide),
    gradKey: poisoned(scope, narrow),
    gradValue: poisoned(scope, narrow),
  };
  const { gradQuery, ...others } = gradients;
  attentionForward(gpu(), inputs);
  attentionBackward(device, {
    ...inputs,
    gradOutput: scope.upload(values.gradOutput, wide),
    ...others,
    ...(ofQueries ? { gradQuery } : {}),
  });
  return {
    gradQuery: await gpu().read(gradQuery),
    gradKey: await gpu().read(others.gradKey),
    gradValue: await gpu().read(others.gradValue),
  };
}

test('attention over random sequences, also behind a prefix, is near float64', async () => {
  const prefixed = caseOf({ ...shapes, prefix: integer({ min: 0, max: 40 }) });
  await expectForAll(prefixed, RUNS, async ({ prefix: length, ...own }) => {
    const values = operandsOf(own);
    const prefix = length > 0 ? prefixOf(values, length, own.seed) : undefined;
    const expected = attentionReference({ ...values, ...(prefix ? { prefix } : {}) });
    const { out, logSumExp } = await forward(values, prefix);
    expectClose(out, expected.out, tolerance);
    expectClose(logSumExp, expected.logSumExp, tolerance, 4);
  });
});

test('its gradients are near float64, those of queries if they are wanted', async () => {
  await expectForAll(caseOf({ ...shapes, ofQueries: boolean() }), RUNS, async ({ ofQueries, ...own }) => {
    const values = operandsOf(own);
    const expected = attentionBackwardReference(values, values.gradOutput);
    const { gradQuery, gradKey, gradValue } = await backward(values, ofQueries);
    if (ofQueries) expectClose(gradQuery, expected.gradQuery, tolerance, 4);
    else expectCloseBetweenNaNs(gradQuery, 0, [], tolerance);
    // A key or value is met by several queries.
    const scale = 4 * own.queriesPerKeyValueHead;
    expectClose(gradKey, expected.gradKey, tolerance, scale);
    expectClose(gradValue, expected.gradValue, tolerance, scale);
  });
});

test('each sequence alone has the bits of the batch, forward and backward', async () => {
  await expectForAll(cases, RUNS, async (own) => {
    const values = operandsOf(own);
    const { wide, narrow } = values.widths;
    const prefix = prefixOf(values, 5, own.seed);
    const packed = { ...(await forward(values, prefix)), ...(await backward(values)) };
    for (const { alone, rows } of eachSequence(values)) {
      const { out, logSumExp } = await forward(alone, prefix);
      expectSameBits(out, rows(packed.out, wide));
      expectSameBits(logSumExp, rows(packed.logSumExp, values.shape.heads));
      const { gradQuery, gradKey, gradValue } = await backward(alone);
      expectSameBits(gradQuery, rows(packed.gradQuery, wide));
      expectSameBits(gradKey, rows(packed.gradKey, narrow));
      expectSameBits(gradValue, rows(packed.gradValue, narrow));
    }
  });
});

test('scores of random rows towards random keys are near float64', async () => {
  const asked = caseOf({
    ...shapes,
    rows: array(caseOf({ row: integer({ min: 0, max: 999 }), keys: integer({ min: 0, max: 999 }) }), {
      minLength: 1,
      maxLength: 5,
    }),
    offset: integer({ min: 0, max: 5 }),
  });
  await expectForAll(asked, RUNS, async ({ rows: wanted, offset, ...own }) => {
    const values = operandsOf(own);
    const { shape, q, k, widths } = values;
    const tokens = q.length / widths.wide;
    const places = wanted.map(({ row, keys }) => ({
      row: row % tokens,
      firstKey: keys % ((row % tokens) + 1),
    }));
    using scope = gpu().scope();
    using rows = new ScoreRows(gpu(), places, shape.heads);
    const out = poisoned(scope, [offset + rows.outputLength + 3]);
    const operands = {
      q: scope.upload(q, [tokens, widths.wide]),
      k: scope.upload(k, [tokens, widths.narrow]),
    };
    attentionScores(gpu(), { shape, rows, ...operands, out, outOffset: offset });
    const expected = places.flatMap(({ row, firstKey }) => attentionScoresReference(values, row, firstKey));
    expectCloseBetweenNaNs(await gpu().read(out), offset, expected, tolerance, 4);
  });
});

test('backward in one dispatch has the bits of one for each of queries, keys and values', async () => {
  const tuned = (inOneDispatch: boolean) =>
    gpu().with({ tuning: { ...gpu().tuning, attention: { strategy: 'register', inOneDispatch } } });
  await expectForAll(cases, 10, async (own) => {
    const values = operandsOf(own);
    const [joined, apart] = [
      await backward(values, true, tuned(true)),
      await backward(values, true, tuned(false)),
    ];
    for (const name of ['gradQuery', 'gradKey', 'gradValue'] as const)
      expectSameBits(joined[name], apart[name]);
  });
});

test('no kernel was left out above', () => {
  // Those for subgroups, with all their tiles, run in subgroups.test.ts.
  const tuning = { attention: { strategy: 'register', inOneDispatch: true } } as const;
  expectRan(gpu(), [
    ...attentionForwardKernels(tuning),
    ...attentionBackwardKernels(tuning),
    ...attentionScoresKernels(),
  ]);
});
