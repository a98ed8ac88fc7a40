import { type ParameterType, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { plus } from '../wgsl.ts';
import { HEAD_PARAMS } from './shape.ts';
import {
  type SubgroupHead,
  component,
  eachLaneColumn,
  eachTileRow,
  eachTurn,
  laneColumns,
  ofRow,
  requireLaneElements,
  rowOfTurn,
  scoreProducts,
  tileColumns,
  tileStart,
} from './subgroup-tile.ts';

/** Where softmax weights and gradients of scores lie: [strip rows, H, keys of the longest sequence], twice. */
export const WEIGHT_PARAMS = {
  /** First row of the strip, and the first behind it. */
  stripStart: 'u32',
  stripEnd: 'u32',
  /** Of a row and head, in vec4s. */
  weightStride: 'u32',
} as const satisfies Record<string, ParameterType>;

const PARAMS = {
  ...HEAD_PARAMS,
  firstBlock: 'u32',
  taskCount: 'u32',
  ...WEIGHT_PARAMS,
  /** First vec4 of the gradients of scores. */
  gradientsAt: 'u32',
} as const satisfies Record<string, ParameterType>;

/**
 * A subgroup computes for a block of queries of one head the softmax weights, and the gradients of the scores that they
 * are of: zeros where a key of a tile that is visited is not seen.
 */
export const subgroupWeights = memoizeKernel((variant: SubgroupHead) => {
  const { subgroupSize, rows, headDim } = variant;
  const elements = requireLaneElements(variant);
  const { element } = elements;
  const keyAt = (key: string): string =>
    `(min(${key}, end - 1u) * params.kvHeads + kvHead) * params.headElements`;
  // Rows past the end are the last one again, and store the same.
  const visible = (r: number): string => {
    const row = `vec4<u32>(min(${plus('block.x', r)}, end - 1u))`;
    return `(keys <= ${row}) & (${row} - keys < vec4<u32>(params.window))`;
  };
  return defineKernel({
    label: `attention.backward.weights.subgroup${subgroupSize}.head${headDim}.${rows}x${tileColumns(variant)}`,
    enables: ['subgroups'],
    subgroupSize,
    storage: {
      blocks: 'vec4<u32>',
      ...{ q: element, k: element, v: element, out: element, gradOutput: element },
      logSumExp: 'f32',
      weights: '&vec4<f32>',
    },
    params: PARAMS,
    workgroupSize: [subgroupSize],
    body: `
      if (workgroup >= params.taskCount) { return; }
      let block = blocks[params.firstBlock + workgroup / params.heads];
      if (block.x < params.stripStart || block.x >= params.stripEnd) { return; }
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
      let place = block.x - block.z;
      let hidden = select(0u, place + 1u - params.window, place >= params.window);
      for (var key = block.z + ${tileStart(variant, 'hidden')}; key < end; key += ${tileColumns(variant)}u) {
        let keys = ${laneColumns('key')};
        ${eachLaneColumn((c) => `let keyAt${c} = ${keyAt(`keys${component(c)}`)};`)}
        ${scoreProducts(variant, elements, 's', { rows: 'q', rowAt: 'queryAt', columns: 'k', columnAt: 'keyAt' })}
        ${scoreProducts(variant, elements, 'd', { rows: 'gradOutput', rowAt: 'queryAt', columns: 'v', columnAt: 'keyAt' })}
        let weightAt = ((block.x - params.stripStart) * params.heads + head) * params.weightStride + (key - block.z) / 4u + lane;
        let lastRow = block.y - 1u;
        ${eachTileRow(
          variant,
          (r) => `
            s${r} = select(vec4<f32>(), exp(min(params.scale * s${r} - ${ofRow(variant, 'normalizer', r)}, vec4<f32>())), ${visible(r)});
            d${r} = params.scale * s${r} * (d${r} - ${ofRow(variant, 'mean', r)});
            let weightAt${r} = weightAt + min(${r}u, lastRow) * params.heads * params.weightStride;
            weights[weightAt${r}] = s${r};
            weights[weightAt${r} + params.gradientsAt] = d${r};`,
        )}
      }`,
  });
});
