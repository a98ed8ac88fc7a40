import type { Gpu } from '../../runtime/gpu.ts';
import { defineKernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import {
  type AttentionInputs,
  type KeyValuePrefix,
  checkAttention,
  checkSizes,
  windowParameter,
} from './shape.ts';
import {
  FIRST_KEY,
  type HeadElement,
  TILE_COLUMNS,
  WORKGROUP,
  accumulate,
  dotProducts,
  eachColumn,
  eachRow,
  headVector,
  reduceColumns,
} from './tile.ts';

export interface AttentionForwardArguments extends AttentionInputs {
  /** Seen by every token of every sequence. */
  readonly prefix?: KeyValuePrefix;
  /** [totalTokens, heads * headDim]. */
  readonly out: Tensor;
  /** [totalTokens, heads]: log of the sum of exponentials of each row's scores, for the backward pass. */
  readonly logSumExp: Tensor;
}

/**
 * Causal softmax attention over packed sequences with an optional shared prefix, by running maximum and sum, so that
 * no attention matrix is ever stored.
 * @throws RangeError if a tensor's size does not fit the head shape and the packing
 */
export function attentionForward(gpu: Gpu, args: AttentionForwardArguments): void {
  checkAttention(args);
  const { shape, sequences, q, k, v, prefix, out, logSumExp } = args;
  const { heads, kvHeads, headDim, scale } = shape;
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
  const withPrefix = prefix !== undefined && prefix.length > 0;
  const { type, count } = headVector(headDim);
  const taskCount = sequences.blockCount * heads;
  gpu.dispatch(
    forwardKernel({ type, prefix: withPrefix }),
    {
      blocks: sequences.table,
      q,
      k,
      v,
      out,
      logSumExp,
      ...(withPrefix ? { prefixK: prefix.k, prefixV: prefix.v } : {}),
    },
    {
      heads,
      group: heads / kvHeads,
      kvHeads,
      scale,
      headElements: count,
      prefixLength: prefix?.length ?? 0,
      window: windowParameter(args.window),
      taskCount,
    },
    grid(Math.ceil(taskCount / WORKGROUP)),
  );
}

/** Stands for a masked score; finite, because WGSL knows no infinities. */
const MASKED = '-3.4e38';

const forwardKernel = memoizeKernel(({ type, prefix }: { type: HeadElement; prefix: boolean }) =>
  defineKernel({
    label: `attention.forward.${type}${prefix ? '.prefix' : ''}`,
    storage: {
      blocks: 'vec4<u32>',
      q: type,
      k: type,
      v: type,
      out: `&${type}`,
      logSumExp: '&f32',
      ...(prefix ? { prefixK: type, prefixV: type } : {}),
    } as Record<string, string>,
    params: {
      heads: 'u32',
      group: 'u32',
      kvHeads: 'u32',
      scale: 'f32',
      headElements: 'u32',
      prefixLength: 'u32',
      window: 'u32',
      taskCount: 'u32',
    },
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
  var maximum${r} = -3.0e38;
  var total${r} = 0.0;`,
)}
  var first = true;
${
  prefix
    ? `  let lastPrefixKey = params.prefixLength - 1u;
  let position = params.prefixLength + block.x - block.z;
  let firstPrefixKey = select(0u, position + 1u - params.window, position >= params.window);
${visitKeys(type, 'prefixK', 'prefixV', 'firstPrefixKey', 'lastPrefixKey', (r, key) => `(${key} <= lastPrefixKey) & (params.prefixLength + row${r} - block.z - ${key} < params.window)`)}`
    : ''
}
  let firstKey = ${FIRST_KEY};
${visitKeys(type, 'k', 'v', 'firstKey', 'lastRow', (r, key) => `(${key} <= row${r}) & (row${r} - ${key} < params.window)`)}
${eachRow(
  (r) => `  if (${r}u < block.y) {
    for (var i = 0u; i < params.headElements; i++) { out[rowAt${r} + i] *= 1.0 / total${r}; }
    logSumExp[row${r} * params.heads + head] = maximum${r} + log(total${r});
  }`,
)}`,
  }),
);

/** A loop over keys [from, last], of which each row sees those that `visible` holds for. */
function visitKeys(
  type: HeadElement,
  keys: string,
  values: string,
  from: string,
  last: string,
  visible: (r: number, key: string) => string,
): string {
  const scores = (r: number) => (c: number) => `s${r}_${c}`;
  return `
  for (var key = ${from}; key <= ${last}; key += ${TILE_COLUMNS}u) {
${eachColumn((c) => `    let columnAt${c} = (min(key + ${c}u, ${last}) * params.kvHeads + kvHead) * params.headElements;`)}
${dotProducts(type, 's', 'q', keys)}
${eachRow(
  (r) => `
${eachColumn((c) => `    s${r}_${c} = select(${MASKED}, params.scale * s${r}_${c}, ${visible(r, `(key + ${c}u)`)});`)}
    let newMaximum${r} = max(maximum${r}, ${reduceColumns(scores(r), (a, b) => `max(${a}, ${b})`)});
    let decay${r} = exp(maximum${r} - newMaximum${r});
    maximum${r} = newMaximum${r};
${eachColumn((c) => `    s${r}_${c} = exp(s${r}_${c} - maximum${r});`)}
    total${r} = total${r} * decay${r} + (${reduceColumns(scores(r), (a, b) => `${a} + ${b}`)});`,
)}
${accumulate(type, { target: 'out', weight: (r, c) => `s${r}_${c}`, values, keep: (r) => `decay${r}` })}
    first = false;
  }`;
}
