import { describe, expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import type { AttentionTile } from '../../runtime/tuning.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { type AttentionCase, attentionOperands, expectAttention } from '../../testing/attention.ts';
import { expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { expectCloseBetweenNaNs, poisoned, surrounded } from '../../testing/poison.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { chooseAttentionTile } from './attention-tile.ts';
import { attentionForward } from './forward.ts';
import { PackedSequences } from './packed-sequences.ts';
import { attentionReference } from './reference.ts';

const gpu = useGpu();
const tolerance = tolerances.attention.f32;

/** The test's device with one tile for subgroups, as the table has them; undefined where it has no such subgroups. */
function tiles(): { forward: Gpu[]; backward: Gpu[] } | undefined {
  const { attention } = gpu().tuning;
  if (attention.strategy !== 'subgroup') return undefined;
  const only = (pass: 'forward' | 'backward', tile: AttentionTile): Gpu => {
    const { minWork: _minWork, maxHeadDim: _maxHeadDim, ...always } = tile;
    return gpu().with({ tuning: { ...gpu().tuning, attention: { ...attention, [pass]: [always] } } });
  };
  return {
    forward: attention.forward.map((tile) => only('forward', tile)),
    backward: attention.backward.map((tile) => only('backward', tile)),
  };
}

const CASES: readonly AttentionCase[] = [
  { heads: 2, kvHeads: 1, headDim: 16, lengths: [30, 1, 45], window: 40, prefix: 70 },
  { heads: 2, kvHeads: 2, headDim: 32, lengths: [5, 33, 17], window: 20, prefix: 31 },
];

/** Head sizes for which all tiles are compiled; for others the one that is chosen. */
const ALL_TILES = [16];

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
    let first: Awaited<ReturnType<typeof expectAttention>> | undefined;
    for (const device of devices(shape.headDim)) {
      const actual = await expectAttention(device, shape);
      first ??= actual;
      for (const name of ['plain', 'behind', 'gradients'] as const)
        for (const [tensor, data] of Object.entries(actual[name]))
          expectSameBits(data, (first[name] as Record<string, Float32Array>)[tensor] ?? new Float32Array());
    }
  });
});

test('neither what lies behind the inputs nor in the outputs is read, and nothing else is written', async () => {
  const values = attentionOperands({ heads: 1, kvHeads: 1, headDim: 16, lengths: [13], prefix: 9 });
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
