import { type ParameterType, defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { plus, repeat } from '../wgsl.ts';
import {
  type HeadSlices,
  STAGED_INVOCATIONS,
  STAGED_ROWS,
  type StagedHead,
  TILE_PLACE,
  fetchSlice,
  ofEight,
  putColumns,
  putStraight,
  putTurned,
  requireSlices,
  tileMemories,
  tileProduct,
} from './staged-tile.ts';

const PARAMS = {
  heads: 'u32',
  queriesPerKeyValueHead: 'u32',
  kvHeads: 'u32',
  scale: 'f32',
  window: 'u32',
  taskCount: 'u32',
} as const satisfies Record<string, ParameterType>;

const BINDINGS = {
  q: 'vec4<f32>',
  k: 'vec4<f32>',
  v: 'vec4<f32>',
  out: '&vec4<f32>',
  logSumExp: '&f32',
} as const;

/** Stands for a masked score; finite, because WGSL knows no infinities. What nothing is seen of has {@link UNSEEN}. */
const MASKED = '-3.4e38';
const UNSEEN = '-3.0e38';

/** Finite also where a row sees nothing: zeros, with a log-sum-exp that weighs nothing. */
const FINISH = `
  let inverse = select(0.0, 1.0 / rowTotal, rowTotal > 0.0);
  let normalizer = select(${UNSEEN}, rowMaximum + log(rowTotal), rowTotal > 0.0);`;

/**
 * A workgroup computes 32 rows of one head: attention to the keys of their own sequence. With `behindPrefix` the outputs
 * hold attention to a prefix, which it becomes part of.
 */
export const stagedForward = memoizeKernel((variant: StagedHead & { readonly behindPrefix: boolean }) => {
  const slices = requireSlices(variant.headDim);
  const { behindPrefix } = variant;
  const join = (r: string): string => `
    let prefixNormalizer = prefixNormalizers.${r};
    let most = max(prefixNormalizer, rowMaximum);
    let ofPrefix = exp(prefixNormalizer - most);
    let own = exp(rowMaximum - most);
    let total = fma(own, rowTotal, ofPrefix);`;
  return defineKernel({
    label: `attention.forward.${labelOf(variant)}${behindPrefix ? '.behind-prefix' : ''}`,
    storage: { blocks: 'vec4<u32>', ...BINDINGS },
    params: { ...PARAMS, firstBlock: 'u32' },
    workgroupSize: [STAGED_INVOCATIONS],
    declarations: memoriesOf(slices, variant),
    body: `
      if (workgroup >= params.taskCount) { return; }
      let block = blocks[params.firstBlock + workgroup / params.heads];
      let firstRow = block.x;
      let rowCount = block.y;
      ${beginRows(slices, variant)}
      let end = firstRow + rowCount;
      let place = firstRow - block.z;
      let hidden = select(0u, place + 1u - params.window, place >= params.window);
      ${visitKeys(slices, variant, {
        first: `block.z + hidden / ${STAGED_ROWS}u * ${STAGED_ROWS}u`,
        end: 'end',
        visible: (key) => `(vec4<u32>(${key}) <= rows) & (rows - ${key} < vec4<u32>(params.window))`,
      })}
      ${endRows(
        slices,
        behindPrefix
          ? {
              first: `
                // By one, which writes them afterwards.
                if (column == 0u) {
                  var prefixNormalizers = vec4<f32>();
                  ${repeat(4, (r) => `if (${plus('group * 4u', r)} < rowCount) { prefixNormalizers.${'xyzw'[r]} = logSumExp[rows.${'xyzw'[r]} * params.heads + head]; }`)}
                  keyValues[group] = prefixNormalizers;
                }`,
              before: join,
              out: (at, own) => `(${at} * ofPrefix + ${own} * own) * (1.0 / total)`,
              logSumExp: 'most + log(total)',
            }
          : { before: () => FINISH, out: (_, own) => `${own} * inverse`, logSumExp: 'normalizer' },
      )}`,
  });
});

/**
 * A workgroup computes 32 packed rows of one head, whatever sequences they belong to: attention to a prefix alone, of
 * which each row sees what its place (`sequences` has the first row of each row's sequence) and the window let it see.
 */
export const stagedPrefix = memoizeKernel((variant: StagedHead) => {
  const slices = requireSlices(variant.headDim);
  const hidden = (r: number): string => `hiddenFrom(min(rows.${'xyzw'[r]}, lastRow))`;
  return defineKernel({
    label: `attention.prefix.${labelOf(variant)}`,
    storage: { sequences: 'vec4<u32>', ...BINDINGS },
    params: { ...PARAMS, tokens: 'u32', prefixLength: 'u32', firstStart: 'u32' },
    workgroupSize: [STAGED_INVOCATIONS],
    declarations: `${memoriesOf(slices, variant)}
    fn hiddenFrom(row: u32) -> u32 {
      let place = params.prefixLength + row - sequences[params.firstStart + row / 4u][row % 4u];
      return select(0u, place + 1u - params.window, place >= params.window);
    }`,
    body: `
      if (workgroup >= params.taskCount) { return; }
      let firstRow = workgroup / params.heads * ${STAGED_ROWS}u;
      let rowCount = min(${STAGED_ROWS}u, params.tokens - firstRow);
      ${beginRows(slices, variant)}
      var hidden = vec4<u32>();
      var first = 0u;
      if (params.window < params.prefixLength + params.tokens) {
        hidden = vec4<u32>(${[0, 1, 2, 3].map(hidden).join(', ')});
        // Of all rows, found by every invocation alike, as the loop over keys must be uniform.
        first = params.prefixLength;
        for (var r = 0u; r < ${STAGED_ROWS}u; r++) { first = min(first, hiddenFrom(min(firstRow + r, lastRow))); }
      }
      ${visitKeys(slices, variant, {
        first: `first / ${STAGED_ROWS}u * ${STAGED_ROWS}u`,
        end: 'params.prefixLength',
        visible: (key) =>
          `(vec4<u32>(${key}) < vec4<u32>(params.prefixLength)) & (vec4<u32>(${key}) >= hidden)`,
      })}
      ${endRows(slices, { before: () => FINISH, out: (_, own) => `${own} * inverse`, logSumExp: 'normalizer' })}`,
  });
});

/** How labels name a variant. */
function labelOf({ headDim, queries }: StagedHead): string {
  return `tiled.head${headDim}${queries === 'again' ? '.low-memory' : ''}`;
}

/** `weights` has the tile of probabilities, and what the invocations of a row tell each other. */
function memoriesOf({ count }: HeadSlices, { queries }: StagedHead): string {
  return tileMemories({ queries: queries === 'stay' ? count : 1, keyValues: 1, weights: 1 });
}

function fetchQueries({ headDim, ...others }: HeadSlices, slice: number): string {
  return fetchSlice(
    { headDim, ...others },
    {
      held: 'query',
      source: 'q',
      slice: `${slice}u`,
      rowAt: (i) =>
        `(min(${plus('firstRow + group * 4u', i)}, lastRow) * params.heads + head) * ${headDim / 4}u`,
    },
  );
}

/** WGSL: rows and their sums. Rows past the end read the last. */
function beginRows(slices: HeadSlices, { queries }: StagedHead): string {
  const { count } = slices;
  return `
    let head = workgroup % params.heads;
    let kvHead = head / params.queriesPerKeyValueHead;
    ${TILE_PLACE}
    let lastRow = firstRow + rowCount - 1u;
    let rows = vec4<u32>(firstRow + group * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
    var maximum = vec4<f32>(${UNSEEN});
    var total = vec4<f32>();
    ${repeat(count * 4, (i) => `var out${Math.floor(i / 4)}_${i % 4} = vec4<f32>();`)}
    ${repeat(4, (i) => `var held${i} = vec4<f32>();\nvar query${i} = vec4<f32>();`)}
    ${
      queries === 'stay'
        ? repeat(
            count,
            (slice) =>
              `${fetchQueries(slices, slice)}\n${putTurned(slices, { held: 'query', memory: 'queries', first: slice })}`,
          )
        : ''
    }`;
}

interface KeyRange {
  /** WGSL of the first key, where a tile begins, and the first behind the last. */
  readonly first: string;
  readonly end: string;
  /** WGSL, vec4<bool>: which of the rows see a key. */
  readonly visible: (key: string) => string;
}

/**
 * WGSL: a loop over tiles of keys, that brings each row's maximum, (partial) total and output up to date. The next slice
 * is on its way to registers while one is multiplied.
 */
function visitKeys(slices: HeadSlices, { queries }: StagedHead, { first, end, visible }: KeyRange): string {
  const { count, vectors, headDim } = slices;
  const fetch = (source: 'k' | 'v', slice: number, key = 'key'): string =>
    fetchSlice(slices, {
      held: 'held',
      source,
      slice: `${slice}u`,
      rowAt: (i) =>
        `(min(${plus(`${key} + group * 4u`, i)}, ${end} - 1u) * params.kvHeads + kvHead) * ${headDim / 4}u`,
    });
  const scores = (slice: number): string => `
      ${queries === 'again' ? fetchQueries(slices, slice) : ''}
      workgroupBarrier();
      ${putTurned(slices, { held: 'held', memory: 'keyValues' })}
      ${queries === 'again' ? putTurned(slices, { held: 'query', memory: 'queries' }) : ''}
      ${slice + 1 < count ? fetch('k', slice + 1) : fetch('v', 0)}
      workgroupBarrier();
      ${tileProduct([
        {
          ...{ sum: 's', steps: vectors * 4, rows: 'queries', columns: 'keyValues', turned: true },
          firstTile: queries === 'stay' ? slice : 0,
        },
      ])}`;
  const values = (slice: number): string =>
    tileProduct([
      {
        ...{ sum: `out${slice}_`, steps: STAGED_ROWS },
        ...{ rows: 'weights', columns: 'keyValues', turned: false },
      },
    ]);
  const next = (slice: number): string =>
    slice + 1 < count ? fetch('v', slice + 1) : fetch('k', 0, `key + ${STAGED_ROWS}u`);
  return `
    let firstKey = ${first};
    ${fetch('k', 0, 'firstKey')}
    for (var key = firstKey; key < ${end}; key += ${STAGED_ROWS}u) {
      ${repeat(4, (c) => `var s${c} = vec4<f32>();`)}
      ${repeat(count, scores)}
      let ownKey = key + column * 4u;
      ${repeat(4, (c) => `s${c} = select(vec4<f32>(${MASKED}), params.scale * s${c}, ${visible(`(${plus('ownKey', c)})`)});`)}
      weights[group * 8u + column] = max(max(s0, s1), max(s2, s3));
      workgroupBarrier();
      let most = max(maximum, ${ofEight('weights', (a, b) => `max(${a}, ${b})`)});
      ${putStraight('held', 'keyValues')}
      ${next(0)}
      let decay = exp(maximum - most);
      maximum = most;
      ${repeat(4, (c) => `s${c} = exp(s${c} - most);`)}
      total = fma(total, decay, (s0 + s1) + (s2 + s3));
      ${repeat(count * 4, (i) => `out${Math.floor(i / 4)}_${i % 4} *= decay;`)}
      // The maxima have been read.
      workgroupBarrier();
      ${putColumns('s', 'weights')}
      workgroupBarrier();
      ${values(0)}
      ${repeat(
        count - 1,
        (i) => `
          workgroupBarrier();
          ${putStraight('held', 'keyValues')}
          ${next(i + 1)}
          workgroupBarrier();
          ${values(i + 1)}`,
      )}
    }`;
}

interface RowResults {
  /** WGSL that leaves in `keyValues` what `before` finds as `prefixNormalizers`. */
  readonly first?: string;
  readonly before: (r: string) => string;
  /** WGSL of an element of the output, given the one in the buffer and the row's sum. */
  readonly out: (stored: string, sum: string) => string;
  readonly logSumExp: string;
}

/** WGSL that stores the rows' results; it sees one row's `rowMaximum` and `rowTotal`. */
function endRows(
  { count, vectors, headDim }: HeadSlices,
  { first, before, out, logSumExp }: RowResults,
): string {
  const width = headDim / 4;
  const store = (r: number) => (slice: number) => {
    const at = `out[outAt + ${slice * vectors}u]`;
    const own = [0, 1, 2, 3].map((c) => `out${slice}_${c}.${'xyzw'[r]}`).join(', ');
    const text = `${at} = ${out(at, `vec4<f32>(${own})`)};`;
    const lanes = Math.min(vectors, width - slice * vectors);
    return lanes === 8 ? text : `if (column < ${lanes}u) { ${text} }`;
  };
  return `
    workgroupBarrier();
    weights[group * 8u + column] = total;
    ${first ?? ''}
    workgroupBarrier();
    ${first === undefined ? '' : 'let prefixNormalizers = keyValues[group];'}
    let totals = ${ofEight('weights', (a, b) => `${a} + ${b}`)};
    ${repeat(
      4,
      (r) => `
        if (${plus('group * 4u', r)} < rowCount) {
          let rowHead = rows.${'xyzw'[r]} * params.heads + head;
          let outAt = rowHead * ${width}u + column;
          let rowMaximum = maximum.${'xyzw'[r]};
          let rowTotal = totals.${'xyzw'[r]};
          ${before('xyzw'[r]!)}
          ${repeat(count, store(r))}
          if (column == 0u) { logSumExp[rowHead] = ${logSumExp}; }
        }`,
    )}`;
}
