import { type ParameterType, type StorageType, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { MAX_CHUNKS } from '../matmul/product-parts.ts';
import { plus, repeat } from '../wgsl.ts';
import {
  type HeadSlices,
  STAGED_INVOCATIONS,
  STAGED_ROWS,
  TILE_PLACE,
  fetchSlice,
  ofEight,
  putColumns,
  putRows,
  putStraight,
  putTurned,
  requireSlices,
  tileMemories,
  tileProduct,
} from './staged-tile.ts';

/** Longest sequence whose gradients one workgroup computes: two tiles of rows. */
export const STAGED_BACKWARD_TOKENS = 2 * STAGED_ROWS;

export interface StagedBackwardVariant {
  readonly headDim: number;
  /** Whether the gradient of queries is computed, too. */
  readonly ofQueries: boolean;
  /**
   * Whether the gradient of outputs comes as a product in parts, which are added up as they are first read: the sums wait in
   * `gradQuery` until that is written, else in `gradOutput`. No if absent.
   */
  readonly parts?: true;
}

const PARAMS = {
  heads: 'u32',
  queriesPerKeyValueHead: 'u32',
  kvHeads: 'u32',
  scale: 'f32',
  window: 'u32',
  firstBlock: 'u32',
  taskCount: 'u32',
} as const satisfies Record<string, ParameterType>;

/** vec4 of a part, and the parts' number. */
const PARTS_PARAMS = { partSize: 'u32', parts: 'u32' } as const satisfies Record<string, ParameterType>;

const MASKED = '-3.4e38';

/**
 * A workgroup computes all gradients of a sequence of up to {@link STAGED_BACKWARD_TOKENS} tokens and one key/value head:
 * head by head and tile by tile of rows the softmax again, in registers, so that neither logSumExp nor the outputs are
 * read; then what the tile adds to each gradient, which the invocation that owns an element adds to what it has stored.
 */
export const stagedBackward = memoizeKernel((variant: StagedBackwardVariant) => {
  const { headDim, ofQueries, parts } = variant;
  const text: Text = { slices: requireSlices(headDim), ...(parts ? { sums: sumsOf(variant) } : {}) };
  const inputs = ['q', 'k', 'v', parts ? 'parts' : 'gradOutput'];
  const targets = ['gradKey', 'gradValue', ofQueries ? 'gradQuery' : parts ? sumsOf(variant) : []].flat();
  const storage: Record<string, StorageType> = {
    blocks: 'vec4<u32>',
    ...Object.fromEntries(inputs.map((name) => [name, 'vec4<f32>' as const])),
    ...Object.fromEntries(targets.map((name) => [name, '&vec4<f32>' as const])),
  };
  const params: Record<string, ParameterType> = { ...PARAMS, ...(parts ? PARTS_PARAMS : {}) };
  return defineKernel<string, string>({
    label: `attention.backward.${ofQueries ? 'all' : 'key-value'}${parts ? '.parts' : ''}.tiled.head${headDim}`,
    storage,
    params,
    workgroupSize: [STAGED_INVOCATIONS],
    declarations: tileMemories({ left: 1, right: 1, weights: 1, gradients: 1 }),
    body: `
      if (workgroup >= params.taskCount) { return; }
      let block = blocks[params.firstBlock + workgroup / params.kvHeads];
      let start = block.z;
      let length = block.w - start;
      // Blocks that begin a sequence stand for it.
      if (block.x != start || length > ${STAGED_BACKWARD_TOKENS}u) { return; }
      let kvHead = workgroup % params.kvHeads;
      ${TILE_PLACE}
      ${['held', 'other'].map((name) => repeat(4, (i) => `var ${name}${i} = vec4<f32>();`)).join('\n')}
      for (var turn = 0u; turn < params.queriesPerKeyValueHead; turn++) {
        let head = kvHead * params.queriesPerKeyValueHead + turn;
        for (var row = 0u; row < length; row += ${STAGED_ROWS}u) {
          let rows = vec4<u32>(row + group * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
          ${[0, 1].map((tile) => repeat(4, (c) => `var s${tile}_${c} = vec4<f32>();\nvar d${tile}_${c} = vec4<f32>();`)).join('\n')}
          ${scores(text, 0)}
          if (row > 0u) {
            ${scores(text, 1)}
          }
          ${softmax}
          for (var key = 0u; key <= row; key += ${STAGED_ROWS}u) {
            ${keyValueGradients(text)}
            ${ofQueries && !parts ? queryGradients(text.slices) : ''}
          }
          ${
            ofQueries && parts
              ? `for (var key = 0u; key <= row; key += ${STAGED_ROWS}u) {
            ${queryGradients(text.slices)}
          }`
              : ''
          }
        }
      }`,
  });
});

/** What the text of a variant is made of. */
interface Text {
  readonly slices: HeadSlices;
  /** Where sums of parts wait. */
  readonly sums?: string;
}

function sumsOf({ ofQueries }: StagedBackwardVariant): string {
  return ofQueries ? 'gradQuery' : 'gradOutput';
}

/** WGSL that fetches the invocation's part of four rows of a sequence, the last instead of those past the end. */
function fetch(slices: HeadSlices, held: string, source: string, first: string): string {
  const ofKeys = source === 'k' || source === 'v';
  const [heads, head] = ofKeys ? ['params.kvHeads', 'kvHead'] : ['params.heads', 'head'];
  return fetchSlice(slices, {
    ...{ held, source, slice: 'slice' },
    rowAt: (i) =>
      `((start + min(${plus(`${first} + group * 4u`, i)}, length - 1u)) * ${heads} + ${head}) * ${slices.headDim / 4}u`,
  });
}

/**
 * WGSL that fetches the invocation's part of four rows of the outputs' gradient. Of one in parts an invocation adds up its own,
 * the first time, and later reads what it stored itself; zeros stand past the end.
 */
function fetchUpstream({ slices, sums }: Text, isFirst: boolean): string {
  if (!sums) return fetch(slices, 'held', 'gradOutput', 'row');
  const { headDim, count, vectors } = slices;
  const width = headDim / 4;
  const inside = count * vectors === width ? '' : ` && place < ${width}u`;
  const each = (text: (i: number) => string): string => repeat(4, text);
  const at = each(
    (i) =>
      `let at${i} = ((start + min(rows[${i}], length - 1u)) * params.heads + head) * ${width}u + min(place, ${width - 1}u);`,
  );
  const load = isFirst
    ? `
      // A constant bound: no guard against loops without end.
      for (var part = 0u; part < ${MAX_CHUNKS}u; part += 2u) {
        if (part >= params.parts) { break; }
        let first = part * params.partSize;
        let isMore = part + 1u < params.parts;
        let next = select(first, first + params.partSize, isMore);
        ${each((i) => `let value${i} = parts[first + at${i}];\nlet later${i} = parts[next + at${i}];`)}
        ${each((i) => `held${i} += value${i};\nheld${i} += select(vec4<f32>(), later${i}, isMore);`)}
      }
      ${each((i) => `if (isOwn && rows[${i}] < length) { ${sums}[at${i}] = held${i}; } else { held${i} = vec4<f32>(); }`)}`
    : each((i) => `if (isOwn && rows[${i}] < length) { held${i} = ${sums}[at${i}]; }`);
  return `
    {
      let place = slice * ${vectors}u + column;
      let isOwn = column < ${vectors}u${inside};
      ${at}
      ${each((i) => `held${i} = vec4<f32>();`)}
      ${load}
    }`;
}

/** WGSL: dot products of the rows with a tile of keys, and of their outputs' gradients with the values. */
function scores(text: Text, tile: 0 | 1): string {
  const { slices } = text;
  const key = `${tile * STAGED_ROWS}u`;
  const steps = slices.vectors * 4;
  return `
    for (var slice = 0u; slice < ${slices.count}u; slice++) {
      workgroupBarrier();
      ${fetch(slices, 'held', 'q', 'row')}
      ${fetch(slices, 'other', 'k', key)}
      ${putTurned(slices, { held: 'held', memory: 'left' })}
      ${putTurned(slices, { held: 'other', memory: 'right' })}
      ${fetchUpstream(text, tile === 0)}
      ${fetch(slices, 'other', 'v', key)}
      ${putTurned(slices, { held: 'held', memory: 'weights' })}
      ${putTurned(slices, { held: 'other', memory: 'gradients' })}
      workgroupBarrier();
      ${tileProduct([
        { sum: `s${tile}_`, steps, rows: 'left', columns: 'right', turned: true },
        { sum: `d${tile}_`, steps, rows: 'weights', columns: 'gradients', turned: true },
      ])}
    }`;
}

const eachTile = (text: (name: string, c: number, tile: number) => string): string =>
  [0, 1].map((tile) => repeat(4, (c) => text(`${tile}_${c}`, c, tile))).join('\n');
const PAIRS = [0, 1].flatMap((tile) => [0, 1, 2, 3].map((c) => `${tile}_${c}`));

/** WGSL: scores become probabilities, and `d` the gradients with respect to the dot products. */
const softmax = `
  ${eachTile((name, c, tile) => {
    const key = plus('column * 4u', tile * STAGED_ROWS + c);
    const seen = `(vec4<u32>(${key}) <= rows) & (rows - (${key}) < vec4<u32>(params.window)) & (rows < vec4<u32>(length))`;
    return `s${name} = select(vec4<f32>(${MASKED}), params.scale * s${name}, ${seen});`;
  })}
  let own = ${PAIRS.map((name) => `s${name}`).reduce((a, b) => `max(${a}, ${b})`)};
  workgroupBarrier();
  left[group * 8u + column] = own;
  workgroupBarrier();
  let maximum = ${ofEight('left', (a, b) => `max(${a}, ${b})`)};
  var total = vec4<f32>();
  var mean = vec4<f32>();
  ${eachTile(
    (name) => `
      s${name} = select(exp(s${name} - maximum), vec4<f32>(), s${name} <= vec4<f32>(${MASKED}));
      total += s${name};
      mean = fma(s${name}, d${name}, mean);`,
  )}
  right[group * 8u + column] = total;
  weights[group * 8u + column] = mean;
  workgroupBarrier();
  let totals = ${ofEight('right', (a, b) => `${a} + ${b}`)};
  let inverse = select(vec4<f32>(), 1.0 / totals, totals > vec4<f32>());
  mean = (${ofEight('weights', (a, b) => `${a} + ${b}`)}) * inverse;
  ${eachTile(
    (name) => `
      s${name} *= inverse;
      d${name} = params.scale * s${name} * (d${name} - mean);`,
  )}`;

/** WGSL: what the tile of rows adds to the gradients of a tile of keys and values. */
function keyValueGradients(text: Text): string {
  const { slices } = text;
  const ofTile = (tile: number): string => `
      ${putRows(`s${tile}_`, 'weights')}
      ${putRows(`d${tile}_`, 'gradients')}`;
  const sum = (name: string, rows: string, columns: string) => ({
    ...{ sum: name, steps: STAGED_ROWS },
    ...{ rows, columns, turned: false },
  });
  return `
    workgroupBarrier();
    if (key == 0u) {
      ${ofTile(0)}
    } else {
      ${ofTile(1)}
    }
    for (var slice = 0u; slice < ${slices.count}u; slice++) {
      ${fetchUpstream(text, false)}
      ${fetch(slices, 'other', 'q', 'row')}
      workgroupBarrier();
      ${putStraight('held', 'left')}
      ${putStraight('other', 'right')}
      workgroupBarrier();
      ${repeat(4, (c) => `var value${c} = vec4<f32>();\nvar key${c} = vec4<f32>();`)}
      ${tileProduct([sum('value', 'weights', 'left'), sum('key', 'gradients', 'right')])}
      let first = turn == 0u && key == row;
      ${addTo(slices, { first: 'key', heads: 'params.kvHeads', head: 'kvHead' }, [
        { target: 'gradValue', sum: 'value' },
        { target: 'gradKey', sum: 'key' },
      ])}
    }`;
}

/** WGSL: what the tile of keys adds to the gradient of the rows' queries. */
function queryGradients(slices: HeadSlices): string {
  return `
    workgroupBarrier();
    if (key == 0u) {
      ${putColumns('d0_', 'weights')}
    } else {
      ${putColumns('d1_', 'weights')}
    }
    for (var slice = 0u; slice < ${slices.count}u; slice++) {
      ${fetch(slices, 'held', 'k', 'key')}
      workgroupBarrier();
      ${putStraight('held', 'left')}
      workgroupBarrier();
      ${repeat(4, (c) => `var query${c} = vec4<f32>();`)}
      ${tileProduct([{ sum: 'query', steps: STAGED_ROWS, rows: 'weights', columns: 'left', turned: false }])}
      let first = key == 0u;
      ${addTo(slices, { first: 'row', heads: 'params.heads', head: 'head' }, [{ target: 'gradQuery', sum: 'query' }])}
    }`;
}

/** WGSL: adds the invocation's part of a slice to four rows of targets, or puts it there. */
function addTo(
  { headDim, count, vectors }: HeadSlices,
  { first, heads, head }: { first: string; heads: string; head: string },
  sums: readonly { target: string; sum: string }[],
): string {
  const width = headDim / 4;
  const inside = count * vectors === width ? '' : ` && place < ${width}u`;
  const store = (r: number): string => `
      if (${plus(`${first} + group * 4u`, r)} < length) {
        let at = ((start + ${plus(`${first} + group * 4u`, r)}) * ${heads} + ${head}) * ${width}u + place;
        ${sums
          .map(({ target, sum }) => {
            const own = [0, 1, 2, 3].map((c) => `${sum}${c}.${'xyzw'[r]}`).join(', ');
            return `${target}[at] = select(${target}[at], vec4<f32>(), first) + vec4<f32>(${own});`;
          })
          .join('\n')}
      }`;
  return `
      let place = slice * ${vectors}u + column;
      if (column < ${vectors}u${inside}) {
        ${repeat(4, store)}
      }`;
}
