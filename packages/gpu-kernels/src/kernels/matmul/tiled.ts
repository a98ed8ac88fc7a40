import { defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Kernel, ParameterType } from '../../runtime/kernel.ts';
import { SLAB_DEPTH, type StagedTile } from '../../runtime/tiled-tuning.ts';
import { plus, repeat } from '../wgsl.ts';
import { type StagedOperand, fetchSlab, putSlab, vectorsHeld } from './staging.ts';
import { type ProductText, productText } from './product-text.ts';
import { MATMUL_PARAMS, type MatmulVariant, labelOf, loadB, matmulStorage } from './variant.ts';

/** Which operands are loaded and stored as vec4: all, all but one, or none. */
export type VectorAccess = 'all' | 'not-a' | 'not-c' | 'none';

export interface TiledVariant extends MatmulVariant {
  readonly tile: StagedTile;
  /** Columns, strides and offsets of operands that are accessed as vec4 must be multiples of 4. */
  readonly access: VectorAccess;
  /** Whether k is summed in chunks, each from zero, and the chunks' sums added up in their order. */
  readonly chunked: boolean;
}

/** `chunkSlabs` slabs are a chunk; a workgroup sums `groupSlabs`, and the next part of C [m, n] has the next of them. */
const SLAB_PARAMS = {
  chunkSlabs: 'u32',
  groupSlabs: 'u32',
} as const satisfies Record<string, ParameterType>;

export type TiledKernel = Kernel<
  'a' | 'b' | 'bias' | 'c',
  keyof typeof MATMUL_PARAMS | keyof typeof SLAB_PARAMS
>;

/** Invocations of a workgroup. */
function invocationsOf({ rows, columns, perInvocation: [r, c] }: StagedTile): number {
  return (rows / r) * (columns / c);
}

