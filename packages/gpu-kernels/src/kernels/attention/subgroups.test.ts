import { describe, expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { AttentionTile } from '../../runtime/tuning.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import {
  type AttentionCase,
  type AttentionDevices,
  attentionOperands,
  expectAttention,
} from '../../testing/attention.ts';
import { expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { LongerBuffers } from '../../testing/longer-buffers.ts';
import { expectCloseBetweenNaNs } from '../../testing/poison.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { chooseQuadHead, chooseSubgroupHead } from './attention-tile.ts';
import { attentionBackward } from './backward.ts';
import { attentionForward } from './forward.ts';
import { PackedSequences } from './packed-sequences.ts';
import { attentionBackwardReference, attentionReference } from './reference.ts';

const gpu = useGpu();
const tolerance = tolerances.attention.f32;

/** The test's device with one tile for its lanes, as the table has them; undefined where lanes share nothing. */
function tiles(): { forward: Gpu[]; backward: Gpu[] } | undefined {
  const { attention } = gpu().tuning;
  if (attention.strategy !== 'subgroup' && attention.strategy !== 'quad') return undefined;
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
  { heads: 2, kvHeads: 1, headDim: 16, lengths: [30, 1, 70], window: 33, prefix: 35 },
  { heads: 2, kvHeads: 2, headDim: 32, lengths: [5, 17], window: 12, prefix: 9 },
];

/** Head sizes for which all tiles are compiled; for others the one that is chosen. */
const ALL_TILES = [16];

/** The backward pass in strips of one block of queries each. */
function inStrips(): Gpu {
  const { attention } = gpu().tuning;
  if (attention.strategy !== 'subgroup') return gpu();
  return gpu().with({ tuning: { ...gpu().tuning, attention: { ...attention, weightBytes: 0 } } });
}

/** Every tile of a pass at least once where all are compiled. */
function devices(headDim: number): AttentionDevices[] {
  if (!ALL_TILES.includes(headDim)) return [{ forward: gpu(), backward: gpu(), keyValueAlone: false }];
  const { forward, backward } = tiles() ?? { forward: [gpu()], backward: [gpu()] };
  const all = Array.from({ length: Math.max(forward.length, backward.length) }, (_, i) => ({
    forward: forward[i % forward.length] ?? gpu(),
    backward: backward[i % backward.length] ?? gpu(),
  }));
  return [...all, { forward: gpu(), backward: inStrips() }];
}

describe.each(CASES)('heads $heads/$kvHeads of $headDim, lengths $lengths, window $window', (shape) => {
  test('every tile of subgroups agrees with float64, and all tiles, packings and strips have the same bits', async () => {
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

test('nothing behind the operands is read or written', async () => {
  const shape = { heads: 1, kvHeads: 1, headDim: 16, lengths: [13], prefix: 9 };
  const values = attentionOperands(shape);
  const { prefix: _prefix, ...own } = values;
  using longer = new LongerBuffers(gpu());
  const { device } = longer;
  using sequences = new PackedSequences(device, [13]);
  const operand = (rows: number, width: number, data?: ArrayLike<number>): Tensor =>
    longer.operand([rows, width], data);
  const found = (tensor: Tensor): Promise<Float32Array> => longer.read(tensor);
  const inputs = {
    shape: values.shape,
    sequences,
    ...{ q: operand(13, 16, values.q), k: operand(13, 16, values.k), v: operand(13, 16, values.v) },
  };
  const results = () => ({ out: operand(13, 16), logSumExp: operand(13, 1) });
  const [plain, behind] = [results(), results()];
  const before = { length: 9, k: operand(9, 16, values.prefix.k), v: operand(9, 16, values.prefix.v) };
  attentionForward(device, { ...inputs, ...behind, prefix: before });
  expectCloseBetweenNaNs(await found(behind.out), 0, attentionReference(values).out, tolerance);
  attentionForward(device, { ...inputs, ...plain });
  const gradients = { gradQuery: operand(13, 16), gradKey: operand(13, 16), gradValue: operand(13, 16) };
  const gradOutput = operand(13, 16, values.gradOutput);
  attentionBackward(device, { ...inputs, ...plain, gradOutput, ...gradients });
  const expected = attentionBackwardReference(own, values.gradOutput);
  for (const name of ['gradQuery', 'gradKey', 'gradValue'] as const)
    expectCloseBetweenNaNs(await found(gradients[name]), 0, expected[name], tolerance, 4);
});

test('large heads, little work and sizes that lanes cannot share choose other tiles', () => {
  const rows = (headDim: number, lengths: number[], heads = 8): number | undefined =>
    chooseSubgroupHead(TUNINGS.lavapipe.attention, 'forward', { heads, headDim, lengths, keys: 0 })?.rows;
  expect(rows(32, [256])).toBe(32);
  expect(rows(128, [256])).toBe(8);
  expect(rows(16, [30], 4)).toBe(8);
  expect(rows(24, [256])).toBeUndefined();
  const laneRows = (headDim: number, lengths: number[]): number | undefined =>
    chooseQuadHead(TUNINGS.swiftshader.attention, 'backward', { heads: 4, headDim, lengths, keys: 0 })
      ?.laneRows;
  expect(laneRows(16, [30])).toBe(2);
  expect(laneRows(16, [512])).toBe(4);
  expect(laneRows(48, [512])).toBe(1);
  expect(laneRows(64, [512])).toBe(1);
  expect(laneRows(80, [512])).toBeUndefined();
  expect(laneRows(24, [512])).toBeUndefined();
  const work = { heads: 1, headDim: 16, lengths: [9], keys: 0 };
  expect(chooseSubgroupHead({ strategy: 'register' }, 'forward', work)).toBeUndefined();
  expect(chooseQuadHead({ strategy: 'register' }, 'forward', work)).toBeUndefined();
});

test('a prefix that no tile of a tuning takes is not left out: registers take both', () => {
  const { attention } = TUNINGS.lavapipe;
  const tuning = {
    ...gpu().tuning,
    attention: { ...attention, forward: [{ rows: 8, rate: 1, minWork: 1000 }] },
  };
  const device = gpu().with({ tuning });
  const bound: string[][] = [];
  device.dispatch = (_kernel, storage) => void bound.push(Object.keys(storage));
  using scope = gpu().scope();
  using sequences = new PackedSequences(gpu(), [30]);
  const of = (rows: number, width = 16) => scope.tensor([rows, width]);
  const shape = { heads: 1, kvHeads: 1, headDim: 16, scale: 1 };
  const inputs = { shape, sequences, q: of(30), k: of(30), v: of(30), out: of(30), logSumExp: of(30, 1) };
  attentionForward(device, { ...inputs, prefix: { length: 1, k: of(1), v: of(1) } });
  expect(bound).toHaveLength(1);
  expect(bound[0]).toContain('prefixK');
  // 480 multiply-adds with the prefix's key, 7,200 with their own.
  attentionForward(device, { ...inputs, prefix: { length: 3, k: of(3), v: of(3) } });
  expect(bound).toHaveLength(3);
});
