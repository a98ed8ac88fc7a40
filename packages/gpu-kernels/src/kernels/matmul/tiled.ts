import { defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Kernel, ParameterType } from '../../runtime/kernel.ts';
import { SLAB_DEPTH, type StagedTile } from '../../runtime/tiled-tuning.ts';
import { plus, repeat } from '../wgsl.ts';
import { type StagedOperand, fetchSlab, putSlab, vectorsHeld } from './staging.ts';
import { type ProductText, productText } from './product-text.ts';
import { type FinishText, finishBinding, finishFunctions, finishLabel, finishStore } from './finish.ts';
import { MATMUL_PARAMS, type MatmulVariant, labelOf, loadB, matmulStorage } from './variant.ts';

/** Which operands are loaded and stored as vec4: all, all but one, or none. */
export type VectorAccess = 'all' | 'not-a' | 'not-c' | 'none';

export interface TiledVariant extends MatmulVariant {
  readonly tile: StagedTile;
  /** Columns, strides and offsets of operands that are accessed as vec4 must be multiples of 4. */
  readonly access: VectorAccess;
  /** Whether k is summed in chunks, each from zero, and the chunks' sums added up in their order. */
  readonly chunked: boolean;
  /** What is made of elements as they are stored, where all are accessed as vec4. */
  readonly finish?: FinishText;
}

/** `chunkSlabs` slabs are a chunk; a workgroup sums `groupSlabs`, and the next part of C [m, n] has the next of them. */
export const SLAB_PARAMS = {
  chunkSlabs: 'u32',
  groupSlabs: 'u32',
} as const satisfies Record<string, ParameterType>;

export type TiledKernel = Kernel<
  'a' | 'b' | 'bias' | 'c',
  keyof typeof MATMUL_PARAMS | keyof typeof SLAB_PARAMS
>;

/** Invocations of a workgroup. */
export function invocationsOf({ rows, columns, perInvocation: [r, c] }: StagedTile): number {
  return (rows / r) * (columns / c);
}

/** WGSL of what a product of staged operands reads and writes. */
export interface StagedText {
  readonly product: Pick<
    ProductText,
    'm' | 'n' | 'k' | 'aOffset' | 'aStride' | 'bOffset' | 'bStride' | 'cStride' | 'useBias' | 'accumulate'
  > & { readonly biasOffset: string };
  /** Slabs of a chunk. */
  readonly chunkSlabs: string;
  /** Declares m0, n0, firstK and slabs. */
  readonly place: string;
  /** Loads what is staged, by the text of a product whose operands have these names. */
  readonly fetch: (operand: StagedOperand) => string;
  /** Stores an invocation's four elements (m, n) and those behind n. */
  readonly store: (output: Output) => string;
  /** Where the workgroup's part of C begins. */
  readonly first: string;
}

/** What is staged: half of the invocations stage A, the other half B. */
function stagedOperands(
  variant: Omit<TiledVariant, 'dtypeB'>,
  { m, n, k, aOffset, aStride, bOffset, bStride }: StagedText['product'],
): readonly [StagedOperand, StagedOperand] {
  const { tile, access, transposeA, transposeB } = variant;
  const invocations = invocationsOf(tile) / 2;
  return [
    {
      name: 'a',
      extent: tile.rows,
      first: 'm0',
      end: m,
      offset: aOffset,
      stride: aStride,
      k,
      rowsAlongK: transposeA,
      vector: access === 'all' || access === 'not-c',
      load: (at) => `a[${at}]`,
      invocations,
    },
    {
      name: 'b',
      extent: tile.columns,
      first: 'n0',
      end: n,
      offset: bOffset,
      stride: bStride,
      k,
      rowsAlongK: !transposeB,
      vector: access !== 'none',
      load: (at) => `loadB(${at})`,
      invocations,
    },
  ];
}

/**
 * Each workgroup stages slabs of A and B in two buffers of workgroup memory: the next slab is on its way to registers
 * while one is multiplied, so that there is one barrier a slab. Every address is clamped here: nothing counts on robust
 * access. Tiles below each other are neighbours in the grid, so that B is read from memory once.
 */
export const tiledMatmul = memoizeKernel((variant: TiledVariant): TiledKernel => {
  const { dtypeB, tile, access, chunked, finish } = variant;
  const product = productText(variant, tile.rows);
  const [a, b] = stagedOperands(variant, product);
  const vectorC = access === 'all' || access === 'not-a';
  return defineKernel({
    label: `matmul.${chunked ? 'chunked' : 'tiled'}.${labelOf(variant)}.${tile.rows}x${tile.columns}${access === 'all' ? '.vec4' : `.${ACCESS_LABELS[access]}`}${dtypeB === 'float16' ? '.f16' : ''}${finishLabel(finish)}`,
    storage: {
      ...matmulStorage(dtypeB, a.vector, b.vector),
      ...(vectorC ? { c: '&vec4<f32>' } : {}),
      ...product.storage,
      ...finishBinding(finish, 'vec4<f32>'),
    },
    params: { ...product.params, ...SLAB_PARAMS },
    workgroupSize: [invocationsOf(tile)],
    declarations: `
      ${loadB(dtypeB, b.vector)}${finishFunctions(finish)}
      ${slabs(tile)}`,
    body: stagedBody(variant, {
      product,
      chunkSlabs: 'params.chunkSlabs',
      place: placeOf(variant, product, 'params.groupSlabs'),
      fetch: fetchSlab,
      store: (output) => (vectorC ? storeVector({ ...output, finish }) : storeElements(output)),
      first: partOf(variant, product),
    }),
  });
});

