import { describe, expect, test } from 'vitest';
import { TUNINGS, type Tuning } from '../../runtime/tuning.ts';
import { expectClose } from '../../testing/closeness.ts';
import { type AttentionCase, type AttentionOperands, attentionOperands } from '../../testing/attention.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { worstBankConflict, worstSectorUse } from '../../testing/wgsl-host/accesses.ts';
import { type Access, runOnHost } from '../../testing/wgsl-host/run.ts';
import { translate } from '../../testing/wgsl-host/translate.ts';
import { attentionBackwardKernels } from './backward.ts';
import { attentionForwardKernels } from './forward.ts';
import { attentionBackwardReference, attentionReference } from './reference.ts';
import { type StagedBackwardVariant, stagedBackward } from './staged-backward.ts';
import { stagedForward, stagedPrefix } from './staged-forward.ts';
import { STAGED_ROWS, type StagedHead, chooseStaging, stagedHeads } from './staged-tile.ts';

/*
 * What a GPU would punish, and what no adapter here can show: the text of each kernel runs on the host, where an
 * address outside of a buffer fails, as does an access between the wrong barriers.
 */

/** Blocks of 32 rows, and behind them the first row of each row's sequence. */
function tables(lengths: readonly number[]) {
  const [blocks, starts]: number[][] = [[], []];
  let start = 0;
  for (const length of lengths) {
    for (let row = 0; row < length; row += STAGED_ROWS)
      blocks!.push(start + row, Math.min(STAGED_ROWS, length - row), start, start + length);
    for (let row = 0; row < length; row++) starts!.push(start);
    start += length;
  }
  while (starts!.length % 4 !== 0) starts!.push(0);
  return { blocks: Uint32Array.from(blocks!), sequences: Uint32Array.from(starts!) };
}

function sizes({
  shape: { heads, kvHeads, scale },
  window = 0xffffffff,
}: AttentionOperands & { window?: number }) {
  return { heads, kvHeads, queriesPerKeyValueHead: heads / kvHeads, scale, window };
}

function forwardOnHost(head: StagedHead, values: AttentionOperands) {
  const { shape, lengths, q, k, v, prefix } = values;
  const tokens = q.length / shape.heads / shape.headDim;
  const { blocks, sequences } = tables(lengths);
  const accesses: Access[] = [];
  const onAccess = (access: Access): void => void accesses.push(access);
  const out = new Float32Array(q.length).fill(NaN);
  const logSumExp = new Float32Array(tokens * shape.heads).fill(NaN);
  // One workgroup more than there are tasks, as where a grid is folded.
  const run = (kernel: { wgsl: string }, storage: object, params: object, taskCount: number): void =>
    runOnHost(kernel.wgsl, {
      storage: { q, out, logSumExp, ...storage },
      params: { ...sizes(values), ...params, taskCount },
      workgroups: [taskCount + 1, 1],
      onAccess,
    });
  if (prefix.length > 0)
    run(
      stagedPrefix(head),
      { sequences, k: prefix.k, v: prefix.v },
      { tokens, prefixLength: prefix.length, firstStart: 0 },
      Math.ceil(tokens / STAGED_ROWS) * shape.heads,
    );
  run(
    stagedForward({ ...head, behindPrefix: prefix.length > 0 }),
    { blocks, k, v },
    { firstBlock: 0 },
    (blocks.length / 4) * shape.heads,
  );
  return { out, logSumExp, accesses };
}

function backwardOnHost(variant: StagedBackwardVariant, values: AttentionOperands) {
  const { shape, lengths, q, k, v, gradOutput } = values;
  const { blocks } = tables(lengths);
  const accesses: Access[] = [];
  const poison = ({ length }: Float32Array): Float32Array => new Float32Array(length).fill(NaN);
  const gradients = { gradKey: poison(k), gradValue: poison(v), gradQuery: poison(q) };
  const taskCount = (blocks.length / 4) * shape.kvHeads;
  runOnHost(stagedBackward(variant).wgsl, {
    storage: { blocks, q, k, v, gradOutput, ...gradients },
    params: { ...sizes(values), firstBlock: 0, taskCount },
    workgroups: [taskCount + 1, 1],
    onAccess: (access) => void accesses.push(access),
  });
  return { ...gradients, accesses };
}