/** What is staged: half of the invocations stage A, the other half B. */
function stagedOperands(variant: TiledVariant): readonly [StagedOperand, StagedOperand] {
  const { tile, access, transposeA, transposeB } = variant;
  const invocations = invocationsOf(tile) / 2;
  const { m, k, aOffset, bOffset } = productText(variant, tile.rows);
  return [
    {
      name: 'a',
      extent: tile.rows,
      first: 'm0',
      end: m,
      offset: aOffset,
      stride: 'params.aStride',
      k,
      rowsAlongK: transposeA,
      vector: access === 'all' || access === 'not-c',
      invocations,
    },
    {
      name: 'b',
      extent: tile.columns,
      first: 'n0',
      end: 'params.n',
      offset: bOffset,
      stride: 'params.bStride',
      k,
      rowsAlongK: !transposeB,
      vector: access !== 'none',
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
  const { dtypeB, tile, access, chunked } = variant;
  const product = productText(variant, tile.rows);
  const [a, b] = stagedOperands(variant);
  const vectorC = access === 'all' || access === 'not-a';
  const invocations = invocationsOf(tile);
  const [rowQuads, columnQuads] = tile.perInvocation.map((extent) => extent / 4) as [number, number];
  const [rows, quads] = [rowQuads * 4, columnQuads];
  const each = (text: (r: number, q: number) => string): string =>
    repeat(rows, (r) => Array.from({ length: quads }, (_, q) => text(r, q)).join(' '));
  const output: Output = {
    ...{ m: product.m, biasOffset: product.biasOffset, quads },
    first: chunked && !variant.grouped ? `${product.cOffset} + split * params.m * params.n` : product.cOffset,
  };
  const result = chunked ? 'sum' : 'acc';
  const widthInSubgroups = tile.columns / tile.perInvocation[1] / 8;
  return defineKernel({
    label: `matmul.${chunked ? 'chunked' : 'tiled'}.${labelOf(variant)}.${tile.rows}x${tile.columns}${access === 'all' ? '.vec4' : `.${ACCESS_LABELS[access]}`}${dtypeB === 'float16' ? '.f16' : ''}`,
    storage: {
      ...matmulStorage(dtypeB, a.vector, b.vector),
      ...(vectorC ? { c: '&vec4<f32>' } : {}),
      ...product.storage,
    },
    params: { ...product.params, ...SLAB_PARAMS },
    workgroupSize: [invocations],
    declarations: `
      ${loadB(dtypeB, b.vector)}

      var<workgroup> aSlabs: array<vec4<f32>, ${(2 * SLAB_DEPTH * tile.rows) / 4}>;
      var<workgroup> bSlabs: array<vec4<f32>, ${(2 * SLAB_DEPTH * tile.columns) / 4}>;`,
    body: `
      ${placeOf(variant, product)}
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
            ${fetchSlab(a)}
          } else {
            ${fetchSlab(b)}
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
              ? `if (step % params.chunkSlabs == 0u || step == slabs) {
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
          ${vectorC ? storeVector(output) : storeElements(output)}
        }
      }`,
  });
});

const ACCESS_LABELS = { 'not-a': 'scalar-a', 'not-c': 'scalar-c', none: 'scalar' } as const;

/** WGSL: where the workgroup's tile of C and its part of k begin, and how many slabs that has. */
function placeOf({ tile: { rows, columns }, chunked, grouped }: TiledVariant, product: ProductText): string {
  const slabsFrom = (first: string): string =>
    `(${product.k} - ${first} + ${SLAB_DEPTH - 1}u) / ${SLAB_DEPTH}u`;
  if (grouped) {
    return `
      ${product.setup}
      let m0 = ${product.firstRow};
      let n0 = ${product.column} * ${columns}u;
      let firstK = ${product.firstK};
      let slabs = ${slabsFrom('firstK')};`;
  }
  const tilesHigh = `let tilesHigh = (params.m + ${rows - 1}u) / ${rows}u;`;
  if (!chunked) {
    return `
      ${tilesHigh}
      let m0 = workgroup % tilesHigh * ${rows}u;
      let n0 = workgroup / tilesHigh * ${columns}u;
      if (n0 >= params.n) { return; }
      let firstK = 0u;
      let slabs = ${slabsFrom('firstK')};`;
  }
  // All tiles of one part of k come after those of the part before.
  return `
    ${tilesHigh}
    let tiles = tilesHigh * ((params.n + ${columns - 1}u) / ${columns}u);
    let split = workgroup / tiles;
    let m0 = workgroup % tiles % tilesHigh * ${rows}u;
    let n0 = workgroup % tiles / tilesHigh * ${columns}u;
    let firstK = split * params.groupSlabs * ${SLAB_DEPTH}u;
    if (split > 0u && firstK >= params.k) { return; }
    let slabs = min(params.groupSlabs, ${slabsFrom('firstK')});`;
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
interface Output {
  /** Where C begins. */
  readonly first: string;
  /** The end of its rows. */
  readonly m: string;
  readonly biasOffset: string;
  /** vec4s of a row of an invocation. */
  readonly quads: number;
}

function storeVector({ first, m, biasOffset, quads }: Output): string {
  return `
    if (m < ${m} && n < params.n) {
      let at = (${first} + m * params.cStride + n) / 4u;
      var value = results[r * ${quads}u + q];
      if (params.useBias != 0u) {
        let first = ${biasOffset} + n;
        value += vec4<f32>(bias[first], bias[first + 1u], bias[first + 2u], bias[first + 3u]);
      }
      if (params.accumulate != 0u) { value += c[at]; }
      c[at] = value;
    }`;
}

function storeElements({ first, m, biasOffset, quads }: Output): string {
  return `
    for (var e = 0u; e < 4u; e++) {
      if (m < ${m} && n + e < params.n) {
        let at = ${first} + m * params.cStride + n + e;
        var value = results[r * ${quads}u + q][e];
        if (params.useBias != 0u) { value += bias[${biasOffset} + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }`;
}
