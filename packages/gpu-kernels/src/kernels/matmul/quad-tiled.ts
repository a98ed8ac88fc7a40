import { defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { SubgroupTile } from '../../runtime/tuning.ts';
import { QUAD, ofLane } from '../quad.ts';
import { plus, repeat } from '../wgsl.ts';
import { type ProductText, productText } from './product-text.ts';
import { type MatmulKernel, type MatmulVariant, labelOf, loadB, matmulStorage } from './variant.ts';

export interface QuadVariant extends MatmulVariant {
  /** Of {@link QUAD} invocations: rows are a multiple of 4, with a transposed A of 16; `depth` is one of 4. */
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
      // Rows and columns past the end read those at the end, so that every lane stays active.
      ${repeat(columns / 4, (q) => `let run${q} = n0 + ${dealt(q)} * 4u;`)}
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
  const at = (r: number): string => `${aOffset} + min(${rowOf(variant, r, 'lane')}, ${m} - 1u) * ${aStride}`;
  return repeat(own, (r) => `let a${r}At = ${vectorA ? `(${at(r)}) >> 2u` : at(r)};`);
}

/** Columns of B are dealt in runs of four. */
function addressesOfB({ transposeB, tile: { columns } }: QuadVariant, product: ProductText): string {
  const { n, bOffset, bStride } = product;
  if (!transposeB) {
    return `
      let bStep = ${bStride} >> 2u;
      ${repeat(columns / 4, (q) => `let b${q}At = (${bOffset} + min(run${q}, ${n} - 4u)) >> 2u;`)}`;
  }
  const column = (c: number): string => `min(${plus(`run${Math.floor(c / 4)}`, c % 4)}, ${n} - 1u)`;
  return repeat(columns, (c) => `let b${c}At = (${bOffset} + ${column(c)} * ${bStride}) >> 2u;`);
}

/** `depth` steps of k at a time, then those that are left: by four where something is loaded along k. */
function allSteps(variant: QuadVariant, product: ProductText): string {
  const { depth } = variant.tile;
  const { firstK, k } = product;
  const unit = alongK(variant).a || alongK(variant).b ? 4 : 1;
  if (depth === unit) return steps(variant, product, depth, [firstK, k]);
  const [from, base] = firstK === '0u' ? ['', k] : [`${firstK} + `, `(${k} - ${firstK})`];
  return `
    let whole = ${from}${base} / ${depth}u * ${depth}u;
    ${steps(variant, product, depth, [firstK, 'whole'])}
    ${steps(variant, product, unit, ['whole', k])}`;
}

/** Which factors are loaded along k, four steps at a time. */
function alongK({ vectorA, transposeA, transposeB }: QuadVariant): { a: boolean; b: boolean } {
  return { a: vectorA && !transposeA, b: transposeB };
}

/** Some steps of k at a time. What belongs to a row stands together, so that few registers are live. */
function steps(
  variant: QuadVariant,
  product: ProductText,
  depth: number,
  [first, end]: readonly [string, string],
): string {
  const { rows, columns } = variant.tile;
  const a = loadsOfA(variant, product, depth);
  const b = loadsOfB(variant, product, depth);
  const ofRow = (r: number, x: number): string => {
    const shared = (i: number): string => (x === 0 ? a.element(r, i) : `a${r}_${x}_${i}`);
    const terms = (c: number): string =>
      Array.from({ length: depth }, (_, i) => i).reduce(
        (before, i) => `fma(${shared(i)}, ${b.element(c, i)}, ${before})`,
        sum(r, x, c),
      );
    return `
      ${x === 0 ? '' : repeat(depth, (i) => `let ${shared(i)} = ${ofLane(x, a.element(r, i))};`)}
      ${repeat(columns, (c) => `${sum(r, x, c)} = ${terms(c)};`)}`;
  };
  return `
    for (var k = ${first}; k < ${end}; k += ${depth}u) {
      ${b.text}
      ${a.text}
      ${repeat(rows / QUAD, (r) => repeat(QUAD, (x) => ofRow(r, x)))}
    }`;
}

/** Loads of some steps of k, and how the element of a lane's own row or column at step `i` reads then. */
interface Loads {
  readonly text: string;
  readonly element: (own: number, i: number) => string;
}

function loadsOfA(variant: QuadVariant, { names }: ProductText, depth: number): Loads {
  const own = variant.tile.rows / QUAD;
  if (variant.transposeA) {
    return {
      text: repeat(own / 4, (u) =>
        repeat(depth, (i) => `let a${u}_${i} = ${names.a}[a${u}At + ${step(i)} * aStep];`),
      ),
      element: (r, i) => `a${Math.floor(r / 4)}_${i}.${'xyzw'[r % 4]}`,
    };
  }
  if (alongK(variant).a) return loadsAlongK(own, depth, (r, at) => `${names.a}[a${r}At + ${at}]`, 'a');
  return {
    text: repeat(own, (r) => repeat(depth, (i) => `let a${r}_${i} = ${names.a}[a${r}At + ${step(i)}];`)),
    element: (r, i) => `a${r}_${i}`,
  };
}

function loadsOfB(variant: QuadVariant, { names }: ProductText, depth: number): Loads {
  const { columns } = variant.tile;
  if (variant.transposeB)
    return loadsAlongK(columns, depth, (c, at) => `${names.loadB}(b${c}At + ${at})`, 'b');
  return {
    text: repeat(columns / 4, (q) =>
      repeat(depth, (i) => `let b${q}_${i} = ${names.loadB}(b${q}At + ${step(i)} * bStep);`),
    ),
    element: (c, i) => `b${Math.floor(c / 4)}_${i}.${'xyzw'[c % 4]}`,
  };
}

function loadsAlongK(
  own: number,
  depth: number,
  load: (item: number, at: string) => string,
  name: string,
): Loads {
  return {
    text: repeat(own, (item) =>
      repeat(depth / 4, (v) => `let ${name}${item}_${v} = ${load(item, plus('(k >> 2u)', v))};`),
    ),
    element: (item, i) => `${name}${item}_${Math.floor(i / 4)}.${'xyzw'[i % 4]}`,
  };
}

function step(i: number): string {
  return i === 0 ? 'k' : `(k + ${i}u)`;
}

/** Unrolled, as an element of an array costs as much as a load where its index is not a constant. */
function stores(variant: QuadVariant, product: ProductText): string {
  const { tile, transposeA, vectorC } = variant;
  const quads = tile.columns / 4;
  const rowOfLane = (x: number): string =>
    `${x === 0 ? 'lane' : `(lane ^ ${x}u)`}${transposeA ? ' * 4u' : ''}`;
  const at = (x: number): string => `${product.cOffset} + (m0 + row${x}) * ${product.cStride} + run0`;
  const ofRow = (r: number, x: number): string => {
    // From the lane's first row to this one.
    const below = transposeA ? Math.floor(r / 4) * 4 * QUAD + (r % 4) : r * QUAD;
    return `
    {
      let inRows = ${plus(`row${x}`, below)} < rowsLeft;
      let at = ${below === 0 ? `at${x}` : `at${x} + ${below}u * cStep`};
      ${repeat(quads, (q) => (vectorC ? storeVector : storeElements)(variant, product, [r, x, q]))}
    }`;
  };
  return `
    let rowsLeft = ${product.m} - m0;
    let cStep = ${product.cStride}${vectorC ? ' >> 2u' : ''};
    ${repeat(QUAD, (x) => `let row${x} = ${rowOfLane(x)};`)}
    ${repeat(QUAD, (x) => `let at${x} = ${vectorC ? `(${at(x)}) >> 2u` : at(x)};`)}
    ${repeat(quads, (q) => columnsOf(variant, product, q))}
    ${repeat(tile.rows / QUAD, (r) => repeat(QUAD, (x) => ofRow(r, x)))}`;
}

/**
 * WGSL of which of a run of columns there are, and of their bias. A bias of zero changes no bit: a sum that began with +0 is −0
 * only where it underflows.
 */
function columnsOf({ vectorC }: QuadVariant, product: ProductText, q: number): string {
  const { n, useBias, biasOffset, names } = product;
  const element = (e: number): string =>
    `${names.bias}[${biasOffset} + min(${plus(`run${q}`, e)}, ${n} - 1u)]`;
  const bias =
    names.bias === undefined
      ? ''
      : `
    var bias${q} = vec4<f32>();
    if (${useBias} != 0u) { bias${q} = vec4<f32>(${COMPONENTS.map(element).join(', ')}); }`;
  const inside = vectorC
    ? `let inside${q} = run${q} < ${n};`
    : repeat(4, (e) => `let inside${q * 4 + e} = ${plus(`run${q}`, e)} < ${n};`);
  return `${inside}${bias}`;
}

type Place = readonly [r: number, x: number, q: number];

function storeVector({ accumulate }: QuadVariant, { names }: ProductText, [r, x, q]: Place): string {
  const sums = `vec4<f32>(${COMPONENTS.map((e) => sum(r, x, q * 4 + e)).join(', ')})`;
  const target = `${names.c}[${plus('at', q * QUAD)}]`;
  return `if (inRows & inside${q}) { ${target} = ${valueOf(accumulate, sums, target, names.bias && `bias${q}`)}; }`;
}

function storeElements({ accumulate }: QuadVariant, { names }: ProductText, [r, x, q]: Place): string {
  return repeat(4, (e) => {
    const target = `${names.c}[${plus('at', q * 4 * QUAD + e)}]`;
    const bias = names.bias && `bias${q}.${'xyzw'[e]}`;
    return `if (inRows & inside${q * 4 + e}) { ${target} = ${valueOf(accumulate, sum(r, x, q * 4 + e), target, bias)}; }`;
  });
}

function valueOf(accumulate: boolean, sums: string, before: string, bias: string | undefined): string {
  const value = bias === undefined ? sums : `${sums} + ${bias}`;
  return accumulate ? `(${value}) + ${before}` : value;
}
