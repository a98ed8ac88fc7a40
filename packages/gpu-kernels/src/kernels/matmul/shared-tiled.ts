import { defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { MatmulTile } from '../../runtime/tuning.ts';
import { type ProductText, productText } from './product-text.ts';
import { type MatmulKernel, type MatmulVariant, labelOf, loadB, matmulStorage } from './variant.ts';

/** Depth along k of the slab that a workgroup stages at a time. */
const DEPTH = 16;

export interface SharedVariant extends MatmulVariant {
  readonly tile: MatmulTile;
}

/** A workgroup stages slabs of A and B in workgroup memory: for adapters where that is faster than the cache (real GPUs). */
export const sharedTiledMatmul = memoizeKernel((variant: SharedVariant): MatmulKernel => {
  const { transposeA, transposeB, dtypeB, tile } = variant;
  const { rows, columns, workgroup } = tile;
  const [width, height] = workgroup;
  const [tileM, tileN] = [height * rows, width * columns];
  const invocations = width * height;
  const product = productText(variant, tileM);
  const slabOfA: Slab = { matrix: 'a', extent: tileM, first: 'm0', end: product.m, rowsAlongK: transposeA };
  const slabOfB: Slab = { matrix: 'b', extent: tileN, first: 'n0', end: 'params.n', rowsAlongK: !transposeB };
  return defineKernel({
    label: `matmul.shared.${labelOf(variant)}.${tileM}x${tileN}${dtypeB === 'float16' ? '.f16' : ''}`,
    storage: { ...matmulStorage(dtypeB, false, false), ...product.storage },
    params: product.params,
    workgroupSize: workgroup,
    declarations: `
      ${loadB(dtypeB, false)}

      var<workgroup> aTile: array<f32, ${tileM * DEPTH}>;
      var<workgroup> bTile: array<f32, ${tileN * DEPTH}>;`,
    body: `
      ${product.setup}
      let n0 = ${product.column} * ${tileN}u;
      let m0 = ${product.firstRow};
      var acc: array<array<f32, ${columns}>, ${rows}>;
      for (var k0 = ${product.firstK}; k0 < ${product.k}; k0 += ${DEPTH}u) {
        ${stageSlab(product, slabOfA, invocations)}
        ${stageSlab(product, slabOfB, invocations)}
        workgroupBarrier();
        for (var k = 0u; k < ${DEPTH}u; k++) {
          var bRow: array<f32, ${columns}>;
          for (var j = 0u; j < ${columns}u; j++) { bRow[j] = bTile[k * ${tileN}u + j * ${width}u + local.x]; }
          for (var i = 0u; i < ${rows}u; i++) {
            let aValue = aTile[k * ${tileM}u + i * ${height}u + local.y];
            for (var j = 0u; j < ${columns}u; j++) { acc[i][j] = fma(aValue, bRow[j], acc[i][j]); }
          }
        }
        workgroupBarrier();
      }
      for (var i = 0u; i < ${rows}u; i++) {
        let m = m0 + i * ${height}u + local.y;
        for (var j = 0u; j < ${columns}u; j++) {
          let n = n0 + j * ${width}u + local.x;
          if (m < ${product.m} && n < params.n) {
            let at = ${product.cOffset} + m * params.cStride + n;
            var value = acc[i][j];
            if (params.useBias != 0u) { value += bias[${product.biasOffset} + n]; }
            if (params.accumulate != 0u) { value += c[at]; }
            c[at] = value;
          }
        }
      }`,
  });
});

interface Slab {
  readonly matrix: 'a' | 'b';
  /** Rows of A or columns of B in the tile. */
  readonly extent: number;
  /** The first of them, and the end of all. */
  readonly first: string;
  readonly end: string;
  /** Whether the operand's rows in memory follow each other along k. */
  readonly rowsAlongK: boolean;
}

/** WGSL: the workgroup loads a slab of an operand as [k, row of A or column of B]: zeros past the ends, where addresses are clamped. */
function stageSlab(
  product: ProductText,
  { matrix, extent, first, end, rowsAlongK }: Slab,
  invocations: number,
): string {
  const [kOf, placeOf] = rowsAlongK ? [`/ ${extent}u`, `% ${extent}u`] : [`% ${DEPTH}u`, `/ ${DEPTH}u`];
  const at = rowsAlongK
    ? `min(k, ${product.k} - 1u) * params.${matrix}Stride + min(at, ${end} - 1u)`
    : `min(at, ${end} - 1u) * params.${matrix}Stride + min(k, ${product.k} - 1u)`;
  const address = `${product[`${matrix}Offset`]} + ${at}`;
  return `
    for (var e = localIndex; e < ${extent * DEPTH}u; e += ${invocations}u) {
      let k = k0 + e ${kOf};
      let at = ${first} + e ${placeOf};
      let inside = k < ${product.k} && at < ${end};
      let value = ${matrix === 'a' ? `a[${address}]` : `loadB(${address})`};
      ${matrix}Tile[(k - k0) * ${extent}u + (at - ${first})] = select(0.0, value, inside);
    }`;
}
