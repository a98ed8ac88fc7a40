import { type ParameterType, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { plus } from '../wgsl.ts';
import {
  FIRST_KEY,
  type HeadElement,
  TILE_COLUMNS,
  WORKGROUP,
  accumulate,
  dotProducts,
  eachColumn,
  eachRow,
  elementLabel,
  reduceColumns,
} from './tile.ts';

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

/** Attention to the keys of a row's own sequence. */
export const registerForward = memoizeKernel((element: HeadElement) =>
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

/** The same behind a prefix. */
export const registerForwardBehindPrefix = memoizeKernel((element: HeadElement) =>
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
