import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { chooseQuadHead, chooseSubgroupHead, quadHeads, subgroupHeads } from './attention-tile.ts';
import { quadForward } from './quad-forward.ts';
import { QUAD } from '../quad.ts';
import type { QuadHead } from './quad-tile.ts';
import { registerForward, registerForwardBehindPrefix } from './register-forward.ts';
import {
  type AttentionInputs,
  type KeyValuePrefix,
  checkAttention,
  checkSizes,
  headParams,
  seenPairs,
} from './shape.ts';
import { stagedForward, stagedPrefix } from './staged-forward.ts';
import { STAGED_ROWS, type StagedHead, chooseStaging, stagedHeads } from './staged-tile.ts';
import { subgroupForward, subgroupPrefix } from './subgroup-forward.ts';
import { type SubgroupHead, requireLaneElements } from './subgroup-tile.ts';
import { HEAD_ELEMENTS, TILE_ROWS, WORKGROUP, headVector } from './tile.ts';

/** Operands and options of {@link attentionForward}. */
export interface AttentionForwardArguments extends AttentionInputs {
  /** Seen by every token of every sequence. */
  readonly prefix?: KeyValuePrefix;
  /** float32 [T, H·D], a buffer of its own. */
  readonly out: Tensor;
  /** float32 [T, H]: receives the log of the sum of exponentials of each row's scores, for the backward pass. */
  readonly logSumExp: Tensor;
}

/**
 * Causal softmax attention over packed sequences with an optional shared prefix, by running maximum and sum (Milakov and
 * Gimelshein 2018, arXiv 1805.02867), so that no attention matrix is ever stored.
 * @throws RangeError if a tensor's size does not fit the head shape and the packing
 */
export function attentionForward(gpu: Gpu, args: AttentionForwardArguments): void {
  checkAttention(args);
  const { shape, sequences, prefix, out, logSumExp } = args;
  const { heads, kvHeads, headDim } = shape;
  checkSizes(sequences.totalTokens, [
    [out, heads * headDim],
    [logSumExp, heads],
  ]);
  if (prefix) {
    checkSizes(prefix.length, [
      [prefix.k, kvHeads * headDim],
      [prefix.v, kvHeads * headDim],
    ]);
  }
  const before = prefix && prefix.length > 0 ? prefix : undefined;
  const { attention } = gpu.tuning;
  const staged = chooseStaging(attention, headDim);
  if (staged) {
    if (before) prefixAttention(gpu, args, before, stagedKernels(staged));
    return ownAttention(gpu, args, stagedKernels(staged), before !== undefined);
  }
  const work = { ...shape, lengths: sequences.lengths, keys: before?.length ?? 0 };
  const quad = chooseQuadHead(attention, 'forward', work);
  if (quad) return quadAttention(gpu, args, quad, before);
  const choose = (lengths: readonly number[], keys: number): SubgroupHead | undefined =>
    chooseSubgroupHead(attention, 'forward', { ...shape, lengths, keys });
  const own = choose(sequences.lengths, 0);
  // Rows of all sequences meet the same keys.
  const together = before && choose([sequences.totalTokens], before.length);
  // A tuning of another's may have tiles for large work alone.
  if (!own || (before && !together)) return registerAttention(gpu, args, before);
  if (before && together) prefixAttention(gpu, args, before, subgroupKernels(together));
  ownAttention(gpu, args, subgroupKernels(own), before !== undefined);
}

/** Every kernel that {@link attentionForward} may run under a tuning, those for subgroups for some head sizes. */
export function attentionForwardKernels({ attention }: Pick<Tuning, 'attention'>): Kernel[] {
  return [
    ...HEAD_ELEMENTS.flatMap((element) => [registerForward(element), registerForwardBehindPrefix(element)]),
    ...[
      ...subgroupHeads(attention, 'forward').map(subgroupKernels),
      ...stagedHeads(attention).map(stagedKernels),
    ].flatMap(({ own, prefix }) => [own(false), own(true), prefix()]),
    ...quadHeads(attention, 'forward').flatMap((head) =>
      [true, false].map((behindPrefix) => quadForward({ ...head, behindPrefix })),
    ),
  ];
}