/** WGSL: the workgroup memory that slabs are staged in. */
export function slabs({ rows, columns }: StagedTile): string {
  return `
      var<workgroup> aSlabs: array<vec4<f32>, ${(2 * SLAB_DEPTH * rows) / 4}>;
      var<workgroup> bSlabs: array<vec4<f32>, ${(2 * SLAB_DEPTH * columns) / 4}>;`;
}

/** WGSL: where the workgroup's part of C begins. */
export function partOf(
  { chunked, grouped }: Pick<TiledVariant, 'chunked' | 'grouped'>,
  { cOffset, m, n }: ProductText,
): string {
  return chunked && !grouped ? `${cOffset} + split * ${m} * ${n}` : cOffset;
}

/** WGSL of a workgroup's tile of a product. */
export function stagedBody(variant: Omit<TiledVariant, 'dtypeB'>, text: StagedText): string {
  const { tile, chunked } = variant;
  const { product, chunkSlabs, fetch } = text;
  const [a, b] = stagedOperands(variant, product);
  const invocations = invocationsOf(tile);
  const [rowQuads, columnQuads] = tile.perInvocation.map((extent) => extent / 4) as [number, number];
  const [rows, quads] = [rowQuads * 4, columnQuads];
  const each = (own: (r: number, q: number) => string): string =>
    repeat(rows, (r) => Array.from({ length: quads }, (_, q) => own(r, q)).join(' '));
  const result = chunked ? 'sum' : 'acc';
  const widthInSubgroups = tile.columns / tile.perInvocation[1] / 8;
  return `
      ${text.place}
      // A subgroup of 32 is 4 invocations high and 8 wide.
      let tx = (localIndex & 7u) + (localIndex >> 5u) % ${widthInSubgroups}u * 8u;
      let ty = ((localIndex >> 3u) & 3u) + (localIndex >> 5u) / ${widthInSubgroups}u * 4u;
      let stagesA = localIndex < ${invocations / 2}u;
      let own = localIndex % ${invocations / 2}u;
      ${repeat(Math.max(vectorsHeld(a), vectorsHeld(b)), (i) => `var held${i} = vec4<f32>();`)}
      ${each((r, q) => `var acc${r}_${q} = vec4<f32>();`)}
      ${chunked ? each((r, q) => `var sum${r}_${q} = vec4<f32>();`) : ''}
      for (var step = 0u; step <= slabs; step++) {
        let k0 = firstK + step * ${SLAB_DEPTH}u;
        if (step < slabs) {
          if (stagesA) {
            ${fetch(a)}
          } else {
            ${fetch(b)}
          }
        }
        if (step > 0u) {
          let buffer = (step - 1u) & 1u;
          for (var group = 0u; group < ${SLAB_DEPTH / 4}u; group++) {
            let swizzle = group << 1u;
            ${repeat(4, (i) => multiply(tile, i))}
          }
          ${
            chunked
              ? `if (step % ${chunkSlabs} == 0u || step == slabs) {
            ${each((r, q) => `sum${r}_${q} += acc${r}_${q}; acc${r}_${q} = vec4<f32>();`)}
          }`
              : ''
          }
        }
        if (step < slabs) {
          let buffer = step & 1u;
          if (stagesA) {
            ${putSlab(a)}
          } else {
            ${putSlab(b)}
          }
        }
        workgroupBarrier();
      }
      var results = array<vec4<f32>, ${rows * quads}>(
        ${each((r, q) => `${result}${r}_${q},`)}
      );
      // Rolled, to an end that the compiler cannot know: unrolled stores take seconds to compile on software adapters.
      for (var r = 0u; r < min(${rows}u, ${product.m}); r++) {
        let m = m0 + ty * 4u + ${rowQuads === 1 ? 'r' : `(r >> 2u) * ${tile.rows / rowQuads}u + (r & 3u)`};
        for (var q = 0u; q < ${quads}u; q++) {
          let n = n0 + tx * 4u + q * ${tile.columns / columnQuads}u;
          ${text.store({ ...product, quads, first: text.first })}
        }
      }`;
}

const ACCESS_LABELS = { 'not-a': 'scalar-a', 'not-c': 'scalar-c', none: 'scalar' } as const;

