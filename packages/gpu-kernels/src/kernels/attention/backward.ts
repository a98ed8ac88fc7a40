import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid } from '../../runtime/kernel.ts';
import type { Scope } from '../../runtime/scope.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { AttentionTuning, Tuning } from '../../runtime/tuning.ts';
import { chooseQuadHead, chooseSubgroupHead, quadHeads, subgroupHeads } from './attention-tile.ts';
import { quadKeyValueGradients, quadQueryGradient } from './quad-backward.ts';
import { QUAD } from '../quad.ts';
import type { QuadHead } from './quad-tile.ts';
import {
  registerAllGradients,
  registerKeyValueGradients,
  registerQueryGradient,
  registerStatistics,
} from './register-backward.ts';
import { addUpParts, isPlainProduct } from '../matmul/matmul-parts.ts';
import { ProductParts } from '../matmul/product-parts.ts';
import type { AttentionBackwardArguments, WholeBackwardArguments } from './backward-arguments.ts';
import { checkAttention, checkSizes, headParams, seenPairs } from './shape.ts';
import { STAGED_BACKWARD_TOKENS, stagedBackward } from './staged-backward.ts';
import { STAGED_ROWS, chooseStaging, stagedHeads } from './staged-tile.ts';
import { subgroupGradients } from './subgroup-gradients.ts';
import { subgroupSums } from './subgroup-sums.ts';
import { subgroupWeights } from './subgroup-weights.ts';
import { HEAD_ELEMENTS, TILE_ROWS, WORKGROUP, headVector } from './tile.ts';

/**
 * Gradients of causal attention without a prefix. Scores are recomputed (as in FlashAttention, Dao et al. 2022, arXiv
 * 2205.14135); each key row gathers from the queries that saw it in ascending order, so that no atomics are needed and
 * the result is the same on every run.
 * @throws RangeError if a tensor's size does not fit the head shape and the packing
 */
export function attentionBackward(gpu: Gpu, args: AttentionBackwardArguments): void {
  checkAttention(args);
  const { shape, sequences, out, logSumExp, gradOutput, gradQuery, gradKey, gradValue } = args;
  const { heads, kvHeads, headDim } = shape;
  checkSizes(sequences.totalTokens, [
    [out, heads * headDim],
    [logSumExp, heads],
    ...(gradOutput instanceof ProductParts ? [] : [[gradOutput, heads * headDim] as const]),
    [gradKey, kvHeads * headDim],
    [gradValue, kvHeads * headDim],
    ...(gradQuery ? [[gradQuery, heads * headDim] as const] : []),
  ]);
  if (gradOutput instanceof ProductParts) partsBackward(gpu, args, gradOutput);
  else wholeBackward(gpu, { ...args, gradOutput });
}

function wholeBackward(gpu: Gpu, args: WholeBackwardArguments): void {
  const { shape, sequences } = args;
  const { attention } = gpu.tuning;
  const work = { ...shape, lengths: sequences.lengths, keys: 0 };
  const head = chooseSubgroupHead(attention, 'backward', work);
  const quad = chooseQuadHead(attention, 'backward', work);
  if (head && attention.strategy === 'subgroup') subgroupGradients(gpu, args, head, attention.weightBytes);
  else if (quad) quadGradients(gpu, args, quad);
  else {
    const staged = chooseStaging(attention, shape.headDim) !== undefined;
    const longerThan = staged ? STAGED_BACKWARD_TOKENS : 0;
    if (sequences.lengths.some((length) => length > longerThan)) registerGradients(gpu, args, longerThan);
    if (staged && sequences.lengths.some((length) => length <= longerThan)) stagedGradients(gpu, args);
  }
}

