import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, type ParameterType, defineKernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import {
  type AttentionInputs,
  type KeyValuePrefix,
  checkAttention,
  checkSizes,
  windowParameter,
} from './shape.ts';
import { plus } from '../wgsl.ts';
import {
  FIRST_KEY,
  HEAD_ELEMENTS,
  type HeadElement,
  TILE_COLUMNS,
  WORKGROUP,
  accumulate,
  dotProducts,
  eachColumn,
  eachRow,
  elementLabel,
  headVector,
  reduceColumns,
} from './tile.ts';

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
  const { element, count } = headVector(headDim);
  const taskCount = sequences.blockCount * heads;
  const storage = { blocks: sequences.table, q, k, v, out, logSumExp };
  const params = {
    heads,
    queriesPerKeyValueHead: heads / kvHeads,
    kvHeads,
    scale,
    headElements: count,
    prefixLength: prefix?.length ?? 0,
    window: windowParameter(args.window),
    taskCount,
  };
  const workgroups = grid(Math.ceil(taskCount / WORKGROUP));
  if (prefix && prefix.length > 0) {
    const withPrefix = { ...storage, prefixK: prefix.k, prefixV: prefix.v };
    gpu.dispatch(prefixedKernel(element), withPrefix, params, workgroups);
  } else {
    gpu.dispatch(plainKernel(element), storage, params, workgroups);
  }
}

/** Every kernel that {@link attentionForward} may run. */
export function attentionForwardKernels(): Kernel[] {
  return HEAD_ELEMENTS.flatMap((element) => [plainKernel(element), prefixedKernel(element)]);
}

/** Stands for a masked score; finite, because WGSL knows no infinities. */
const MASKED = 'const MASKED = -3.4e38;';

const PARAMS = {
  heads: 'u32',
  queriesPerKeyValueHead: 'u32',
  kvHeads: 'u32',
  scale: 'f32',
  headElements: 'u32',
  prefixLength: 'u32',
  window: 'u32',
  taskCount: 'u32',
} as const satisfies Record<string, ParameterType>;

const plainKernel = memoizeKernel((element: HeadElement) =>
  defineKernel({
    label: `attention.forward.${elementLabel(element)}`,
    storage: {
      blocks: 'vec4<u32>',
      q: element,
      k: element,
      v: element,
      out: `&${element}`,
      logSumExp: '&f32',
    },
    params: PARAMS,
    workgroupSize: [WORKGROUP],
    declarations: MASKED,
    body: forwardBody(element, ''),
  }),
);

const prefixedKernel = memoizeKernel((element: HeadElement) =>
  defineKernel({
    label: `attention.forward.${elementLabel(element)}.prefix`,
    storage: {
      blocks: 'vec4<u32>',
      q: element,
      k: element,
      v: element,
      out: `&${element}`,
      logSumExp: '&f32',
      prefixK: element,
      prefixV: element,
    },
    params: PARAMS,
    workgroupSize: [WORKGROUP],
    declarations: MASKED,
    body: forwardBody(
      element,
      `
        let lastPrefixKey = params.prefixLength - 1u;
        ${eachRow((r) => `let position${r} = params.prefixLength + row${r} - block.z;`)}
        let firstPrefixKey = select(0u, position0 + 1u - params.window, position0 >= params.window);
        ${visitKeys(element, {
          keys: 'prefixK',
          values: 'prefixV',
          from: 'firstPrefixKey',
          last: 'lastPrefixKey',
          visible: (r, key) => `(${key} <= lastPrefixKey) & (position${r} - ${key} < params.window)`,
        })}`,
    ),
  }),
);

/** An invocation computes a block of rows of one head; `visitPrefix` is what it does before it meets their own keys. */
function forwardBody(element: HeadElement, visitPrefix: string): string {
  const finish = (r: number): string => `
      if (${r}u < block.y) {
        for (var i = 0u; i < params.headElements; i++) { out[rowAt${r} + i] *= 1.0 / total${r}; }
        logSumExp[row${r} * params.heads + head] = maximum${r} + log(total${r});
      }`;
  return `
      let task = workgroup * ${WORKGROUP}u + localIndex;
      if (task >= params.taskCount) { return; }
      let block = blocks[task / params.heads];
      let head = task % params.heads;
      let kvHead = head / params.queriesPerKeyValueHead;
      let lastRow = block.x + block.y - 1u;
      ${eachRow(
        (r) => `
          let row${r} = min(${plus('block.x', r)}, lastRow);
          let rowAt${r} = (row${r} * params.heads + head) * params.headElements;
          var maximum${r} = -3.0e38;
          var total${r} = 0.0;`,
      )}
      var first = true;
      ${visitPrefix}
      let firstKey = ${FIRST_KEY};
      ${visitKeys(element, {
        keys: 'k',
        values: 'v',
        from: 'firstKey',
        last: 'lastRow',
        visible: (r, key) => `(${key} <= row${r}) & (row${r} - ${key} < params.window)`,
      })}
      ${eachRow(finish)}`;
}

interface KeyRange {
  /** Bindings. */
  readonly keys: string;
  readonly values: string;
  /** First and last key. */
  readonly from: string;
  readonly last: string;
  /** Whether a row sees a key. */
  readonly visible: (r: number, key: string) => string;
}

/** WGSL: a loop over keys, that brings each row's maximum, total and output up to date. */
function visitKeys(element: HeadElement, { keys, values, from, last, visible }: KeyRange): string {
  const scores = (r: number) => (c: number) => `s${r}_${c}`;
  const softmax = (r: number): string => `
      ${eachColumn((c) => `s${r}_${c} = select(MASKED, params.scale * s${r}_${c}, ${visible(r, `key${c}`)});`)}
      let newMaximum${r} = max(maximum${r}, ${reduceColumns(scores(r), (a, b) => `max(${a}, ${b})`)});
      let decay${r} = exp(maximum${r} - newMaximum${r});
      maximum${r} = newMaximum${r};
      ${eachColumn((c) => `s${r}_${c} = exp(s${r}_${c} - maximum${r});`)}
      total${r} = total${r} * decay${r} + (${reduceColumns(scores(r), (a, b) => `${a} + ${b}`)});`;
  return `
    for (var key = ${from}; key <= ${last}; key += ${TILE_COLUMNS}u) {
      ${eachColumn(
        (c) => `
          let key${c} = ${plus('key', c)};
          let columnAt${c} = (min(key${c}, ${last}) * params.kvHeads + kvHead) * params.headElements;`,
      )}
      ${dotProducts(element, 's', 'q', keys)}
      ${eachRow(softmax)}
      ${accumulate(element, { target: 'out', weight: (r, c) => `s${r}_${c}`, values, keep: (r) => `decay${r}` })}
      first = false;
    }`;
}