const VARIANTS = [
  ...new Map(
    [32_768, 16_384]
      .flatMap((workgroupBytes) => stagedHeads({ strategy: 'tiled', workgroupBytes }))
      .map((head) => [stagedForward({ ...head, behindPrefix: false }).label, head] as const),
  ),
];
const HEAD_SIZES = [...new Set(VARIANTS.map(([, { headDim }]) => headDim))];

describe.each(VARIANTS)('%s', (_label, head) => {
  test('agrees with float64 within its buffers, and nobody reads what another is writing', () => {
    // Two tiles of rows, of keys and of a prefix's keys; in large heads of a prefix's, and one tile in the largest.
    const shapes: readonly Omit<AttentionCase, 'headDim'>[] =
      head.headDim <= 20
        ? [
            { heads: 2, kvHeads: 1, lengths: [3, 34], prefix: 33 },
            { heads: 1, kvHeads: 1, lengths: [34], prefix: 5, window: 3 },
          ]
        : [{ heads: 1, kvHeads: 1, lengths: [2, 3], prefix: head.headDim < 128 ? 33 : 7 }];
    for (const shape of shapes) {
      const values = attentionOperands({ ...shape, headDim: head.headDim });
      const { out, logSumExp } = forwardOnHost(head, values);
      const expected = attentionReference(values);
      expectClose(out, expected.out, tolerances.attention.f32);
      expectClose(logSumExp, expected.logSumExp, tolerances.attention.f32, 4);
    }
  });
});

describe.each(HEAD_SIZES)('backward, heads of %i', (headDim) => {
  test('agrees with float64 within its buffers, and nobody reads what another is writing', () => {
    const shapes: readonly Omit<AttentionCase, 'headDim'>[] =
      headDim === 16
        ? [
            { heads: 2, kvHeads: 1, lengths: [2, 35] },
            { heads: 1, kvHeads: 1, lengths: [34], window: 6 },
          ]
        : [{ heads: 1, kvHeads: 1, lengths: [5] }];
    for (const shape of shapes) {
      const values = attentionOperands({ ...shape, headDim });
      const expected = attentionBackwardReference(values, values.gradOutput);
      const actual = backwardOnHost({ headDim, ofQueries: true }, values);
      for (const name of ['gradKey', 'gradValue', 'gradQuery'] as const)
        expectClose(actual[name], expected[name], tolerances.attention.f32, 8);
    }
  });
});

test('backward leaves sequences of more than 64 tokens to other kernels', () => {
  const values = attentionOperands({ heads: 1, kvHeads: 1, headDim: 16, lengths: [1, 65] });
  const { gradKey, gradValue, gradQuery } = backwardOnHost({ headDim: 16, ofQueries: true }, values);
  for (const gradient of [gradKey, gradValue, gradQuery])
    expect(gradient.findLastIndex((value) => !Number.isNaN(value))).toBe(15);
});

/** Enough for whole tiles: rows and keys of two. */
const WHOLE: Omit<AttentionCase, 'headDim'> = { heads: 1, kvHeads: 1, lengths: [64] };
const staged = (accesses: readonly Access[]): Access[] =>
  accesses.filter(({ space }) => space === 'workgroup');

describe('heads of 32: no bank is asked twice, and memory gives whole sectors', () => {
  const operandsOf = (accesses: readonly Access[]): Access[] =>
    accesses.filter(({ space, memory }) => space === 'storage' && /^(q|k|v|out|grad\w+)$/.test(memory));

  test.each(['stay', 'again'] as const)('forward, queries %s', (queries) => {
    const values = attentionOperands({ ...WHOLE, headDim: 32 });
    const { accesses } = forwardOnHost({ headDim: 32, queries }, values);
    expect(worstBankConflict(staged(accesses))).toBe(1);
    expect(worstSectorUse(operandsOf(accesses))).toBe(1);
    if (queries === 'again') return;
    // Queries once, and the two tiles of keys and values once for each block that sees them.
    const loads = operandsOf(accesses).filter(({ kind }) => kind === 'load');
    const needed = { q: 2, k: 3, v: 3 };
    for (const [memory, tiles] of Object.entries(needed))
      // Keys are fetched one tile ahead, at the end once more.
      expect(loads.filter((load) => load.memory === memory)).toHaveLength(
        (tiles + (memory === 'k' ? 2 : 0)) * 256,
      );
  });

  test('backward', () => {
    const values = attentionOperands({ ...WHOLE, headDim: 32 });
    const { accesses } = backwardOnHost({ headDim: 32, ofQueries: true }, values);
    expect(worstBankConflict(staged(accesses))).toBe(1);
    expect(worstSectorUse(operandsOf(accesses))).toBe(1);
  });
});