/** Where one kernel takes all sequences it adds the parts up as well: the same bits. */
function partsBackward(gpu: Gpu, args: AttentionBackwardArguments, gradOutput: ProductParts): void {
  const { shape, sequences } = args;
  const [rows, width] = [sequences.totalTokens, shape.heads * shape.headDim];
  if (gradOutput.length !== rows * width)
    throw new RangeError(
      `attention: ${gradOutput.label} [${gradOutput.shape.join(', ')}] should be [${rows}, ${width}]`,
    );
  const isStaged =
    chooseStaging(gpu.tuning.attention, shape.headDim) !== undefined &&
    sequences.lengths.every((length) => length <= STAGED_BACKWARD_TOKENS);
  if (isStaged && isPlainProduct(gradOutput)) {
    stagedGradients(gpu, { ...args, gradOutput });
    return;
  }
  using scope = gpu.scope();
  const whole = scope.tensor([rows, width], gradOutput.label);
  addUpParts(gpu, gradOutput, whole);
  wholeBackward(gpu, { ...args, gradOutput: whole });
}

/** Storage buffers of the register kernel that computes all gradients: one more than WebGPU's default limit. */
const JOINED_BINDINGS = 9;

function isJoined(tuning: AttentionTuning): boolean {
  return tuning.strategy === 'tiled' || (tuning.strategy === 'register' && tuning.inOneDispatch === true);
}

/** Every kernel that {@link attentionBackward} may run under a tuning, those for subgroups for some head sizes. */
export function attentionBackwardKernels({ attention }: Pick<Tuning, 'attention'>): Kernel[] {
  return [
    ...HEAD_ELEMENTS.flatMap((element) => [
      registerStatistics(element),
      registerQueryGradient(element),
      registerKeyValueGradients(element),
      ...(isJoined(attention) ? [registerAllGradients(element)] : []),
    ]),
    ...subgroupHeads(attention, 'backward').flatMap((head) => [
      subgroupWeights(head),
      subgroupSums({ ...head, of: 'queries' }),
      subgroupSums({ ...head, of: 'keys' }),
    ]),
    ...quadHeads(attention, 'backward').flatMap((head) => [
      quadQueryGradient(head),
      quadKeyValueGradients(head),
    ]),
    ...stagedHeads(attention).flatMap(({ headDim }) =>
      [true, false].flatMap((ofQueries) => [
        stagedBackward({ headDim, ofQueries }),
        stagedBackward({ headDim, ofQueries, parts: true }),
      ]),
    ),
  ];
}

/** Sequences that one workgroup takes; the others are left to the register kernels. */
function stagedGradients(gpu: Gpu, args: AttentionBackwardArguments): void {
  const { shape, sequences, q, k, v, gradOutput, gradQuery, gradKey, gradValue } = args;
  const blocks = sequences.blocks(STAGED_ROWS);
  const taskCount = blocks.count * shape.kvHeads;
  const storage = {
    ...{ blocks: sequences.table, q, k, v, gradKey, gradValue },
    ...(gradQuery ? { gradQuery } : {}),
  };
  const params = { ...headParams(args, shape.headDim / 4), firstBlock: blocks.first, taskCount };
  const variant = { headDim: shape.headDim, ofQueries: gradQuery !== undefined };
  if (!(gradOutput instanceof ProductParts)) {
    gpu.dispatch(stagedBackward(variant), { ...storage, gradOutput }, params, grid(taskCount));
    return;
  }
  const { tensor, counts, length, shape: size } = gradOutput;
  using scope = gpu.scope();
  const sums: Record<string, Tensor> = gradQuery ? {} : { gradOutput: scope.tensor(size, gradOutput.label) };
  gpu.dispatch(
    stagedBackward({ ...variant, parts: true }),
    { ...storage, ...sums, parts: tensor },
    { ...params, partSize: length / 4, parts: counts[0] as number },
    grid(taskCount),
  );
}

