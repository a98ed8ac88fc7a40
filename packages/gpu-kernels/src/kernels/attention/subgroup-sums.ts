import { type ParameterType, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { plus, repeat } from '../wgsl.ts';
import {
  type LaneElements,
  type SubgroupHead,
  component,
  eachRowInTurn,
  eachTileRow,
  eachTurn,
  ofRow,
  requireLaneElements,
  rowOfTurn,
  tileStart,
} from './subgroup-tile.ts';
import { WEIGHT_PARAMS } from './subgroup-weights.ts';

/** Whose gradients are sums: those of queries over the keys that they saw, those of keys over the queries that saw them. */
export interface SubgroupSumVariant extends SubgroupHead {
  readonly of: 'queries' | 'keys';
}

const PARAMS = {
  heads: 'u32',
  queriesPerKeyValueHead: 'u32',
  kvHeads: 'u32',
  headElements: 'u32',
  window: 'u32',
  firstBlock: 'u32',
  taskCount: 'u32',
  ...WEIGHT_PARAMS,
  /** First vec4 of those weights that count. */
  weightsAt: 'u32',
} as const satisfies Record<string, ParameterType>;

/** Keys met together: the components of a vec4 of weights. */
const KEYS = 4;

/** Queries met together, of one head after the other: the same for all tiles, as it is part of the order. */
const QUERIES = 2;

/**
 * A subgroup computes sums of head vectors with stored weights, for a block of rows of one head: each lane has elements
 * of all rows, the weights are loaded once and broadcast. Sums over queries go on where the strip before has left them.
 */
export const subgroupSums = memoizeKernel((variant: SubgroupSumVariant) => {
  const { subgroupSize, rows, headDim, of } = variant;
  const elements = requireLaneElements(variant);
  const { element, count } = elements;
  return defineKernel({
    label: `attention.backward.sums-of-${of}.subgroup${subgroupSize}.head${headDim}.${rows}`,
    enables: ['subgroups'],
    subgroupSize,
    storage: { blocks: 'vec4<u32>', weights: 'vec4<f32>', values: element, sums: `&${element}` },
    params: PARAMS,
    workgroupSize: [subgroupSize],
    body: `
      if (workgroup >= params.taskCount) { return; }
      ${of === 'queries' ? overKeys(variant, elements) : overQueries(variant, elements)}
      ${eachRowInTurn(
        variant,
        'block.y',
        [{ name: 'sum', elements: count }],
        `
          let at = sumsAt + r * rowStride;
          ${repeat(count, (e) => `sums[${plus('at', e * subgroupSize)}] = sum0_${e};`)}`,
      )}`,
  });
});

function overKeys(variant: SubgroupHead, elements: LaneElements): string {
  const { element, count } = elements;
  return `
    let block = blocks[params.firstBlock + workgroup / params.heads];
    if (block.x < params.stripStart || block.x >= params.stripEnd) { return; }
    let head = workgroup % params.heads;
    let kvHead = head / params.queriesPerKeyValueHead;
    let lastRow = block.x + block.y - 1u;
    let sumsAt = (block.x * params.heads + head) * params.headElements + lane;
    let rowStride = params.heads * params.headElements;
    ${eachTileRow(variant, (r) => repeat(count, (e) => `var sum${r}_${e} = ${element}();`))}
    ${eachTurn(
      variant,
      (t) =>
        `let weightAt${t} = params.weightsAt + ((min(${rowOfTurn(variant, 'block.x', t)}, lastRow) - params.stripStart) * params.heads + head) * params.weightStride;`,
    )}
    let place = block.x - block.z;
    let hidden = select(0u, place + 1u - params.window, place >= params.window);
    for (var key = ${tileStart(variant, 'hidden')}; key <= lastRow - block.z; key += ${KEYS}u) {
      ${eachTurn(variant, (t) => `let weight${t} = weights[weightAt${t} + key / ${KEYS}u];`)}
      ${loadValues(variant, elements, KEYS, (c) => `(min(block.z + ${plus('key', c)}, lastRow) * params.kvHeads + kvHead)`)}
      ${addValues(variant, elements, KEYS, (r, c) => ofRow(variant, 'weight', r, component(c)))}
    }`;
}

function overQueries(variant: SubgroupHead, elements: LaneElements): string {
  const { subgroupSize, rows } = variant;
  const { element, count } = elements;
  // A query's weights of the block's keys are so many vec4s, one a lane and load; lanes to spare load the same again.
  const vectors = rows / 4;
  const queriesOfLoad = Math.min(QUERIES, Math.max(1, subgroupSize / vectors));
  const loadsOfQuery = Math.max(1, vectors / subgroupSize);
  const load = (i: number): string => {
    const [first, part] = [Math.floor(i / loadsOfQuery) * queriesOfLoad, i % loadsOfQuery];
    const query = `${plus('query', first)} + lane / ${vectors}u % ${queriesOfLoad}u`;
    const at = `((min(${query}, queryEnd - 1u) - params.stripStart) * params.heads + head) * params.weightStride`;
    return `let weight${i} = select(vec4<f32>(), weights[weightAt + ${plus(at, part * subgroupSize)}], ${query} < queryEnd);`;
  };
  const weight = (r: number, c: number): string => {
    const vector = (c % queriesOfLoad) * vectors + Math.floor(r / 4);
    const load = Math.floor(c / queriesOfLoad) * loadsOfQuery + Math.floor(vector / subgroupSize);
    return `subgroupBroadcast(weight${load}${component(r % 4)}, ${vector % subgroupSize}u)`;
  };
  return `
    let block = blocks[params.firstBlock + workgroup / params.kvHeads];
    let lastKey = block.x + block.y - 1u;
    let firstQuery = max(block.x, params.stripStart);
    // Exclusive; the last key is seen by the last queries.
    let queryEnd = min(params.stripEnd, select(block.w, lastKey + params.window, params.window < block.w - lastKey));
    if (firstQuery >= queryEnd) { return; }
    let kvHead = workgroup % params.kvHeads;
    let firstHead = kvHead * params.queriesPerKeyValueHead;
    let sumsAt = (block.x * params.kvHeads + kvHead) * params.headElements + lane;
    let rowStride = params.kvHeads * params.headElements;
    ${eachTileRow(variant, (r) => repeat(count, (e) => `var sum${r}_${e} = ${element}();`))}
    if (block.x < params.stripStart) {
      ${eachTileRow(
        variant,
        (r) => `
          let at${r} = sumsAt + min(${r}u, block.y - 1u) * rowStride;
          ${repeat(count, (e) => `sum${r}_${e} = sums[${plus(`at${r}`, e * subgroupSize)}];`)}`,
      )}
    }
    let weightAt = params.weightsAt + (block.x - block.z) / 4u + lane % ${vectors}u;
    // Heads in turn, so that the order is the same wherever strips begin; in one loop, since one inside costs half as much again.
    let endHead = firstHead + params.queriesPerKeyValueHead;
    var head = firstHead;
    var query = firstQuery;
    while (query < queryEnd) {
      ${repeat((QUERIES / queriesOfLoad) * loadsOfQuery, load)}
      ${loadValues(variant, elements, QUERIES, (c) => `(min(${plus('query', c)}, queryEnd - 1u) * params.heads + head)`)}
      ${addValues(variant, elements, QUERIES, weight)}
      head++;
      query += select(0u, ${QUERIES}u, head == endHead);
      head = select(head, firstHead, head == endHead);
    }`;
}

/** WGSL of the lane's elements of `values`, of `columns` head vectors. */
function loadValues(
  { subgroupSize }: SubgroupHead,
  { count }: LaneElements,
  columns: number,
  vector: (c: number) => string,
): string {
  return repeat(
    columns,
    (c) => `
      let valueAt${c} = ${vector(c)} * params.headElements + lane;
      ${repeat(count, (e) => `let value${c}_${e} = values[${plus(`valueAt${c}`, e * subgroupSize)}];`)}`,
  );
}

/** WGSL that adds them up in order; what belongs to a row stands together, so that few registers are live. */
function addValues(
  variant: SubgroupHead,
  { element, count }: LaneElements,
  columns: number,
  weight: (r: number, c: number) => string,
): string {
  const sum = (r: number, e: number): string =>
    Array.from({ length: columns }, (_, c) => c).reduce(
      (terms, c) => `fma(weight${r}_${c}, value${c}_${e}, ${terms})`,
      `sum${r}_${e}`,
    );
  return eachTileRow(
    variant,
    (r) => `
      ${repeat(columns, (c) => `let weight${r}_${c} = ${element}(${weight(r, c)});`)}
      ${repeat(count, (e) => `sum${r}_${e} = ${sum(r, e)};`)}`,
  );
}
