import { type ParameterType, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { QUAD, ofLane } from '../quad.ts';
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
  firstBlock: 'u32',
  taskCount: 'u32',
} as const satisfies Record<string, ParameterType>;

/** Four lanes compute the gradient of a block of queries of one head: rows are queries, columns the keys that they saw. */
export const quadQueryGradient = memoizeKernel((head: QuadHead) =>
  defineKernel({
    label: `attention.backward.query.quad.head${head.headDim}.${QUAD * head.laneRows}`,
    enables: ['subgroups'],
    subgroupSize: QUAD,
    storage: {
      blocks: 'vec4<u32>',
      ...{ q: 'vec4<f32>', k: 'vec4<f32>', v: 'vec4<f32>', gradOutput: 'vec4<f32>' },
      statistics: 'vec2<f32>',
      gradQuery: '&vec4<f32>',
    },
    params: PARAMS,
    workgroupSize: [QUAD],
    body: `
      if (workgroup >= params.taskCount) { return; }
      let block = blocks[params.firstBlock + workgroup / params.heads];
      let head = workgroup % params.heads;
      let kvHead = head / params.queriesPerKeyValueHead;
      let end = block.x + block.y;
      ${eachLaneRow(
        head,
        (g) => `
          let row${g} = min(${plus('block.x', QUAD * g)} + lane, end - 1u);
          let rowHead${g} = row${g} * params.heads + head;
          let at${g} = rowHead${g} * params.headElements;
          ${loadVector(head, `q${g}`, 'q', `at${g}`, 'params.scale * ')}
          ${loadVector(head, `grad${g}`, 'gradOutput', `at${g}`)}
          let statistics${g} = statistics[rowHead${g}];
          ${eachVector(head, (e) => `var gradQuery${g}_${e} = vec4<f32>();`)}`,
      )}
      let place = block.x - block.z;
      let hidden = select(0u, place + 1u - params.window, place >= params.window);
      for (var key = block.z + (hidden & ~3u); key < end; key += ${QUAD}u) {
        let keyAt = (min(key + lane, end - 1u) * params.kvHeads + kvHead) * params.headElements;
        ${loadVector(head, 'key0', 'k', 'keyAt')}
        ${loadVector(head, 'value0', 'v', 'keyAt')}
        ${passRound(head, 'key')}
        ${passRound(head, 'value')}
        ${eachTurn((x) => `let column${x} = key + (lane ^ ${x}u);`)}
        ${eachLaneRow(
          head,
          (g) => `
            ${eachTurn(
              (x) => `
                let seen${g}_${x} = (column${x} <= row${g}) & (row${g} - column${x} < params.window);
                let p${g}_${x} = select(0.0, exp(min(${dotProduct(head, `q${g}`, `key${x}`)} - statistics${g}.x, 0.0)), seen${g}_${x});
                let d${g}_${x} = p${g}_${x} * (${dotProduct(head, `grad${g}`, `value${x}`)} - statistics${g}.y);`,
            )}
            ${eachVector(head, (e) => `gradQuery${g}_${e} += ${sumOfTurns(`d${g}`, 'key', e)};`)}`,
        )}
      }
      ${eachLaneRow(
        head,
        (g) => `
          if (${plus('block.x', QUAD * g)} + lane < end) {
            ${eachVector(head, (e) => `gradQuery[${plus(`at${g}`, e)}] = params.scale * gradQuery${g}_${e};`)}
          }`,
      )}`,
  }),
);

/** Four lanes compute the gradients of a block of keys and values: rows are keys, columns the queries that saw them. */
export const quadKeyValueGradients = memoizeKernel((head: QuadHead) =>
  defineKernel({
    label: `attention.backward.key-value.quad.head${head.headDim}.${QUAD * head.laneRows}`,
    enables: ['subgroups'],
    subgroupSize: QUAD,
    storage: {
      blocks: 'vec4<u32>',
      ...{ q: 'vec4<f32>', k: 'vec4<f32>', v: 'vec4<f32>', gradOutput: 'vec4<f32>' },
      statistics: 'vec2<f32>',
      gradKey: '&vec4<f32>',
      gradValue: '&vec4<f32>',
    },
    params: PARAMS,
    workgroupSize: [QUAD],
    body: `
      if (workgroup >= params.taskCount) { return; }
      let block = blocks[params.firstBlock + workgroup / params.kvHeads];
      let kvHead = workgroup % params.kvHeads;
      let end = block.x + block.y;
      ${eachLaneRow(
        head,
        (g) => `
          let row${g} = min(${plus('block.x', QUAD * g)} + lane, end - 1u);
          let at${g} = (row${g} * params.kvHeads + kvHead) * params.headElements;
          ${loadVector(head, `key${g}`, 'k', `at${g}`, 'params.scale * ')}
          ${loadVector(head, `value${g}`, 'v', `at${g}`)}
          ${eachVector(head, (e) => `var gradKey${g}_${e} = vec4<f32>();\nvar gradValue${g}_${e} = vec4<f32>();`)}`,
      )}
      // Exclusive; the last key is seen by the last queries.
      let queryEnd = select(block.w, end - 1u + params.window, params.window < block.w - (end - 1u));
      let firstHead = kvHead * params.queriesPerKeyValueHead;
      for (var head = firstHead; head < firstHead + params.queriesPerKeyValueHead; head++) {
        for (var query = block.x; query < queryEnd; query += ${QUAD}u) {
          let rowHead = min(query + lane, block.w - 1u) * params.heads + head;
          let queryAt = rowHead * params.headElements;
          ${loadVector(head, 'q0', 'q', 'queryAt')}
          ${loadVector(head, 'grad0', 'gradOutput', 'queryAt')}
          let own = statistics[rowHead];
          ${passRound(head, 'q')}
          ${passRound(head, 'grad')}
          ${eachTurn((x) => `let column${x} = query + (lane ^ ${x}u);\nlet statistics${x} = ${ofLane(x, 'own')};`)}
          ${eachLaneRow(
            head,
            (g) => `
              ${eachTurn(
                (x) => `
                  let seen${g}_${x} = (column${x} >= row${g}) & (column${x} < block.w) & (column${x} - row${g} < params.window);
                  let p${g}_${x} = select(0.0, exp(min(${dotProduct(head, `key${g}`, `q${x}`)} - statistics${x}.x, 0.0)), seen${g}_${x});
                  let d${g}_${x} = p${g}_${x} * (${dotProduct(head, `value${g}`, `grad${x}`)} - statistics${x}.y);`,
              )}
              ${eachVector(
                head,
                (e) => `
                  gradValue${g}_${e} += ${sumOfTurns(`p${g}`, 'grad', e)};
                  gradKey${g}_${e} += ${sumOfTurns(`d${g}`, 'q', e)};`,
              )}`,
          )}
        }
      }
      ${eachLaneRow(
        head,
        (g) => `
          if (${plus('block.x', QUAD * g)} + lane < end) {
            ${eachVector(
              head,
              (e) => `
                gradKey[${plus(`at${g}`, e)}] = params.scale * gradKey${g}_${e};
                gradValue[${plus(`at${g}`, e)}] = gradValue${g}_${e};`,
            )}
          }`,
      )}`,
  }),
);