function quadGradients(gpu: Gpu, args: WholeBackwardArguments, head: QuadHead): void {
  const { shape, sequences, q, k, v, gradOutput, gradQuery, gradKey, gradValue } = args;
  const blocks = sequences.blocks(QUAD * head.laneRows);
  const params = { ...headParams(args, head.headDim / 4), firstBlock: blocks.first };
  using scope = gpu.scope();
  const statistics = makeStatistics(gpu, args, scope);
  const inputs = { blocks: sequences.table, q, k, v, gradOutput, statistics };
  if (gradQuery) {
    const taskCount = blocks.count * shape.heads;
    gpu.dispatch(
      quadQueryGradient(head),
      { ...inputs, gradQuery },
      { ...params, taskCount },
      grid(taskCount),
      flopOf(args, 'query'),
    );
  }
  const taskCount = blocks.count * shape.kvHeads;
  gpu.dispatch(
    quadKeyValueGradients(head),
    { ...inputs, gradKey, gradValue },
    { ...params, taskCount },
    grid(taskCount),
    flopOf(args, 'key-value'),
  );
}

/** What gradients by registers and by four lanes read of each row and head: float32 [T, H, 2]. */
function makeStatistics(gpu: Gpu, args: WholeBackwardArguments, scope: Scope): Tensor {
  const { shape, sequences, out, logSumExp, gradOutput } = args;
  const { element, count } = headVector(shape.headDim);
  const statistics = scope.tensor([sequences.totalTokens, shape.heads, 2], 'attention.statistics');
  const rows = sequences.totalTokens * shape.heads;
  gpu.dispatch(
    registerStatistics(element),
    { out, gradOutput, logSumExp, statistics },
    { rows, headElements: count },
    grid(Math.ceil(rows / WORKGROUP)),
  );
  return statistics;
}

/** Of sequences longer than so many tokens; the others' gradients are not touched. */
function registerGradients(gpu: Gpu, args: WholeBackwardArguments, longerThan: number): void {
  const { shape, sequences, q, k, v, gradOutput, gradQuery, gradKey, gradValue } = args;
  const { heads, kvHeads, headDim } = shape;
  const { element, count } = headVector(headDim);
  const sizes = { ...headParams(args, count), longerThan };
  const blocks = sequences.blocks(TILE_ROWS);
  const workgroups = (tasks: number): [number, number, number] => grid(Math.ceil(tasks / WORKGROUP));
  using scope = gpu.scope();
  const statistics = makeStatistics(gpu, args, scope);
  const inputs = { blocks: sequences.table, q, k, v, gradOutput, statistics };
  const [queryTasks, taskCount] = [blocks.count * heads, blocks.count * kvHeads];
  const joined =
    isJoined(gpu.tuning.attention) && gpu.device.limits.maxStorageBuffersPerShaderStage >= JOINED_BINDINGS;
  if (gradQuery && joined) {
    const queryWorkgroups = Math.ceil(queryTasks / WORKGROUP);
    gpu.dispatch(
      registerAllGradients(element),
      { ...inputs, gradQuery, gradKey, gradValue },
      { ...sizes, taskCount, queryTasks, queryWorkgroups },
      grid(queryWorkgroups + Math.ceil(taskCount / WORKGROUP)),
      flopOf(args, 'all'),
    );
    return;
  }
  if (gradQuery) {
    gpu.dispatch(
      registerQueryGradient(element),
      { ...inputs, gradQuery },
      { ...sizes, taskCount: queryTasks },
      workgroups(queryTasks),
      flopOf(args, 'query'),
    );
  }
  gpu.dispatch(
    registerKeyValueGradients(element),
    { ...inputs, gradKey, gradValue },
    { ...sizes, taskCount },
    workgroups(taskCount),
    flopOf(args, 'key-value'),
  );
}

/** What a kernel computes. */
type GradientPart = 'query' | 'key-value' | 'all';

/** Multiply-adds of a pair and coordinate: q·k, the gradient of its weight, and those of the query, or of key and value. */
const PRODUCTS: Readonly<Record<GradientPart, number>> = { query: 3, 'key-value': 4, all: 5 };

function flopOf(args: WholeBackwardArguments, part: GradientPart): number {
  return 2 * PRODUCTS[part] * args.shape.headDim * seenPairs(args);
}
