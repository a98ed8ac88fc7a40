import { type ParameterType, type StorageType, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { plus, repeat } from '../wgsl.ts';
import {
  type LaneElements,
  type SubgroupHead,
  component,
  eachLaneColumn,
  eachRowInTurn,
  eachTileRow,
  eachTurn,
  laneColumns,
  ofRow,
  requireLaneElements,
  rowOfTurn,
  scoreProducts,
  tileColumns,
  tileStart,
  weightedSums,
} from './subgroup-tile.ts';

/** What a kernel computes: the gradient of queries, those of keys and values, or all three in one dispatch. */
export type GradientPart = 'query' | 'key-value' | 'all';

export interface SubgroupBackwardVariant extends SubgroupHead {
  readonly part: GradientPart;
}

const PARAMS = {
  heads: 'u32',
  queriesPerKeyValueHead: 'u32',
  kvHeads: 'u32',
  scale: 'f32',
  headElements: 'u32',
  window: 'u32',
  firstBlock: 'u32',
  /** Blocks × heads, or 0 without the gradient of queries; those of keys and values come behind. */
  queryTasks: 'u32',
  taskCount: 'u32',
} as const satisfies Record<string, ParameterType>;

/**
 * A subgroup computes the gradient of a block of queries of one head, or those of a block of keys and values of one
 * key/value head. Scores are recomputed, and so is gradOutput · out, which the softmax's backward subtracts: each subgroup
 * for the rows or columns that it meets, so that no dispatch goes before.
 */
export const subgroupBackward = memoizeKernel((variant: SubgroupBackwardVariant) => {
  const { subgroupSize, rows, headDim, part } = variant;
  const elements = requireLaneElements(variant);
  const { element } = elements;
  const targets = [
    ...(part === 'key-value' ? [] : ['gradQuery']),
    ...(part === 'query' ? [] : ['gradKey', 'gradValue']),
  ];
  const storage: Record<string, StorageType> = {
    blocks: 'vec4<u32>',
    ...Object.fromEntries(['q', 'k', 'v', 'out', 'gradOutput'].map((name) => [name, element])),
    logSumExp: 'f32',
    ...Object.fromEntries(targets.map((name) => [name, `&${element}` as const])),
  };
  const bodies: Readonly<Record<GradientPart, () => string>> = {
    query: () => queryBody(variant, elements),
    'key-value': () => keyValueBody(variant, elements),
    all: () => `
      if (workgroup < params.queryTasks) {
        ${queryBody(variant, elements)}
      } else {
        ${keyValueBody(variant, elements)}
      }`,
  };
  return defineKernel({
    label: `attention.backward.${part}.subgroup${subgroupSize}.head${headDim}.${rows}x${tileColumns(variant)}`,
    enables: ['subgroups'],
    subgroupSize,
    storage,
    params: PARAMS,
    workgroupSize: [subgroupSize],
    body: `
      if (workgroup >= params.taskCount) { return; }
      ${bodies[part]()}`,
  });
});

/** Rows are queries, columns the keys that they saw. */
function queryBody(variant: SubgroupHead, elements: LaneElements): string {
  const { element, count } = elements;
  const keyAt = (key: string): string =>
    `(min(${key}, end - 1u) * params.kvHeads + kvHead) * params.headElements`;
  const visible = (r: number): string => {
    const row = `vec4<u32>(${plus('block.x', r)})`;
    return `(keys <= ${row}) & (${row} - keys < vec4<u32>(params.window))`;
  };
  return `
    let block = blocks[params.firstBlock + workgroup / params.heads];
    let head = workgroup % params.heads;
    let kvHead = head / params.queriesPerKeyValueHead;
    let end = block.x + block.y;
    ${eachTurn(
      variant,
      (t) => `
        let rowHead${t} = min(${rowOfTurn(variant, 'block.x', t)}, end - 1u) * params.heads + head;
        let queryAt${t} = rowHead${t} * params.headElements;
        let normalizer${t} = logSumExp[rowHead${t}];
        var mean${t} = 0.0;`,
    )}
    for (var i = 0u; i < params.headElements; i++) {
      ${eachTurn(variant, (t) => `mean${t} += dot(gradOutput[queryAt${t} + i], out[queryAt${t} + i]);`)}
    }
    ${eachTileRow(variant, (r) => repeat(count, (e) => `var gradQuery${r}_${e} = ${element}();`))}
    let place = block.x - block.z;
    let hidden = select(0u, place + 1u - params.window, place >= params.window);
    for (var key = block.z + ${tileStart(variant, 'hidden')}; key < end; key += ${tileColumns(variant)}u) {
      let keys = ${laneColumns('key')};
      ${eachLaneColumn((c) => `let keyAt${c} = ${keyAt(`keys${component(c)}`)};`)}
      ${scoreProducts(variant, elements, 's', { rows: 'q', rowAt: 'queryAt', columns: 'k', columnAt: 'keyAt' })}
      ${scoreProducts(variant, elements, 'd', { rows: 'gradOutput', rowAt: 'queryAt', columns: 'v', columnAt: 'keyAt' })}
      ${eachTileRow(
        variant,
        (r) => `
          s${r} = select(vec4<f32>(), exp(min(params.scale * s${r} - ${ofRow(variant, 'normalizer', r)}, vec4<f32>())), ${visible(r)});
          d${r} = params.scale * s${r} * (d${r} - ${ofRow(variant, 'mean', r)});`,
      )}
      ${weightedSums(variant, elements, [{ target: 'gradQuery', weight: 'd', values: 'k' }], (column) => keyAt(`key + ${column}`))}
    }
    ${eachRowInTurn(
      variant,
      'block.y',
      [{ name: 'gradQuery', elements: count }],
      `
        let gradAt = ((block.x + r) * params.heads + head) * params.headElements + lane;
        ${repeat(count, (e) => `gradQuery[${plus('gradAt', e * variant.subgroupSize)}] = gradQuery0_${e};`)}`,
    )}`;
}

/** Rows are keys, columns the queries that saw them. */
function keyValueBody(variant: SubgroupHead, elements: LaneElements): string {
  const { element, count } = elements;
  const queryAt = (query: string): string =>
    `(min(${query}, block.w - 1u) * params.heads + head) * params.headElements`;
  const visible = (r: number): string => {
    const row = `vec4<u32>(${plus('block.x', r)})`;
    return `(queries >= ${row}) & (queries < vec4<u32>(block.w)) & (queries - ${row} < vec4<u32>(params.window))`;
  };
  return `
    let task = workgroup - params.queryTasks;
    let block = blocks[params.firstBlock + task / params.kvHeads];
    let kvHead = task % params.kvHeads;
    let lastKey = block.x + block.y - 1u;
    ${eachTurn(
      variant,
      (t) =>
        `let keyAt${t} = (min(${rowOfTurn(variant, 'block.x', t)}, lastKey) * params.kvHeads + kvHead) * params.headElements;`,
    )}
    ${eachTileRow(variant, (r) =>
      repeat(count, (e) => `var gradKey${r}_${e} = ${element}();\nvar gradValue${r}_${e} = ${element}();`),
    )}
    // Exclusive; the last key is seen by the last queries.
    let queryEnd = select(block.w, lastKey + params.window, params.window < block.w - lastKey);
    let firstHead = kvHead * params.queriesPerKeyValueHead;
    for (var head = firstHead; head < firstHead + params.queriesPerKeyValueHead; head++) {
      for (var query = block.z + ${tileStart(variant, 'block.x - block.z')}; query < queryEnd; query += ${tileColumns(variant)}u) {
        let queries = ${laneColumns('query')};
        ${eachLaneColumn((c) => `let queryAt${c} = ${queryAt(`queries${component(c)}`)};`)}
        ${scoreProducts(variant, elements, 's', { rows: 'k', rowAt: 'keyAt', columns: 'q', columnAt: 'queryAt' })}
        var mean = vec4<f32>();
        ${scoreProducts(variant, elements, 'd', {
          rows: 'v',
          rowAt: 'keyAt',
          columns: 'gradOutput',
          columnAt: 'queryAt',
          also: `mean += vec4<f32>(${[0, 1, 2, 3].map((c) => `dot(column${c}, out[queryAt${c} + i])`).join(', ')});`,
        })}
        let normalizer = vec4<f32>(${[0, 1, 2, 3].map((c) => `logSumExp[queryAt${c} / params.headElements]`).join(', ')});
        ${eachTileRow(
          variant,
          (r) => `
            s${r} = select(vec4<f32>(), exp(min(params.scale * s${r} - normalizer, vec4<f32>())), ${visible(r)});
            d${r} = params.scale * s${r} * (d${r} - mean);`,
        )}
        ${weightedSums(
          variant,
          elements,
          [
            { target: 'gradValue', weight: 's', values: 'gradOutput' },
            { target: 'gradKey', weight: 'd', values: 'q' },
          ],
          (column) => queryAt(`query + ${column}`),
        )}
      }
    }
    ${eachRowInTurn(
      variant,
      'block.y',
      [
        { name: 'gradKey', elements: count },
        { name: 'gradValue', elements: count },
      ],
      `
        let gradAt = ((block.x + r) * params.kvHeads + kvHead) * params.headElements + lane;
        ${repeat(count, (e) => {
          const at = plus('gradAt', e * variant.subgroupSize);
          return `gradKey[${at}] = gradKey0_${e};\ngradValue[${at}] = gradValue0_${e};`;
        })}`,
    )}`;
}