/** WGSL: where the workgroup's tile of C and its part of k begin, and how many slabs that has. */
export function placeOf(
  { tile: { rows, columns }, chunked, grouped }: Pick<TiledVariant, 'tile' | 'chunked' | 'grouped'>,
  product: ProductText,
  groupSlabs: string,
): string {
  const { m, n, k, workgroup } = product;
  const slabsFrom = (first: string): string => `(${k} - ${first} + ${SLAB_DEPTH - 1}u) / ${SLAB_DEPTH}u`;
  if (grouped) {
    return `
      ${product.setup}
      let m0 = ${product.firstRow};
      let n0 = ${product.column} * ${columns}u;
      let firstK = ${product.firstK};
      let slabs = ${slabsFrom('firstK')};`;
  }
  const tilesHigh = `let tilesHigh = (${m} + ${rows - 1}u) / ${rows}u;`;
  if (!chunked) {
    return `
      ${tilesHigh}
      let m0 = ${workgroup} % tilesHigh * ${rows}u;
      let n0 = ${workgroup} / tilesHigh * ${columns}u;
      if (n0 >= ${n}) { return; }
      let firstK = 0u;
      let slabs = ${slabsFrom('firstK')};`;
  }
  // All tiles of one part of k come after those of the part before.
  return `
    ${tilesHigh}
    let tiles = tilesHigh * ((${n} + ${columns - 1}u) / ${columns}u);
    let split = ${workgroup} / tiles;
    let m0 = ${workgroup} % tiles % tilesHigh * ${rows}u;
    let n0 = ${workgroup} % tiles / tilesHigh * ${columns}u;
    let firstK = split * ${groupSlabs} * ${SLAB_DEPTH}u;
    if (split > 0u && firstK >= ${k}) { return; }
    let slabs = min(${groupSlabs}, ${slabsFrom('firstK')});`;
}

/** Step `i` of a group of four: a row of the staged slabs, times each other. */
function multiply({ rows, columns, perInvocation }: StagedTile, i: number): string {
  const [rowQuads, columnQuads] = perInvocation.map((extent) => extent / 4) as [number, number];
  const load = (name: 'a' | 'b', extent: number, q: number, parts: number): string => {
    const width = extent / 4;
    const base = `buffer * ${SLAB_DEPTH * width}u + group * ${4 * width}u`;
    return `${name}Slabs[${plus(base, i * width + (q * width) / parts)} + (${name === 'a' ? 'ty' : 'tx'} ^ swizzle)]`;
  };
  return `
    {
      ${repeat(rowQuads, (q) => `let a${q} = ${load('a', rows, q, rowQuads)};`)}
      ${repeat(columnQuads, (q) => `let b${q} = ${load('b', columns, q, columnQuads)};`)}
      ${repeat(rowQuads * 4, (r) =>
        Array.from(
          { length: columnQuads },
          (_, q) => `acc${r}_${q} = fma(vec4<f32>(a${r >> 2}.${'xyzw'[r & 3]}), b${q}, acc${r}_${q});`,
        ).join(' '),
      )}
    }`;
}

/** WGSL of where results go. */
export interface Output extends Pick<
  ProductText,
  'm' | 'n' | 'cStride' | 'biasOffset' | 'useBias' | 'accumulate'
> {
  /** Where C begins. */
  readonly first: string;
  /** vec4s of a row of an invocation. */
  readonly quads: number;
  /** Names of the bindings: those of a product by itself if absent; null where there is no bias. */
  readonly c?: string;
  readonly bias?: string | null;
  readonly finish?: FinishText | undefined;
}

/** WGSL: four elements of C at (m, n), whose binding is of vec4s. */
export function storeVector(output: Output): string {
  const { first, quads, c = 'c', bias = 'bias' } = output;
  return `
    if (m < ${output.m} && n < ${output.n}) {
      let at = (${first} + m * ${output.cStride} + n) / 4u;
      var value = results[r * ${quads}u + q];
      ${
        bias === null
          ? ''
          : `if (${output.useBias} != 0u) {
        let first = ${output.biasOffset} + n;
        value += vec4<f32>(${bias}[first], ${bias}[first + 1u], ${bias}[first + 2u], ${bias}[first + 3u]);
      }`
      }
      if (${output.accumulate} != 0u) { value += ${c}[at]; }
      ${output.finish ? finishStore(output.finish, 'vec4<f32>') : `${c}[at] = value;`}
    }`;
}

function storeElements({ first, m, n, biasOffset, cStride, quads }: Output): string {
  return `
    for (var e = 0u; e < 4u; e++) {
      if (m < ${m} && n + e < ${n}) {
        let at = ${first} + m * ${cStride} + n + e;
        var value = results[r * ${quads}u + q][e];
        if (params.useBias != 0u) { value += bias[${biasOffset} + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }`;
}
