import { type ParameterType, type StorageType, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { QUAD } from '../quad.ts';
import { plus } from '../wgsl.ts';
import {
  type QuadHead,
  dotProduct,
  eachLaneRow,
  eachTurn,
  eachVector,
  loadVector,
  passRound,
  sumOfTurns,
} from './quad-tile.ts';
import { HEAD_PARAMS } from './shape.ts';

const PARAMS = {
  ...HEAD_PARAMS,
  prefixLength: 'u32',
  firstBlock: 'u32',
  taskCount: 'u32',
} as const satisfies Record<string, ParameterType>;

/** Stands for a masked score; finite, because WGSL knows no infinities. A row begins with a maximum above it. */
const MASKED = -3.4e38;
const UNSEEN = -3.0e38;

/** Four lanes compute a block of rows of one head: attention to a prefix, if there is one, and the keys of their own sequence. */
export const quadForward = memoizeKernel((variant: QuadHead & { readonly behindPrefix: boolean }) => {
  const { headDim, laneRows, behindPrefix } = variant;
  const read = ['q', 'k', 'v', ...(behindPrefix ? ['prefixK', 'prefixV'] : [])];
  const storage: Record<string, StorageType> = {
    blocks: 'vec4<u32>',
    ...Object.fromEntries(read.map((name) => [name, 'vec4<f32>'])),
    out: '&vec4<f32>',
    logSumExp: '&f32',
  };
  return defineKernel({
    label: `attention.forward.quad.head${headDim}.${QUAD * laneRows}${behindPrefix ? '.behind-prefix' : ''}`,
    enables: ['subgroups'],
    subgroupSize: QUAD,
    storage,
    params: PARAMS,
    workgroupSize: [QUAD],
    declarations: `const MASKED = ${MASKED.toExponential()};`,
    body: `
      if (workgroup >= params.taskCount) { return; }
      let block = blocks[params.firstBlock + workgroup / params.heads];
      let head = workgroup % params.heads;
      let kvHead = head / params.queriesPerKeyValueHead;
      let end = block.x + block.y;
      ${eachLaneRow(
        variant,
        (g) => `
          let row${g} = min(${plus('block.x', QUAD * g)} + lane, end - 1u);
          ${loadVector(variant, `q${g}`, 'q', `(row${g} * params.heads + head) * params.headElements`, 'params.scale * ')}
          var maximum${g} = ${UNSEEN.toExponential()};
          var total${g} = 0.0;
          ${eachVector(variant, (e) => `var out${g}_${e} = vec4<f32>();`)}`,
      )}
      ${behindPrefix ? overPrefix(variant) : ''}
      let place = block.x - block.z;
      let hidden = select(0u, place + 1u - params.window, place >= params.window);
      for (var key = block.z + (hidden & ~3u); key < end; key += ${QUAD}u) {
        ${visitKeys(variant, {
          keys: 'k',
          values: 'v',
          last: 'end - 1u',
          visible: (g, column) => `(${column} <= row${g}) & (row${g} - ${column} < params.window)`,
        })}
      }
      ${eachLaneRow(
        variant,
        (g) => `
          if (${plus('block.x', QUAD * g)} + lane < end) {
            let rowHead = row${g} * params.heads + head;
            let inverse = select(0.0, 1.0 / total${g}, total${g} > 0.0);
            ${eachVector(variant, (e) => `out[${plus('rowHead * params.headElements', e)}] = out${g}_${e} * inverse;`)}
            logSumExp[rowHead] = select(${UNSEEN.toExponential()}, maximum${g} + log(total${g}), total${g} > 0.0);
          }`,
      )}`,
  });
});

function overPrefix(head: QuadHead): string {
  return `
    let firstPlace = params.prefixLength + block.x - block.z;
    let hiddenOfPrefix = select(0u, firstPlace + 1u - params.window, firstPlace >= params.window);
    for (var key = hiddenOfPrefix & ~3u; key < params.prefixLength; key += ${QUAD}u) {
      ${visitKeys(head, {
        keys: 'prefixK',
        values: 'prefixV',
        last: 'params.prefixLength - 1u',
        visible: (g, column) =>
          `(${column} < params.prefixLength) & (params.prefixLength + row${g} - block.z - ${column} < params.window)`,
      })}
    }`;
}

interface KeyRange {
  /** Bindings. */
  readonly keys: string;
  readonly values: string;
  /** WGSL of the last key that there is. */
  readonly last: string;
  /** WGSL, bool: whether the lane's row g sees a key. */
  readonly visible: (g: number, key: string) => string;
}

/** WGSL that brings the rows' maxima, totals and outputs up to date with the four keys from `key` on. */
function visitKeys(head: QuadHead, { keys, values, last, visible }: KeyRange): string {
  const row = (g: number): string => `
    ${eachTurn((x) => `let s${g}_${x} = select(MASKED, ${dotProduct(head, `q${g}`, `key${x}`)}, ${visible(g, `column${x}`)});`)}
    let most${g} = max(max(max(s${g}_0, s${g}_1), max(s${g}_2, s${g}_3)), maximum${g});
    let decay${g} = exp(maximum${g} - most${g});
    maximum${g} = most${g};
    ${eachTurn((x) => `let p${g}_${x} = exp(s${g}_${x} - most${g});`)}
    total${g} = total${g} * decay${g} + ((p${g}_0 + p${g}_1) + (p${g}_2 + p${g}_3));
    ${eachVector(head, (e) => `out${g}_${e} = out${g}_${e} * decay${g} + (${sumOfTurns(`p${g}`, 'value', e)});`)}`;
  return `
    let at = (min(key + lane, ${last}) * params.kvHeads + kvHead) * params.headElements;
    ${loadVector(head, 'key0', keys, 'at')}
    ${loadVector(head, 'value0', values, 'at')}
    ${passRound(head, 'key')}
    ${passRound(head, 'value')}
    ${eachTurn((x) => `let column${x} = key + (lane ^ ${x}u);`)}
    ${eachLaneRow(head, row)}`;
}