test('a tile without its swizzle would meet in banks', () => {
  const values = attentionOperands({ ...WHOLE, lengths: [32], headDim: 32 });
  const accesses: Access[] = [];
  const { wgsl } = stagedForward({ headDim: 32, queries: 'stay', behindPrefix: false });
  const straight = wgsl
    .replaceAll('(group ^ column)', 'group')
    .replaceAll(/\((group|column) \^ \(step >> 2u\)\)/g, '$1');
  expect(straight).not.toBe(wgsl);
  const { q, k, v } = values;
  runOnHost(straight, {
    storage: {
      ...{ q, k, v },
      blocks: Uint32Array.of(0, 32, 0, 32),
      out: q.slice(),
      logSumExp: q.slice(0, 32),
    },
    params: { ...sizes(values), firstBlock: 0, taskCount: 1 },
    workgroups: [1, 1],
    onAccess: (access) => void accesses.push(access),
  });
  expect(worstBankConflict(staged(accesses))).toBe(8);
});

describe('every kernel', () => {
  const bytesOf = (wgsl: string): number =>
    [...wgsl.matchAll(/var<workgroup> \w+: array<vec4<f32>, (\d+)>/g)].reduce(
      (sum, [, vectors]) => sum + 16 * Number(vectors),
      0,
    );

  test('keeps to the workgroup memory that there is, and to eight buffers', () => {
    for (const [, { attention }] of Object.entries<Tuning>(TUNINGS)) {
      if (attention.strategy !== 'tiled') continue;
      const kernels = [...attentionForwardKernels({ attention }), ...attentionBackwardKernels({ attention })];
      for (const { wgsl, storage } of kernels.filter(({ label }) => label.includes('.tiled.'))) {
        expect(bytesOf(wgsl)).toBeGreaterThanOrEqual(12_288);
        expect(bytesOf(wgsl)).toBeLessThanOrEqual(attention.workgroupBytes);
        expect(Object.keys(storage).length).toBeLessThanOrEqual(8);
      }
    }
  });

  test('keeps queries where the memory allows it', () => {
    expect(VARIANTS.map(([label]) => label).filter((label) => label.includes('low-memory'))).toEqual([
      'attention.forward.tiled.head80.low-memory',
      'attention.forward.tiled.head128.low-memory',
    ]);
  });

  test.each([16, 128])(
    'of heads of %i says how often its inner loops run, whose guard costs nothing then',
    (headDim) => {
      const head: StagedHead = { headDim, queries: 'stay' };
      const open = (wgsl: string): readonly string[] => translate(wgsl).openLoops;
      expect(open(stagedForward({ ...head, behindPrefix: true }).wgsl)).toEqual(['key < end']);
      expect(open(stagedPrefix(head).wgsl)).toEqual(['key < params . prefixLength']);
      expect(open(stagedBackward({ headDim, ofQueries: true }).wgsl)).toEqual([
        'turn < params . queriesPerKeyValueHead',
        'row < length',
        'key <= row',
      ]);
    },
  );
});

test('heads that vec4 do not fit, small and large ones go to other kernels', () => {
  const { attention } = TUNINGS.nvidia;
  const taken = [8, 12, 16, 20, 22, 96, 128, 132].filter((headDim) => chooseStaging(attention, headDim));
  expect(taken).toEqual([16, 20, 96, 128]);
  expect(chooseStaging(TUNINGS.software.attention, 64)).toBeUndefined();
});