/** Kernels of which a workgroup computes so many rows of one head. */
interface RowKernels {
  readonly rows: number;
  /** Elements of a head vector in the buffers' type. */
  readonly headElements: number;
  readonly own: (behindPrefix: boolean) => Kernel;
  readonly prefix: () => Kernel;
}

function subgroupKernels(head: SubgroupHead): RowKernels {
  return {
    rows: head.rows,
    headElements: head.headDim / requireLaneElements(head).width,
    own: (behindPrefix) => subgroupForward({ ...head, behindPrefix }),
    prefix: () => subgroupPrefix(head),
  };
}

function stagedKernels(head: StagedHead): RowKernels {
  return {
    rows: STAGED_ROWS,
    headElements: head.headDim / 4,
    own: (behindPrefix) => stagedForward({ ...head, behindPrefix }),
    prefix: () => stagedPrefix(head),
  };
}

function registerAttention(gpu: Gpu, args: AttentionForwardArguments, prefix?: KeyValuePrefix): void {
  const { shape, sequences, q, k, v, out, logSumExp } = args;
  const { element, count } = headVector(shape.headDim);
  const blocks = sequences.blocks(TILE_ROWS);
  const taskCount = blocks.count * shape.heads;
  const storage = { blocks: sequences.table, q, k, v, out, logSumExp };
  const params = { ...headParams(args, count), taskCount, prefixLength: prefix?.length ?? 0 };
  const workgroups = grid(Math.ceil(taskCount / WORKGROUP));
  const flop = flopOf(args, seenPairs(args, prefix?.length));
  if (prefix) {
    const withPrefix = { ...storage, prefixK: prefix.k, prefixV: prefix.v };
    gpu.dispatch(registerForwardBehindPrefix(element), withPrefix, params, workgroups, flop);
  } else {
    gpu.dispatch(registerForward(element), storage, params, workgroups, flop);
  }
}

function quadAttention(
  gpu: Gpu,
  args: AttentionForwardArguments,
  head: QuadHead,
  prefix?: KeyValuePrefix,
): void {
  const { shape, sequences, q, k, v, out, logSumExp } = args;
  const blocks = sequences.blocks(QUAD * head.laneRows);
  const taskCount = blocks.count * shape.heads;
  gpu.dispatch(
    quadForward({ ...head, behindPrefix: prefix !== undefined }),
    {
      ...{ blocks: sequences.table, q, k, v, out, logSumExp },
      ...(prefix ? { prefixK: prefix.k, prefixV: prefix.v } : {}),
    },
    {
      ...headParams(args, head.headDim / 4),
      taskCount,
      firstBlock: blocks.first,
      prefixLength: prefix?.length ?? 0,
    },
    grid(taskCount),
    flopOf(args, seenPairs(args, prefix?.length)),
  );
}

function prefixAttention(
  gpu: Gpu,
  args: AttentionForwardArguments,
  prefix: KeyValuePrefix,
  kernels: RowKernels,
): void {
  const { shape, sequences, q, out, logSumExp } = args;
  const tokens = sequences.totalTokens;
  const taskCount = Math.ceil(tokens / kernels.rows) * shape.heads;
  gpu.dispatch(
    kernels.prefix(),
    { sequences: sequences.table, q, k: prefix.k, v: prefix.v, out, logSumExp },
    {
      ...headParams(args, kernels.headElements),
      taskCount,
      tokens,
      prefixLength: prefix.length,
      firstStart: sequences.firstStart,
    },
    grid(taskCount),
    flopOf(args, seenPairs(args, prefix.length, false)),
  );
}

function ownAttention(
  gpu: Gpu,
  args: AttentionForwardArguments,
  kernels: RowKernels,
  behindPrefix: boolean,
): void {
  const { shape, sequences, q, k, v, out, logSumExp } = args;
  const blocks = sequences.blocks(kernels.rows);
  const taskCount = blocks.count * shape.heads;
  gpu.dispatch(
    kernels.own(behindPrefix),
    { blocks: sequences.table, q, k, v, out, logSumExp },
    { ...headParams(args, kernels.headElements), taskCount, firstBlock: blocks.first },
    grid(taskCount),
    flopOf(args, seenPairs(args)),
  );
}

/** A multiply-add for q·k and one for the value, of each coordinate. */
function flopOf({ shape }: AttentionForwardArguments, pairs: number): number {
  return 4 * shape.headDim * pairs;
}
