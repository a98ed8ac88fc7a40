import type { Gpu } from '../../runtime/gpu.ts';
import { defineKernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { type AttentionInputs, checkAttention, checkSizes, windowParameter } from './shape.ts';
import {
  FIRST_KEY,
  type HeadElement,
  TILE_COLUMNS,
  WORKGROUP,
  accumulate,
  dotProducts,
  eachColumn,
  eachElement,
  eachRow,
  headVector,
} from './tile.ts';

export interface AttentionBackwardArguments extends AttentionInputs {
  /** From the forward pass. */
  readonly out: Tensor;
  readonly logSumExp: Tensor;
  /** gradient of the loss with respect to `out`. */
  readonly gradOutput: Tensor;
  /** Gradients to be overwritten; `gradQuery` may be left out where only keys and values are trained. */
  readonly gradQuery?: Tensor;
  readonly gradKey: Tensor;
  readonly gradValue: Tensor;
}

/**
 * Backward of causal attention without a prefix. Scores are recomputed; each key row gathers from the queries that saw
 * it in ascending order, so that no atomics are needed and the result is the same on every run.
 * @throws RangeError if a tensor's size does not fit the head shape and the packing
 */
export function attentionBackward(gpu: Gpu, args: AttentionBackwardArguments): void {
  checkAttention(args);
  const { shape, sequences, q, k, v, out, logSumExp, gradOutput, gradQuery, gradKey, gradValue } = args;
  const { heads, kvHeads, headDim, scale } = shape;
  checkSizes(sequences.totalTokens, [
    [out, heads * headDim],
    [logSumExp, heads],
    [gradOutput, heads * headDim],
    [gradKey, kvHeads * headDim],
    [gradValue, kvHeads * headDim],
    ...(gradQuery ? [[gradQuery, heads * headDim] as const] : []),
  ]);
  const { type, count } = headVector(headDim);
  const window = windowParameter(args.window);
  const sizes = { heads, group: heads / kvHeads, kvHeads, scale, headElements: count, window };
  const blocks = sequences.table;
  using scope = gpu.scope();
  const statistics = scope.tensor([sequences.totalTokens, heads, 2], 'attention.statistics');
  const rows = sequences.totalTokens * heads;
  gpu.dispatch(
    statisticsKernel({ type }),
    { out, gradOutput, logSumExp, statistics },
    { rows, headElements: count },
    grid(Math.ceil(rows / WORKGROUP)),
  );
  const groups = (tasks: number): [number, number, number] => grid(Math.ceil(tasks / WORKGROUP));
  if (gradQuery) {
    const taskCount = sequences.blockCount * heads;
    const operands = { blocks, q, k, v, gradOutput, statistics, gradQuery };
    gpu.dispatch(queryKernel({ type }), operands, { ...sizes, taskCount }, groups(taskCount));
  }
  const taskCount = sequences.blockCount * kvHeads;
  const operands = { blocks, q, k, v, gradOutput, statistics, gradKey, gradValue };
  gpu.dispatch(keyValueKernel({ type }), operands, { ...sizes, taskCount }, groups(taskCount));
}

const SIZES = {
  heads: 'u32',
  group: 'u32',
  kvHeads: 'u32',
  scale: 'f32',
  headElements: 'u32',
  window: 'u32',
  taskCount: 'u32',
} as const;

/**
 * Per row and head what both gradient kernels need: logSumExp, and gradOutput · out, which the softmax's backward
 * subtracts. One binding for the two keeps those kernels within WebGPU's default of eight.
 */
const statisticsKernel = memoizeKernel(({ type }: { type: HeadElement }) =>
  defineKernel({
    label: `attention.statistics.${type}`,
    storage: { out: type, gradOutput: type, logSumExp: 'f32', statistics: '&vec2<f32>' },
    params: { rows: 'u32', headElements: 'u32' },
    workgroupSize: [WORKGROUP],
    body: `
  let row = group * ${WORKGROUP}u + localIndex;
  if (row >= params.rows) { return; }
  var sum = ${type}();
  for (var i = 0u; i < params.headElements; i++) {
    let at = row * params.headElements + i;
    sum = fma(out[at], gradOutput[at], sum);
  }
  statistics[row] = vec2<f32>(logSumExp[row], ${type === 'f32' ? 'sum' : 'dot(sum, vec4<f32>(1.0))'});`,
  }),
);

const queryKernel = memoizeKernel(({ type }: { type: HeadElement }) =>
  defineKernel({
    label: `attention.backward.query.${type}`,
    storage: {
      blocks: 'vec4<u32>',
      q: type,
      k: type,
      v: type,
      gradOutput: type,
      statistics: 'vec2<f32>',
      gradQuery: `&${type}`,
    },
    params: SIZES,
    workgroupSize: [WORKGROUP],
    body: `
  let task = group * ${WORKGROUP}u + localIndex;
  if (task >= params.taskCount) { return; }
  let block = blocks[task / params.heads];
  let head = task % params.heads;
  let kvHead = head / params.group;
  let lastRow = block.x + block.y - 1u;
${eachRow(
  (r) => `  let row${r} = min(block.x + ${r}u, lastRow);
  let rowAt${r} = (row${r} * params.heads + head) * params.headElements;
  let statistics${r} = statistics[row${r} * params.heads + head];`,
)}
  var first = true;
  for (var key = ${FIRST_KEY}; key <= lastRow; key += ${TILE_COLUMNS}u) {
${eachColumn((c) => `    let columnAt${c} = (min(key + ${c}u, lastRow) * params.kvHeads + kvHead) * params.headElements;`)}
${scoreGradients(
  type,
  ['q', 'k'],
  ['gradOutput', 'v'],
  (r) => `statistics${r}`,
  (r, c) => `(key + ${c}u <= row${r}) & (row${r} - (key + ${c}u) < params.window)`,
)}
${accumulate(type, { target: 'gradQuery', weight: (r, c) => `s${r}_${c}`, values: 'k' })}
    first = false;
  }`,
  }),
);

const keyValueKernel = memoizeKernel(({ type }: { type: HeadElement }) =>
  defineKernel({
    label: `attention.backward.keyvalue.${type}`,
    storage: {
      blocks: 'vec4<u32>',
      q: type,
      k: type,
      v: type,
      gradOutput: type,
      statistics: 'vec2<f32>',
      gradKey: `&${type}`,
      gradValue: `&${type}`,
    },
    params: SIZES,
    workgroupSize: [WORKGROUP],
    body: `
  let task = group * ${WORKGROUP}u + localIndex;
  if (task >= params.taskCount) { return; }
  let block = blocks[task / params.kvHeads];
  let kvHead = task % params.kvHeads;
${eachRow(
  (r) => `  let row${r} = block.x + min(${r}u, block.y - 1u);
  let rowAt${r} = (row${r} * params.kvHeads + kvHead) * params.headElements;`,
)}
  // Exclusive; the last key row is seen by the last queries.
  let lastKey = block.x + block.y - 1u;
  let queryEnd = select(block.w, lastKey + params.window, params.window < block.w - lastKey);
  var first = true;
  for (var head = kvHead * params.group; head < (kvHead + 1u) * params.group; head++) {
    for (var query = block.x; query < queryEnd; query += ${TILE_COLUMNS}u) {
${eachColumn(
  (c) => `    let column${c} = min(query + ${c}u, block.w - 1u) * params.heads + head;
    let columnAt${c} = column${c} * params.headElements;
    let statistics${c} = statistics[column${c}];`,
)}
${scoreGradients(
  type,
  ['k', 'q'],
  ['v', 'gradOutput'],
  (_, c) => `statistics${c}`,
  (r, c) =>
    `(query + ${c}u >= row${r}) & (query + ${c}u < block.w) & (query + ${c}u - row${r} < params.window)`,
)}
${accumulate(type, { target: 'gradValue', weight: (r, c) => `p${r}_${c}`, values: 'gradOutput' })}
${accumulate(type, { target: 'gradKey', weight: (r, c) => `s${r}_${c}`, values: 'q' })}
      first = false;
    }
  }`,
  }),
);

/** Declares the tile's probabilities `p` and the gradients `s` by its dot products. */
function scoreGradients(
  type: HeadElement,
  scores: readonly [string, string],
  probabilityGradients: readonly [string, string],
  statistics: (r: number, c: number) => string,
  visible: (r: number, c: number) => string,
): string {
  return `
${dotProducts(type, 's', ...scores)}
${eachElement((r, c) => `    let p${r}_${c} = select(0.0, exp(min(params.scale * s${r}_${c} - ${statistics(r, c)}.x, 0.0)), ${visible(r, c)});`)}
${dotProducts(type, 'd', ...probabilityGradients)}
${eachElement((r, c) => `    s${r}_${c} = params.scale * p${r}_${c} * (d${r}_${c} - ${statistics(r, c)}.y);`)}`;
}
