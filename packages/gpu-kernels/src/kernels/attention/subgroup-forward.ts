import { type ParameterType, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { plus, repeat } from '../wgsl.ts';
import { HEAD_PARAMS } from './shape.ts';
import {
  type LaneElements,
  type SubgroupHead,
  component,
  eachLaneColumn,
  eachRowInTurn,
  eachTileRow,
  eachTurn,
  laneColumns,
  laneReductions,
  ofRow,
  requireLaneElements,
  rowOfTurn,
  scoreProducts,
  tileColumns,
  tileStart,
  weightedSum,
} from './subgroup-tile.ts';

const PARAMS = {
  ...HEAD_PARAMS,
  taskCount: 'u32',
} as const satisfies Record<string, ParameterType>;

/** Stands for a masked score; finite, because WGSL knows no infinities. What nothing is seen of has {@link UNSEEN}. */
const MASKED = -3.4e38;
const UNSEEN = -3.0e38;

/** Finite also where a row sees nothing: zeros, with a log-sum-exp that weighs nothing. */
const FINISH = `
  let inverse = select(0.0, 1.0 / total0, total0 > 0.0);
  let normalizer = select(${UNSEEN.toExponential()}, maximum0 + log(total0), total0 > 0.0);`;

/**
 * A subgroup computes a block of rows of one head: attention to the keys of their own sequence. With `behindPrefix` the
 * outputs hold attention to a prefix, which it becomes part of.
 */
export const subgroupForward = memoizeKernel((variant: SubgroupHead & { readonly behindPrefix: boolean }) => {
  const elements = requireLaneElements(variant);
  const { element } = elements;
  const { behindPrefix } = variant;
  const join = `
    let prefixNormalizer = logSumExp[rowHead];
    let most = max(prefixNormalizer, maximum0);
    let ofPrefix = exp(prefixNormalizer - most);
    let own = exp(maximum0 - most);
    let total = ofPrefix + own * total0;`;
  return defineKernel({
    label: `attention.forward.${labelOf(variant)}${behindPrefix ? '.behind-prefix' : ''}`,
    enables: ['subgroups'],
    subgroupSize: variant.subgroupSize,
    storage: {
      blocks: 'vec4<u32>',
      q: element,
      k: element,
      v: element,
      out: `&${element}`,
      logSumExp: '&f32',
    },
    params: { ...PARAMS, firstBlock: 'u32' },
    workgroupSize: [variant.subgroupSize],
    declarations: declarationsOf(variant),
    body: `
      if (workgroup >= params.taskCount) { return; }
      let block = blocks[params.firstBlock + workgroup / params.heads];
      let firstRow = block.x;
      let rowCount = block.y;
      ${beginRows(variant, elements)}
      let end = firstRow + rowCount;
      let place = firstRow - block.z;
      let hidden = select(0u, place + 1u - params.window, place >= params.window);
      ${visitKeys(variant, elements, {
        keys: 'k',
        values: 'v',
        first: `block.z + ${tileStart(variant, 'hidden')}`,
        end: 'end',
        visible: (r, keys) => {
          const row = `vec4<u32>(${plus('firstRow', r)})`;
          return `(${keys} <= ${row}) & (${row} - ${keys} < vec4<u32>(params.window))`;
        },
      })}
      ${endRows(
        variant,
        elements,
        behindPrefix
          ? {
              before: join,
              out: (at, own) => `(${at} * ofPrefix + ${own} * own) * (1.0 / total)`,
              logSumExp: 'most + log(total)',
            }
          : {
              before: FINISH,
              out: (_, own) => `${own} * inverse`,
              logSumExp: 'normalizer',
            },
      )}`,
  });
});

/**
 * A subgroup computes a run of packed rows of one head, whatever sequences they belong to: attention to a prefix alone,
 * of which each row sees what its place (`sequences` has the first row of each row's sequence) and the window let it see.
 */
export const subgroupPrefix = memoizeKernel((variant: SubgroupHead) => {
  const elements = requireLaneElements(variant);
  const { element } = elements;
  return defineKernel({
    label: `attention.prefix.${labelOf(variant)}`,
    enables: ['subgroups'],
    subgroupSize: variant.subgroupSize,
    storage: {
      sequences: 'vec4<u32>',
      q: element,
      k: element,
      v: element,
      out: `&${element}`,
      logSumExp: '&f32',
    },
    params: { ...PARAMS, tokens: 'u32', prefixLength: 'u32', firstStart: 'u32' },
    workgroupSize: [variant.subgroupSize],
    declarations: `${declarationsOf(variant)}
    fn startOf(row: u32) -> u32 {
      return sequences[params.firstStart + row / 4u][row % 4u];
    }`,
    body: `
      if (workgroup >= params.taskCount) { return; }
      let firstRow = workgroup / params.heads * ${variant.rows}u;
      let rowCount = min(${variant.rows}u, params.tokens - firstRow);
      ${beginRows(variant, elements)}
      ${eachTurn(
        variant,
        (t) => `
          let row${t} = min(${rowOfTurn(variant, 'firstRow', t)}, firstRow + rowCount - 1u);
          let place${t} = params.prefixLength + row${t} - startOf(row${t});
          let hidden${t} = select(0u, place${t} + 1u - params.window, place${t} >= params.window);`,
      )}
      // Of all rows, found by every lane alike, as the loop over keys must be uniform.
      var hidden = params.prefixLength;
      for (var r = 0u; r < rowCount; r++) {
        let place = params.prefixLength + firstRow + r - startOf(firstRow + r);
        hidden = min(hidden, select(0u, place + 1u - params.window, place >= params.window));
      }
      ${visitKeys(variant, elements, {
        keys: 'k',
        values: 'v',
        first: tileStart(variant, 'hidden'),
        end: 'params.prefixLength',
        visible: (r, keys) =>
          `(${keys} < vec4<u32>(params.prefixLength)) & (${keys} >= vec4<u32>(${ofRow(variant, 'hidden', r)}))`,
      })}
      ${endRows(variant, elements, {
        before: FINISH,
        out: (_, own) => `${own} * inverse`,
        logSumExp: 'normalizer',
      })}`,
  });
});

/** How labels name a tile. */
function labelOf({ subgroupSize, rows, headDim }: SubgroupHead): string {
  return `subgroup${subgroupSize}.head${headDim}.${rows}x${tileColumns({ subgroupSize })}`;
}

function declarationsOf({ subgroupSize }: SubgroupHead): string {
  return `const MASKED = ${MASKED.toExponential()};
    ${laneReductions(subgroupSize)}`;
}

/** WGSL: where the rows' queries lie, and their sums. Rows past the end read the last, so that every lane stays active. */
function beginRows(head: SubgroupHead, { element, count }: LaneElements): string {
  return `
    let head = workgroup % params.heads;
    let kvHead = head / params.queriesPerKeyValueHead;
    ${eachTurn(
      head,
      (t) =>
        `let queryAt${t} = (min(${rowOfTurn(head, 'firstRow', t)}, firstRow + rowCount - 1u) * params.heads + head) * params.headElements;`,
    )}
    ${eachTileRow(
      head,
      (r) => `
        var maximum${r} = ${UNSEEN.toExponential()};
        var total${r} = 0.0;
        ${repeat(count, (e) => `var out${r}_${e} = ${element}();`)}`,
    )}`;
}

interface KeyRange {
  /** Bindings. */
  readonly keys: string;
  readonly values: string;
  /** WGSL of the first key, where a tile begins, and the first behind the last. */
  readonly first: string;
  readonly end: string;
  /** WGSL, vec4<bool>: whether row r sees keys, a vec4<u32>. */
  readonly visible: (r: number, keys: string) => string;
}

/** WGSL: a loop over keys, that brings each row's maximum, (partial) total and output up to date. */
function visitKeys(
  head: SubgroupHead,
  elements: LaneElements,
  { keys, values, first, end, visible }: KeyRange,
): string {
  const vectorAt = (key: string): string =>
    `(min(${key}, ${end} - 1u) * params.kvHeads + kvHead) * params.headElements`;
  const softmax = (r: number): string => `
    s${r} = select(vec4<f32>(MASKED), params.scale * s${r}, ${visible(r, 'keys')});
    let most${r} = max(maximum${r}, largestOfLanes(max(max(s${r}.x, s${r}.y), max(s${r}.z, s${r}.w))));
    let decay${r} = exp(maximum${r} - most${r});
    maximum${r} = most${r};
    s${r} = exp(s${r} - most${r});
    total${r} = total${r} * decay${r} + ((s${r}.x + s${r}.y) + (s${r}.z + s${r}.w));
    ${repeat(elements.count, (e) => `out${r}_${e} *= decay${r};`)}`;
  return `
    for (var key = ${first}; key < ${end}; key += ${tileColumns(head)}u) {
      let keys = ${laneColumns('key')};
      ${eachLaneColumn((c) => `let keyAt${c} = ${vectorAt(`keys${component(c)}`)};`)}
      ${scoreProducts(head, elements, 's', { rows: 'q', rowAt: 'queryAt', columns: keys, columnAt: 'keyAt' })}
      ${eachTileRow(head, softmax)}
      ${weightedSum(head, elements, { target: 'out', weight: 's', values, columnAt: (column) => vectorAt(`key + ${column}`) })}
    }`;
}

interface RowResults {
  readonly before: string;
  /** WGSL of an element of the output, given the one in the buffer and the row's sum. */
  readonly out: (stored: string, sum: string) => string;
  readonly logSumExp: string;
}

/** WGSL that stores the rows' results; it sees one row's `maximum0` and `total0`. */
function endRows(
  head: SubgroupHead,
  { count }: LaneElements,
  { before, out, logSumExp }: RowResults,
): string {
  return `
    ${eachTileRow(head, (r) => `total${r} = sumOfLanes(total${r});`)}
    ${eachRowInTurn(
      head,
      'rowCount',
      [{ name: 'maximum' }, { name: 'total' }, { name: 'out', elements: count }],
      `
      let rowHead = (firstRow + r) * params.heads + head;
      let outAt = rowHead * params.headElements + lane;
      ${before}
      ${repeat(count, (e) => {
        const at = `out[${plus('outAt', e * head.subgroupSize)}]`;
        return `${at} = ${out(at, `out0_${e}`)};`;
      })}
      if (lane == 0u) { logSumExp[rowHead] = ${logSumExp}; }`,
    )}`;
}
