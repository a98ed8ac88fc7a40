import { describe, expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import type { AttentionTile } from '../../runtime/tuning.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { expectCloseBetweenNaNs, poisoned, surrounded } from '../../testing/poison.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { chooseAttentionTile } from './attention-tile.ts';
import { attentionBackward } from './backward.ts';
import { attentionForward } from './forward.ts';
import { PackedSequences } from './packed-sequences.ts';
import { attentionBackwardReference, attentionReference } from './reference.ts';

const gpu = useGpu();
const tolerance = tolerances.attention.f32;

/** The test's device with one tile for subgroups, as the table has them; undefined where it has no such subgroups. */
function tiles(): { forward: Gpu[]; backward: Gpu[] } | undefined {
  const { attention } = gpu().tuning;
  if (attention.strategy === 'register') return undefined;
  const only = (pass: 'forward' | 'backward', tile: AttentionTile): Gpu => {
    const { minWork: _minWork, maxHeadDim: _maxHeadDim, ...always } = tile;
    return gpu().with({ tuning: { ...gpu().tuning, attention: { ...attention, [pass]: [always] } } });
  };
  return {
    forward: attention.forward.map((tile) => only('forward', tile)),
    backward: attention.backward.map((tile) => only('backward', tile)),
  };
}

interface Case {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly lengths: readonly number[];
  readonly window?: number;
  /** Keys of a prefix, forward alone. */
  readonly prefix?: number;
}

const CASES: readonly Case[] = [
  { heads: 2, kvHeads: 1, headDim: 16, lengths: [30, 1, 45], window: 40, prefix: 70 },
  { heads: 2, kvHeads: 2, headDim: 32, lengths: [5, 33, 17], window: 20, prefix: 31 },
];

/** Head sizes for which all tiles are compiled; for others the one that is chosen. */
const ALL_TILES = [16];

function operands({ heads, kvHeads, headDim, lengths, window, prefix = 0 }: Case) {
  const random = new TestRandom(headDim + lengths.length);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const keys = (length: number): Float32Array => random.normal(length * kvHeads * headDim);
  return {
    shape: { heads, kvHeads, headDim, scale: headDim ** -0.5 },
    lengths,
    ...(window === undefined ? {} : { window }),
    q: random.normal(tokens * heads * headDim),
    k: keys(tokens),
    v: keys(tokens),
    gradOutput: random.normal(tokens * heads * headDim),
    prefix: { length: prefix, k: keys(prefix), v: keys(prefix) },
  };
}

type Operands = ReturnType<typeof operands>;

/** Sequences [first, end) of the batch as a batch of their own, and what cuts their rows out of a result. */
function part(values: Operands, first: number, end: number) {
  const sum = (lengths: readonly number[]): number => lengths.reduce((total, length) => total + length, 0);
  const [from, to] = [sum(values.lengths.slice(0, first)), sum(values.lengths.slice(0, end))];
  const { heads, kvHeads, headDim } = values.shape;
  const rows = (data: Float32Array, width: number): Float32Array => data.slice(from * width, to * width);
  const alone: Operands = {
    ...values,
    lengths: values.lengths.slice(first, end),
    q: rows(values.q, heads * headDim),
    k: rows(values.k, kvHeads * headDim),
    v: rows(values.v, kvHeads * headDim),
    gradOutput: rows(values.gradOutput, heads * headDim),
  };
  return { alone, rows };
}

async function run(device: { forward: Gpu; backward: Gpu }, values: Operands) {
  const { forward, backward } = device;
  const { heads, kvHeads, headDim } = values.shape;
  using scope = forward.scope();
  using sequences = new PackedSequences(forward, values.lengths);
  const tokens = sequences.totalTokens;
  const [wide, narrow] = [
    [tokens, heads * headDim],
    [tokens, kvHeads * headDim],
  ] as const;
  const { window } = values as { window?: number };
  const inputs = {
    shape: values.shape,
    sequences,
    ...(window === undefined ? {} : { window }),
    q: scope.upload(values.q, wide),
    k: scope.upload(values.k, narrow),
    v: scope.upload(values.v, narrow),
  };
  const results = () => ({ out: poisoned(scope, wide), logSumExp: poisoned(scope, [tokens, heads]) });
  const [plain, behind] = [results(), results()];
  const { prefix } = values;
  const before = [prefix.length, kvHeads * headDim];
  attentionForward(forward, { ...inputs, ...plain });
  attentionForward(forward, {
    ...inputs,
    ...behind,
    prefix: { length: prefix.length, k: scope.upload(prefix.k, before), v: scope.upload(prefix.v, before) },
  });
  const gradients = {
    gradQuery: poisoned(scope, wide),
    gradKey: poisoned(scope, narrow),
    gradValue: poisoned(scope, narrow),
  };
  const without = { gradKey: poisoned(scope, narrow), gradValue: poisoned(scope, narrow) };
  const gradOutput = scope.upload(values.gradOutput, wide);
  attentionBackward(backward, { ...inputs, ...plain, gradOutput, ...gradients });
  attentionBackward(backward, { ...inputs, ...plain, gradOutput, ...without });
  const read = async <K extends string>(tensors: Record<K, (typeof plain)['out']>) => {
    const entries: [string, Float32Array][] = [];
    for (const [name, tensor] of Object.entries<(typeof plain)['out']>(tensors))
      entries.push([name, await forward.read(tensor)]);
    return Object.fromEntries(entries) as Record<K, Float32Array>;
  };
  return {
    plain: await read(plain),
    behind: await read(behind),
    gradients: await read(gradients),
    without: await read(without),
  };
}

/** Every tile of a pass at least once where all are compiled. */
function devices(headDim: number): { forward: Gpu; backward: Gpu }[] {
  if (!ALL_TILES.includes(headDim)) return [{ forward: gpu(), backward: gpu() }];
  const { forward, backward } = tiles() ?? { forward: [gpu()], backward: [gpu()] };
  return Array.from({ length: Math.max(forward.length, backward.length) }, (_, i) => ({
    forward: forward[i % forward.length] ?? gpu(),
    backward: backward[i % backward.length] ?? gpu(),
  }));
}

describe.each(CASES)('heads $heads/$kvHeads of $headDim, lengths $lengths, window $window', (shape) => {
  test('every tile of subgroups agrees with float64, and all tiles and packings have the same bits', async () => {
    const values = operands(shape);
    const { prefix: _prefix, ...own } = values;
    const expected = attentionReference(own);
    const behindPrefix = attentionReference(values);
    const gradients = attentionBackwardReference(own, values.gradOutput);
    const scale = (4 * shape.heads) / shape.kvHeads;
    const widths = { wide: shape.heads * shape.headDim, narrow: shape.kvHeads * shape.headDim };
    let first: Awaited<ReturnType<typeof run>> | undefined;
    for (const device of devices(shape.headDim)) {
      const actual = await run(device, values);
      expectClose(actual.plain.out, expected.out, tolerance);
      expectClose(actual.plain.logSumExp, expected.logSumExp, tolerance, 4);
      expectClose(actual.behind.out, behindPrefix.out, tolerance);
      expectClose(actual.behind.logSumExp, behindPrefix.logSumExp, tolerance, 4);
      expectClose(actual.gradients.gradQuery, gradients.gradQuery, tolerance, scale);
      expectClose(actual.gradients.gradKey, gradients.gradKey, tolerance, scale);
      expectClose(actual.gradients.gradValue, gradients.gradValue, tolerance, scale);
      expectSameBits(actual.without.gradKey, actual.gradients.gradKey);
      expectSameBits(actual.without.gradValue, actual.gradients.gradValue);
      first ??= actual;
      for (const name of ['plain', 'behind', 'gradients'] as const)
        for (const [tensor, data] of Object.entries(actual[name]))
          expectSameBits(data, (first[name] as Record<string, Float32Array>)[tensor] ?? new Float32Array());
      for (let i = 0; i < shape.lengths.length; i++) {
        const { alone, rows } = part(values, i, i + 1);
        const single = await run(device, alone);
        expectSameBits(single.plain.out, rows(actual.plain.out, widths.wide));
        expectSameBits(single.behind.out, rows(actual.behind.out, widths.wide));
        expectSameBits(single.behind.logSumExp, rows(actual.behind.logSumExp, shape.heads));
        expectSameBits(single.gradients.gradQuery, rows(actual.gradients.gradQuery, widths.wide));
        expectSameBits(single.gradients.gradKey, rows(actual.gradients.gradKey, widths.narrow));
        expectSameBits(single.gradients.gradValue, rows(actual.gradients.gradValue, widths.narrow));
      }
    }
  });
});

test('neither what lies behind the inputs nor in the outputs is read, and nothing else is written', async () => {
  const values = operands({ heads: 1, kvHeads: 1, headDim: 16, lengths: [13], prefix: 9 });
  const { prefix, ...own } = values;
  using scope = gpu().scope();
  using sequences = new PackedSequences(gpu(), [13]);
  const size = 13 * 16;
  // Views of a buffer whose other elements are NaN.
  const inside = (data: Float32Array, rows: number) =>
    scope.upload(surrounded(data, 0, data.length), [rows, 16]);
  const [out, logSumExp] = [poisoned(scope, [13, 16]), poisoned(scope, [13, 1])];
  attentionForward(gpu(), {
    shape: values.shape,
    sequences,
    q: inside(values.q, 13),
    k: inside(values.k, 13),
    v: inside(values.v, 13),
    prefix: { length: 9, k: inside(prefix.k, 9), v: inside(prefix.v, 9) },
    out,
    logSumExp,
  });
  expect((await gpu().read(out)).length).toBe(size);
  expectCloseBetweenNaNs(await gpu().read(out), 0, attentionReference({ ...own, prefix }).out, tolerance);
});

test('large heads, little work and sizes that lanes cannot share choose other tiles', () => {
  const { attention } = TUNINGS.lavapipe;
  const chosen = (headDim: number, lengths: number[], heads = 8): number | undefined =>
    chooseAttentionTile(attention, 'forward', { heads, headDim, lengths, keys: 0 })?.rows;
  expect(chosen(32, [256])).toBe(32);
  expect(chosen(128, [256])).toBe(8);
  expect(chosen(16, [30], 4)).toBe(8);
  expect(chosen(24, [256])).toBeUndefined();
  expect(
    chooseAttentionTile({ strategy: 'register' }, 'forward', {
      heads: 1,
      headDim: 16,
      lengths: [9],
      keys: 0,
    }),
  ).toBeUndefined();
});
