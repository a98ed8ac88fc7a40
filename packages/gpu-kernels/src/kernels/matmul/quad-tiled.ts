import { defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { SubgroupTile } from '../../runtime/tuning.ts';
import { QUAD, ofLane } from '../quad.ts';
import { plus, repeat } from '../wgsl.ts';
import { type ProductText, productText } from './product-text.ts';
import { type MatmulKernel, type MatmulVariant, labelOf, loadB, matmulStorage } from './variant.ts';

export interface QuadVariant extends MatmulVariant {
  /** Of {@link QUAD} invocations: rows are a multiple of 4, with a transposed A of 16; `depth` is 4. */
  readonly tile: SubgroupTile;
  /** Whether A is loaded as vec4, as it must be if an operand is transposed. */
  readonly vectorA: boolean;
  /** Whether C is stored as vec4, which needs its columns, stride and offset to be multiples of 4. */
  readonly vectorC: boolean;
  readonly accumulate: boolean;
}

/**
 * A workgroup is one quad. Each lane loads rows of A and columns of B for itself and multiplies its columns with the rows
 * of all lanes, which it has by swaps. For SwiftShader, where a load takes as long as 20 multiply-adds whatever lanes
 * load, a swap is one instruction and a broadcast nine. In scalars: between steps of vectors all sums go to memory there.
 * What is added is part of the text, as lanes that take no branch run through it. Operands are loaded as vec4, A in A B
 * if it can be: columns, strides and offsets must be multiples of 4.
 */
export const quadTiledMatmul = memoizeKernel((variant: QuadVariant): MatmulKernel => {
  const { tile, dtypeB, vectorA, vectorC, accumulate } = variant;
  const product = productText(variant, tile.rows);
  const marks = [
    ...(vectorA ? [] : ['scalar-a']),
    ...(vectorC ? [] : ['scalar-c']),
    ...(accumulate ? ['accumulate'] : []),
    ...(dtypeB === 'float16' ? ['f16'] : []),
  ];
  return defineKernel({
    label: ['matmul.quad', labelOf(variant), `${tile.rows}x${tile.columns}x${tile.depth}`, ...marks].join(
      '.',
    ),
    enables: ['subgroups'],
    subgroupSize: QUAD,
    storage: {
      ...matmulStorage(dtypeB, vectorA, true),
      ...(vectorC ? { c: '&vec4<f32>' } : {}),
      ...product.storage,
    },
    params: product.params,
    workgroupSize: [QUAD],
    declarations: loadB(dtypeB, true),
    body: quadTile(variant, product),
  });
});

/** WGSL: a quad's tile of a product. */
function quadTile(variant: QuadVariant, product: ProductText): string {
  const { rows, columns } = variant.tile;
  return `
      ${product.setup}
      let m0 = ${product.firstRow};
      let n0 = ${product.column} * ${columns * QUAD}u;
      if (m0 >= ${product.m}) { return; }
      // Rows and columns past the end are those at the end, so that every lane stays active.
      ${repeat(columns / 4, (q) => `let run${q} = ${runOfColumns(variant, product, q)};`)}
      ${addressesOfA(variant, product)}
      ${addressesOfB(variant, product)}
      ${repeat(rows / QUAD, (r) => repeat(QUAD, (x) => repeat(columns, (c) => `var ${sum(r, x, c)} = 0.0;`)))}
      ${allSteps(variant, product)}
      ${stores(variant, product)}`;
}

/** The lane's sum for its column `c` and row l ^ x of the `r`th four. */
function sum(r: number, x: number, c: number): string {
  return `sum${r}_${x}_${c}`;
}

/** WGSL: which item is the lane's, of items that are dealt to the lanes one by one, in its turn number `turn`. */
function dealt(turn: number, lane = 'lane'): string {
  return turn === 0 ? lane : `(${turn * QUAD}u + ${lane})`;
}

const COMPONENTS = [0, 1, 2, 3] as const;

/** WGSL of the first of four columns that are a lane's own; one by one they are kept inside where C is not stored by vectors. */
function runOfColumns({ vectorC }: QuadVariant, { n }: ProductText, q: number): string {
  const run = `n0 + ${dealt(q)} * 4u`;
  return vectorC ? `min(${run}, ${n} - 4u)` : run;
}

/** WGSL of the lane's column number `c`. */
function columnOf({ vectorC }: QuadVariant, { n }: ProductText, c: number): string {
  const column = plus(`run${Math.floor(c / 4)}`, c % 4);
  return vectorC ? column : `min(${column}, ${n} - 1u)`;
}

/** WGSL of the row of C that is number `r` of a lane's own. With a transposed A they are dealt in runs of four. */
function rowOf({ transposeA }: QuadVariant, r: number, lane: string): string {
  return transposeA
    ? `m0 + ${plus(`${dealt(Math.floor(r / 4), lane)} * 4u`, r % 4)}`
    : `m0 + ${dealt(r, lane)}`;
}

function addressesOfA(variant: QuadVariant, product: ProductText): string {
  const { tile, transposeA, vectorA } = variant;
  const { m, aOffset, aStride } = product;
  const own = tile.rows / QUAD;
  if (transposeA) {
    return `
      let aStep = ${aStride} >> 2u;
      ${repeat(own / 4, (u) => `let a${u}At = (${aOffset} + min(${rowOf(variant, u * 4, 'lane')}, ${m} - 4u)) >> 2u;`)}`;
  }
  const shift = vectorA ? ' >> 2u' : '';
  return `
      let aFirst = ${aOffset}${shift};
      let aStep = ${aStride}${shift};
      ${repeat(own, (r) => `let a${r}At = aFirst + min(${rowOf(variant, r, 'lane')}, ${m} - 1u) * aStep;`)}`;
}

/** Columns of B are dealt in runs of four. */
function addressesOfB(variant: QuadVariant, product: ProductText): string {
  const { transposeB, tile } = variant;
  const { bOffset, bStride } = product;
  if (!transposeB) {
    return `
      let bStep = ${bStride} >> 2u;
      ${repeat(tile.columns / 4, (q) => `let b${q}At = (${bOffset} + run${q}) >> 2u;`)}`;
  }
  return `
      let bFirst = ${bOffset} >> 2u;
      let bStep = ${bStride} >> 2u;
      ${repeat(tile.columns, (c) => `let b${c}At = bFirst + (${columnOf(variant, product, c)}) * bStep;`)}`;
}

/** Which factors are loaded along k, four steps at a time. */
function alongK({ vectorA, transposeA, transposeB }: QuadVariant): { a: boolean; b: boolean } {
  return { a: vectorA && !transposeA, b: transposeB };
}

/** Steps of k that are taken at a time. */
const DEPTH = 4;

/**
 * All steps of k. Where it may end within four, what is loaded for those past the end counts as zero, which adds nothing to a
 * sum that began with +0: another loop for them would have its body run once more than it has turns, as every loop has there.
 * Turns are counted by one up to a `let`, which is what spares the loop a guard. What belongs to a row stands together, so that
 * few registers are live.
 */
function allSteps(variant: QuadVariant, product: ProductText): string {
  const { rows, columns } = variant.tile;
  const { firstK, k } = product;
  const ragged = !alongK(variant).a && !alongK(variant).b;
  const a = loadsOfA(variant, product);
  const b = loadsOfB(variant, product);
  const ofRow = (r: number, x: number): string => {
    const shared = (i: number): string => (x === 0 ? a.element(r, i) : `a${r}_${x}_${i}`);
    const terms = (c: number): string =>
      COMPONENTS.reduce(
        (before: string, i) => `fma(${shared(i)}, ${b.element(c, i)}, ${before})`,
        sum(r, x, c),
      );
    return `
      ${x === 0 ? '' : repeat(DEPTH, (i) => `let ${shared(i)} = ${ofLane(x, a.element(r, i))};`)}
      ${repeat(columns, (c) => `${sum(r, x, c)} = ${terms(c)};`)}`;
  };
  return `
    ${ragged ? `let lastK = max(${k}, 1u) - 1u;` : ''}
    let turns = (${firstK === '0u' ? k : `${k} - ${firstK}`} + ${DEPTH - 1}u) >> 2u;
    for (var turn = 0u; turn < turns; turn++) {
      let k = ${firstK === '0u' ? '' : `${firstK} + `}turn * ${DEPTH}u;
      ${ragged ? repeat(DEPTH, (i) => `let step${i} = min(${plus('k', i)}, lastK);\nlet there${i} = ${plus('k', i)} < ${k};`) : ''}
      ${b.text}
      ${a.text}
      ${repeat(rows / QUAD, (r) => repeat(QUAD, (x) => ofRow(r, x)))}
    }`;
}

/** Loads of four steps of k, and how the element of a lane's own row or column at step `i` reads then. */
interface Loads {
  readonly text: string;
  readonly element: (own: number, i: number) => string;
}

function loadsOfA(variant: QuadVariant, { names }: ProductText): Loads {
  const own = variant.tile.rows / QUAD;
  if (variant.transposeA) {
    const load = (u: number, i: number): string => there(`${names.a}[a${u}At + step${i} * aStep]`, i);
    return {
      text: repeat(own / 4, (u) => repeat(DEPTH, (i) => `let a${u}_${i} = ${load(u, i)};`)),
      element: (r, i) => `a${Math.floor(r / 4)}_${i}.${'xyzw'[r % 4]}`,
    };
  }
  if (alongK(variant).a) return loadsAlongK(own, (r, at) => `${names.a}[a${r}At + ${at}]`, 'a');
  const load = (r: number, i: number): string => there(`${names.a}[a${r}At + step${i}]`, i, 'f32');
  return {
    text: repeat(own, (r) => repeat(DEPTH, (i) => `let a${r}_${i} = ${load(r, i)};`)),
    element: (r, i) => `a${r}_${i}`,
  };
}

function loadsOfB(variant: QuadVariant, { names }: ProductText): Loads {
  const { columns } = variant.tile;
  if (variant.transposeB) return loadsAlongK(columns, (c, at) => `${names.loadB}(b${c}At + ${at})`, 'b');
  const load = (q: number, i: number): string =>
    alongK(variant).a
      ? `${names.loadB}(b${q}At + (${plus('k', i)}) * bStep)`
      : there(`${names.loadB}(b${q}At + step${i} * bStep)`, i);
  return {
    text: repeat(columns / 4, (q) => repeat(DEPTH, (i) => `let b${q}_${i} = ${load(q, i)};`)),
    element: (c, i) => `b${Math.floor(c / 4)}_${i}.${'xyzw'[c % 4]}`,
  };
}

/** WGSL of what is loaded for a step of k, or zero if that is none. */
function there(load: string, i: number, type = 'vec4<f32>'): string {
  return `select(${type}(), ${load}, there${i})`;
}

/** A vec4 along k of each of a lane's own rows or columns. */
function loadsAlongK(own: number, load: (item: number, at: string) => string, name: string): Loads {
  return {
    text: repeat(own, (item) => `let ${name}${item} = ${load(item, 'turn')};`),
    element: (item, i) => `${name}${item}.${'xyzw'[i]}`,
  };
}

/**
 * Unrolled, as an element of an array costs as much as a load where its index is not a constant. Rows and columns past the
 * end are stored where those at the end are, whose sums they have: a branch around a store takes several times as long as
 * the store, and the sums that are added to have all been read before.
 */
function stores(variant: QuadVariant, product: ProductText): string {
  const { tile, accumulate, vectorC } = variant;
  const quads = tile.columns / 4;
  const places = Array.from({ length: tile.rows / QUAD }, (_, r) =>
    Array.from({ length: QUAD }, (_, x) => Array.from({ length: quads }, (_, q): Place => [r, x, q])),
  ).flat(2);
  const shift = vectorC ? ' >> 2u' : '';
  return `
    let cFirst = ${product.cOffset}${shift};
    let cStep = ${product.cStride}${shift};
    ${repeat(tile.rows / QUAD, (r) => repeat(QUAD, (x) => rowOfC(variant, product, r, x)))}
    ${repeat(quads, (q) => columnsOfC(variant, product, q))}
    ${accumulate ? places.map((place) => before(variant, product, place)).join('\n') : ''}
    ${places.map((place) => (vectorC ? storeVector : storeElements)(variant, product, place)).join('\n')}`;
}

/** WGSL that declares where the lane's row `r`, x lanes on, begins in C. */
function rowOfC(variant: QuadVariant, product: ProductText, r: number, x: number): string {
  const lane = x === 0 ? 'lane' : `(lane ^ ${x}u)`;
  const at = (last: string): string =>
    `let at${r}_${x} = cFirst + min(${rowOf(variant, r, lane)}, ${product.m} - ${last}) * cStep;`;
  if (!variant.transposeA) return at('1u');
  // Of a run of four rows the first stands for all.
  return r % 4 === 0 ? at('4u') : `let at${r}_${x} = at${r - 1}_${x} + cStep;`;
}

/**
 * WGSL that declares which columns of C a run of the lane's own has, and their bias. A bias of zero changes no bit: a sum that
 * began with +0 is −0 only where it underflows.
 */
function columnsOfC(variant: QuadVariant, product: ProductText, q: number): string {
  const { useBias, biasOffset, names } = product;
  const own = COMPONENTS.map((e) => q * 4 + e);
  const columns = variant.vectorC
    ? `let vector${q} = run${q} >> 2u;`
    : own.map((c) => `let column${c} = ${columnOf(variant, product, c)};`).join('\n');
  if (names.bias === undefined) return columns;
  const bias = own.map((c) => `${names.bias}[${biasOffset} + ${columnOf(variant, product, c)}]`).join(', ');
  return `
    ${columns}
    var bias${q} = vec4<f32>();
    if (${useBias} != 0u) { bias${q} = vec4<f32>(${bias}); }`;
}

type Place = readonly [r: number, x: number, q: number];

/** WGSL that declares what C holds. */
function before({ vectorC }: QuadVariant, { names }: ProductText, [r, x, q]: Place): string {
  const name = `before${r}_${x}_`;
  return vectorC
    ? `let ${name}${q} = ${names.c}[at${r}_${x} + vector${q}];`
    : COMPONENTS.map((e) => q * 4 + e)
        .map((c) => `let ${name}${c} = ${names.c}[at${r}_${x} + column${c}];`)
        .join('\n');
}

function storeVector(variant: QuadVariant, { names }: ProductText, [r, x, q]: Place): string {
  const sums = `vec4<f32>(${COMPONENTS.map((e) => sum(r, x, q * 4 + e)).join(', ')})`;
  const value = valueOf(variant, sums, `before${r}_${x}_${q}`, names.bias && `bias${q}`);
  return `${names.c}[at${r}_${x} + vector${q}] = ${value};`;
}

function storeElements(variant: QuadVariant, { names }: ProductText, [r, x, q]: Place): string {
  return COMPONENTS.map((e) => {
    const c = q * 4 + e;
    const bias = names.bias && `bias${q}.${'xyzw'[e]}`;
    const value = valueOf(variant, sum(r, x, c), `before${r}_${x}_${c}`, bias);
    return `${names.c}[at${r}_${x} + column${c}] = ${value};`;
  }).join('\n');
}

function valueOf({ accumulate }: QuadVariant, sums: string, held: string, bias: string | undefined): string {
  const value = bias === undefined ? sums : `${sums} + ${bias}`;
  return accumulate ? `(${value}) + ${held}` : value;
}
