import { type ParameterType, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { plus } from '../wgsl.ts';
import { HEAD_PARAMS } from './shape.ts';
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
  elementLabel,
} from './tile.ts';

const SIZES = {
  ...HEAD_PARAMS,
  /** Shorter sequences, and those of this length, are other kernels'. */
  longerThan: 'u32',
  taskCount: 'u32',
} as const satisfies Record<string, ParameterType>;

/**
 * Per row and head what both gradient kernels need: logSumExp, and gradOutput · out, which the softmax's backward
 * subtracts. One binding for the two keeps those kernels within WebGPU's default of eight.
 */
export const registerStatistics = memoizeKernel((element: HeadElement) =>
  defineKernel({
    label: `attention.statistics.${elementLabel(element)}`,
    storage: { out: element, gradOutput: element, logSumExp: 'f32', statistics: '&vec2<f32>' },
    params: { rows: 'u32', headElements: 'u32' },
    workgroupSize: [WORKGROUP],
    body: `
      let row = workgroup * ${WORKGROUP}u + localIndex;
      if (row >= params.rows) { return; }
      var sum = ${element}();
      for (var i = 0u; i < params.headElements; i++) {
        let at = row * params.headElements + i;
        sum = fma(out[at], gradOutput[at], sum);
      }
      statistics[row] = vec2<f32>(logSumExp[row], ${element === 'f32' ? 'sum' : 'dot(sum, vec4<f32>(1.0))'});`,
  }),
);

/** An invocation computes the gradient of a block of queries of one head. */
export const registerQueryGradient = memoizeKernel((element: HeadElement) =>
  defineKernel({
    label: `attention.backward.query.${elementLabel(element)}`,
    storage: {
      blocks: 'vec4<u32>',
      q: element,
      k: element,
      v: element,
      gradOutput: element,
      statistics: 'vec2<f32>',
      gradQuery: `&${element}`,
    },
    params: SIZES,
    workgroupSize: [WORKGROUP],
    body: `
      let task = workgroup * ${WORKGROUP}u + localIndex;
      if (task >= params.taskCount) { return; }
      ${queryGradient(element)}`,
  }),
);

/** An invocation computes the gradients of a block of keys and values of one key/value head. */
export const registerKeyValueGradients = memoizeKernel((element: HeadElement) =>
  defineKernel({
    label: `attention.backward.key-value.${elementLabel(element)}`,
    storage: {
      blocks: 'vec4<u32>',
      q: element,
      k: element,
      v: element,
      gradOutput: element,
      statistics: 'vec2<f32>',
      gradKey: `&${element}`,
      gradValue: `&${element}`,
    },
    params: SIZES,
    workgroupSize: [WORKGROUP],
    body: `
      let task = workgroup * ${WORKGROUP}u + localIndex;
      if (task >= params.taskCount) { return; }
      ${keyValueGradients(element)}`,
  }),
);

/**
 * Both at once, each workgroup at one of them. Nine bindings, one more than WebGPU's default limit.
 */
export const registerAllGradients = memoizeKernel((element: HeadElement) =>
  defineKernel({
    label: `attention.backward.all.${elementLabel(element)}`,
    storage: {
      blocks: 'vec4<u32>',
      q: element,
      k: element,
      v: element,
      gradOutput: element,
      statistics: 'vec2<f32>',
      gradQuery: `&${element}`,
      gradKey: `&${element}`,
      gradValue: `&${element}`,
    },
    params: { ...SIZES, queryTasks: 'u32', queryWorkgroups: 'u32' },
    workgroupSize: [WORKGROUP],
    body: `
      if (workgroup < params.queryWorkgroups) {
        let task = workgroup * ${WORKGROUP}u + localIndex;
        if (task >= params.queryTasks) { return; }
        ${queryGradient(element)}
      } else {
        let task = (workgroup - params.queryWorkgroups) * ${WORKGROUP}u + localIndex;
        if (task >= params.taskCount) { return; }
        ${keyValueGradients(element)}
      }`,
  }),
);

