import { defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { SubgroupTile } from '../../runtime/tuning.ts';
import { plus, repeat } from '../wgsl.ts';
import { type ProductText, productText } from './product-text.ts';
import { type MatmulKernel, type MatmulVariant, labelOf, loadB, matmulStorage } from './variant.ts';

export interface SubgroupVariant extends MatmulVariant {
  readonly tile: SubgroupTile;
  /** Invocations of a subgroup: a power of two. */
  readonly subgroupSize: number;
  /** Whether B is loaded as vec4; element by element in A B alone. */
  readonly vectorB: boolean;
  /** Whether C is stored as vec4, which needs its columns, stride and offset to be multiples of 4. */
  readonly vectorC: boolean;
}

/**
 * A workgroup is one subgroup: each lane computes every row of the tile for columns of its own, loads B for itself and
 * its share of A, which the lanes then hand round: `subgroupShuffle` from one lane, which is an instruction where a broadcast
 * is three. For adapters where loads cost by the lane and handing round is cheap (software). Operands are loaded as vec4, save A
 * in A B, which is loaded one by one or, if the tile says so, in pairs: their columns, strides and offsets must be multiples of 4.
 */
export const subgroupTiledMatmul = memoizeKernel((variant: SubgroupVariant): MatmulKernel => {
  const { tile, subgroupSize, transposeA, transposeB, vectorB, vectorC, dtypeB } = variant;
  const { rows, columns, depth, vectorA = false } = tile;
  const product = productText(variant, rows);
  return defineKernel({
    label: `matmul.subgroup${subgroupSize}.${labelOf(variant)}.${rows}x${columns}x${depth}${vectorA ? '.vector-a' : ''}${vectorB ? '' : '.scalar-b'}${vectorC ? '' : '.scalar-c'}${dtypeB === 'float16' ? '.f16' : ''}`,
    enables: ['subgroups'],
    subgroupSize,
    storage: {
      ...matmulStorage(dtypeB, transposeA || transposeB, vectorB),
      ...(vectorA ? { a: 'vec2<f32>' } : {}),
      ...(vectorC ? { c: '&vec4<f32>' } : {}),
      ...product.storage,
    },
    params: product.params,
    workgroupSize: [subgroupSize],
    declarations: loadB(dtypeB, vectorB),
    body: subgroupTile(variant, product),
  });
});

/** WGSL: a subgroup's tile of a product. */
function subgroupTile(variant: SubgroupVariant, product: ProductText): string {
  const { tile, subgroupSize, transposeA, vectorC } = variant;
  const { rows, columns } = tile;
  const quads = columns / 4;
  const resultsOfRow = (r: number): string =>
    Array.from({ length: quads }, (_, q) => `acc${r}_${q},`).join(' ');
  return `
      ${product.setup}
      let m0 = ${product.firstRow};
      let n0 = ${product.column} * ${columns * subgroupSize}u;
      if (m0 >= ${product.m}) { return; }
      // Rows and columns past the end read those at the end, so that every lane stays active.
      ${addressesOfB(variant, product)}
      ${transposeA ? `let aStep = ${product.aStride} / 4u;` : ''}
      ${repeat(rows, (r) => repeat(quads, (q) => `var acc${r}_${q} = vec4<f32>();`))}
      ${allSteps(variant, product)}
      var results = array<vec4<f32>, ${rows * quads}>(
        ${repeat(rows, resultsOfRow)}
      );
      // Rolled, over rows whose first the compiler cannot know: unrolled stores take seconds to compile.
      for (var m = m0; m < min(m0 + ${rows}u, ${product.m}); m++) {
        ${vectorC ? storeVectors(variant, product) : storeElements(variant, product)}
      }`;
}

/** WGSL: which item is the lane's, of items that are dealt to the lanes one by one, in its turn number `turn`. */
function dealt(turn: number, subgroupSize: number): string {
  return turn === 0 ? 'lane' : `(${turn * subgroupSize}u + lane)`;
}

/** Columns are dealt in runs of four. */
function addressesOfB(
  { transposeB, vectorB, tile, subgroupSize }: SubgroupVariant,
  product: ProductText,
): string {
  const runAt = (q: number): string => `n0 + ${dealt(q, subgroupSize)} * 4u`;
  if (!transposeB && vectorB) {
    return `
      let bStep = ${product.bStride} / 4u;
      ${repeat(tile.columns / 4, (q) => `let b${q}At = (${product.bOffset} + min(${runAt(q)}, ${product.n} - 4u)) / 4u;`)}`;
  }
  const column = (c: number): string => `min(${plus(runAt(Math.floor(c / 4)), c % 4)}, ${product.n} - 1u)`;
  if (!transposeB)
    return repeat(tile.columns, (c) => `let column${c}At = ${product.bOffset} + ${column(c)};`);
  return repeat(
    tile.columns,
    (c) => `let column${c}At = (${product.bOffset} + ${column(c)} * ${product.bStride}) / 4u;`,
  );
}

/** `depth` steps of k at a time, then those that are left; with vectors along k there are none. */
function allSteps(variant: SubgroupVariant, product: ProductText): string {
  const { depth, vectorA } = variant.tile;
  const { firstK, k } = product;
  const run = (step: number, first: string, end: string): string =>
    steps({ ...variant, tile: { ...variant.tile, depth: step } }, product, first, end);
  if (variant.transposeB || vectorA || depth === 1) return run(depth, firstK, k);
  const whole =
    firstK === '0u'
      ? `${k} / ${depth}u * ${depth}u`
      : `${firstK} + (${k} - ${firstK}) / ${depth}u * ${depth}u`;
  return `
    let whole = ${whole};
    ${run(depth, firstK, 'whole')}
    if (whole < ${k}) {
      ${run(1, 'whole', k)}
    }`;
}

/** A tile's `depth` steps of k at a time. What belongs to a row stands together, so that few registers are live. */
function steps(variant: SubgroupVariant, product: ProductText, first: string, end: string): string {
  const { tile, subgroupSize } = variant;
  const { depth } = tile;
  const shares = sharesOfA(variant, product);
  const turns = Math.ceil(shares.count / subgroupSize);
  const load = (turn: number): string => {
    const own = dealt(turn, subgroupSize);
    return (turn + 1) * subgroupSize > shares.count ? `min(${own}, ${shares.count - 1}u)` : own;
  };
  return `
    ${repeat(turns, (t) => `let a${t}At = ${shares.address(load(t))};`)}
    for (var k = ${first}; k < ${end}; k += ${depth}u) {
      ${loadsOfB(variant, product)}
      ${repeat(turns, (t) => `let a${t} = ${product.names.a}[a${t}At + ${shares.step}];`)}
      ${sums(tile, shares.handedRound)}
    }`;
}

/** The tile's sums go on by `depth` steps, row by row. */
function sums({ rows, columns, depth }: SubgroupTile, handedRound: (row: number) => string): string {
  const sum = (r: number, q: number): string =>
    Array.from({ length: depth }, (_, i) => i).reduce(
      (terms, i) => `fma(vec4<f32>(s${r}_${i}), b${q}_${i}, ${terms})`,
      `acc${r}_${q}`,
    );
  return repeat(
    rows,
    (r) => `
      ${handedRound(r)}
      ${repeat(columns / 4, (q) => `acc${r}_${q} = ${sum(r, q)};`)}`,
  );
}

/** Of each step and run of four columns a vector; with a transposed B they are loaded along k and turned. */
function loadsOfB(
  { tile: { columns, depth }, transposeB, vectorB }: SubgroupVariant,
  { names, bStride }: ProductText,
): string {
  if (!vectorB) {
    const element = (c: number, i: number): string =>
      `${names.loadB}(column${c}At + ${i === 0 ? 'k' : `(k + ${i}u)`} * ${bStride})`;
    const run = (q: number, i: number): string => [0, 1, 2, 3].map((c) => element(q * 4 + c, i)).join(', ');
    return repeat(depth, (i) => repeat(columns / 4, (q) => `let b${q}_${i} = vec4<f32>(${run(q, i)});`));
  }
  if (!transposeB) {
    return repeat(depth, (i) =>
      repeat(
        columns / 4,
        (q) => `let b${q}_${i} = ${names.loadB}(b${q}At + ${i === 0 ? 'k' : `(k + ${i}u)`} * bStep);`,
      ),
    );
  }
  const turned = (q: number, i: number): string =>
    [0, 1, 2, 3].map((c) => `column${q * 4 + c}.${'xyzw'[i]}`).join(', ');
  return `
    ${repeat(columns, (c) => `let column${c} = ${names.loadB}(column${c}At + k / 4u);`)}
    ${repeat(depth, (i) => repeat(columns / 4, (q) => `let b${q}_${i} = vec4<f32>(${turned(q, i)});`))}`;
}

/** The loads of A for some steps of k, which are dealt out to the lanes one by one. */
interface Shares {
  readonly count: number;
  /** Where load number `load` begins. */
  readonly address: (load: string) => string;
  /** From there to step k. */
  readonly step: string;
  /** WGSL that gives every lane a row's elements. */
  readonly handedRound: (row: number) => string;
}

function sharesOfA(
  { tile: { rows, depth, vectorA }, subgroupSize, transposeA, transposeB }: SubgroupVariant,
  { m, aOffset, aStride }: ProductText,
): Shares {
  const fromLane = (load: number, component: string): string =>
    `subgroupShuffle(a${Math.floor(load / subgroupSize)}${component}, ${load % subgroupSize}u)`;
  if (transposeB || vectorA) {
    return {
      count: rows,
      address: (load) => `(${aOffset} + min(m0 + ${load}, ${m} - 1u) * ${aStride}) / ${depth}u`,
      step: `k / ${depth}u`,
      handedRound: (r) => repeat(depth, (i) => `let s${r}_${i} = ${fromLane(r, `.${'xyzw'[i]}`)};`),
    };
  }
  if (transposeA) {
    const quads = rows / 4;
    return {
      count: quads * depth,
      address: (load) =>
        `(${aOffset} + ${load} / ${quads}u * ${aStride} + min(m0 + ${load} % ${quads}u * 4u, ${m} - 4u)) / 4u`,
      step: 'k * aStep',
      handedRound: (r) =>
        repeat(
          depth,
          (i) => `let s${r}_${i} = ${fromLane(i * quads + Math.floor(r / 4), `.${'xyzw'[r % 4]}`)};`,
        ),
    };
  }
  return {
    count: rows * depth,
    address: (load) =>
      `${aOffset} + min(m0 + ${load} % ${rows}u, ${m} - 1u) * ${aStride} + ${load} / ${rows}u`,
    step: 'k',
    handedRound: (r) => repeat(depth, (i) => `let s${r}_${i} = ${fromLane(i * rows + r, '')};`),
  };
}

function storeVectors({ tile, subgroupSize }: SubgroupVariant, product: ProductText): string {
  const quads = tile.columns / 4;
  const { bias, c } = product.names;
  return `
    for (var q = 0u; q < ${quads}u; q++) {
      let n = n0 + (q * ${subgroupSize}u + lane) * 4u;
      if (n < ${product.n}) {
        let at = (${product.cOffset} + m * ${product.cStride} + n) / 4u;
        var value = results[(m - m0) * ${quads}u + q];
        ${
          bias === undefined
            ? ''
            : `if (${product.useBias} != 0u) {
          let first = ${product.biasOffset} + n;
          value += vec4<f32>(${[0, 1, 2, 3].map((e) => `${bias}[${plus('first', e)}]`).join(', ')});
        }`
        }
        if (${product.accumulate} != 0u) { value += ${c}[at]; }
        ${c}[at] = value;
      }
    }`;
}

function storeElements({ tile: { columns }, subgroupSize }: SubgroupVariant, product: ProductText): string {
  const { bias, c } = product.names;
  return `
    for (var e = 0u; e < ${columns}u; e++) {
      let n = n0 + (e / 4u * ${subgroupSize}u + lane) * 4u + e % 4u;
      if (n < ${product.n}) {
        let at = ${product.cOffset} + m * ${product.cStride} + n;
        var value = results[(m - m0) * ${columns / 4}u + e / 4u][e % 4u];
        if (${product.useBias} != 0u) { value += ${bias}[${product.biasOffset} + n]; }
        if (${product.accumulate} != 0u) { value += ${c}[at]; }
        ${c}[at] = value;
      }
    }`;
}