/** WGSL: the gradient of a block of queries of one head. */
function queryGradient(element: HeadElement): string {
  return `
      let block = blocks[task / params.heads];
      if (block.w - block.z <= params.longerThan) { return; }
      let head = task % params.heads;
      let kvHead = head / params.queriesPerKeyValueHead;
      let lastRow = block.x + block.y - 1u;
      ${eachRow(
        (r) => `
          let row${r} = min(${plus('block.x', r)}, lastRow);
          let rowAt${r} = (row${r} * params.heads + head) * params.headElements;
          let statistics${r} = statistics[row${r} * params.heads + head];`,
      )}
      let firstKey = ${FIRST_KEY};
      var first = true;
      for (var key = firstKey; key <= lastRow; key += ${TILE_COLUMNS}u) {
        ${eachColumn(
          (c) => `
            let key${c} = ${plus('key', c)};
            let columnAt${c} = (min(key${c}, lastRow) * params.kvHeads + kvHead) * params.headElements;`,
        )}
        ${scoreGradients(element, {
          scores: ['q', 'k'],
          probabilityGradients: ['gradOutput', 'v'],
          statistics: (r) => `statistics${r}`,
          visible: (r, c) => `(key${c} <= row${r}) & (row${r} - key${c} < params.window)`,
        })}
        ${accumulate(element, { target: 'gradQuery', weight: (r, c) => `s${r}_${c}`, values: 'k' })}
        first = false;
      }`;
}

/** WGSL: the gradients of a block of keys and values of one key/value head. */
function keyValueGradients(element: HeadElement): string {
  return `
      let block = blocks[task / params.kvHeads];
      if (block.w - block.z <= params.longerThan) { return; }
      let kvHead = task % params.kvHeads;
      ${eachRow(
        (r) => `
          let row${r} = block.x + min(${r}u, block.y - 1u);
          let rowAt${r} = (row${r} * params.kvHeads + kvHead) * params.headElements;`,
      )}
      // Exclusive; the last key row is seen by the last queries.
      let lastKey = block.x + block.y - 1u;
      let queryEnd = select(block.w, lastKey + params.window, params.window < block.w - lastKey);
      let firstHead = kvHead * params.queriesPerKeyValueHead;
      var first = true;
      for (var head = firstHead; head < firstHead + params.queriesPerKeyValueHead; head++) {
        for (var query = block.x; query < queryEnd; query += ${TILE_COLUMNS}u) {
          ${eachColumn(
            (c) => `
              let query${c} = ${plus('query', c)};
              let column${c} = min(query${c}, block.w - 1u) * params.heads + head;
              let columnAt${c} = column${c} * params.headElements;
              let statistics${c} = statistics[column${c}];`,
          )}
          ${scoreGradients(element, {
            scores: ['k', 'q'],
            probabilityGradients: ['v', 'gradOutput'],
            statistics: (_, c) => `statistics${c}`,
            visible: (r, c) =>
              `(query${c} >= row${r}) & (query${c} < block.w) & (query${c} - row${r} < params.window)`,
          })}
          ${accumulate(element, { target: 'gradValue', weight: (r, c) => `p${r}_${c}`, values: 'gradOutput' })}
          ${accumulate(element, { target: 'gradKey', weight: (r, c) => `s${r}_${c}`, values: 'q' })}
          first = false;
        }
      }`;
}

interface ScoreTile {
  /** Bindings of the tile's rows and columns, whose dot products are the scores. */
  readonly scores: readonly [string, string];
  /** The same of the gradients with respect to the probabilities. */
  readonly probabilityGradients: readonly [string, string];
  readonly statistics: (r: number, c: number) => string;
  readonly visible: (r: number, c: number) => string;
}

/** WGSL that declares the tile's probabilities `p`, and `s`, the gradients with respect to its dot products. */
function scoreGradients(
  element: HeadElement,
  { scores, probabilityGradients, statistics, visible }: ScoreTile,
): string {
  const probability = (r: number, c: number): string => {
    const exponent = `params.scale * s${r}_${c} - ${statistics(r, c)}.x`;
    return `let p${r}_${c} = select(0.0, exp(min(${exponent}, 0.0)), seen${r}_${c});`;
  };
  return `
    ${dotProducts(element, 's', ...scores)}
    ${eachElement((r, c) => `let seen${r}_${c} = ${visible(r, c)};`)}
    ${eachElement(probability)}
    ${dotProducts(element, 'd', ...probabilityGradients)}
    ${eachElement((r, c) => `s${r}_${c} = params.scale * p${r}_${c} * (d${r}_${c} - ${statistics(r, c)}.y);`)}`;
}
