import { defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { MATMUL_PARAMS, type MatmulKernel, type MatmulVariant, loadB, matmulStorage } from './variant.ts';

/** Depth of the slab that a workgroup stages at a time. */
const DEPTH = 16;

/** A workgroup stages slabs of A and B in workgroup memory: for adapters where that is faster than the cache (real GPUs). */
export const sharedTiledMatmul = memoizeKernel((variant: MatmulVariant): MatmulKernel => {
  const { rows, columns, workgroup } = variant.tile;
  const [threadsX, threadsY] = workgroup;
  const [tileN, tileM] = [threadsX * columns, threadsY * rows];
  const threads = threadsX * threadsY;
  const load = (
    matrix: 'a' | 'b',
    element: (at: string) => string,
    extent: number,
    first: string,
    limit: string,
    transposedAlongK: boolean,
  ): string => `
    for (var e = localIndex; e < ${extent * DEPTH}u; e += ${threads}u) {
      let k = k0 + e ${transposedAlongK ? `/ ${extent}u` : `% ${DEPTH}u`};
      let at = ${first} + e ${transposedAlongK ? `% ${extent}u` : `/ ${DEPTH}u`};
      let inside = k < params.k && at < ${limit};
      let kInside = min(k, params.k - 1u);
      let atInside = min(at, ${limit} - 1u);
      ${matrix}Tile[(k - k0) * ${extent}u + (at - ${first})] = select(0.0, ${element(`params.${matrix}Offset + ${transposedAlongK ? `kInside * params.${matrix}Stride + atInside` : `atInside * params.${matrix}Stride + kInside`}`)}, inside);
    }`;
  return defineKernel({
    label: `matmul.shared.${variant.transposeA ? 'T' : 'N'}${variant.transposeB ? 'T' : 'N'}.${tileM}x${tileN}${variant.dtypeB === 'float16' ? '.f16' : ''}`,
    storage: matmulStorage(variant.dtypeB, false, false),
    params: MATMUL_PARAMS,
    workgroupSize: workgroup,
    declarations: `
${loadB(variant.dtypeB, false)}
var<workgroup> aTile: array<f32, ${tileM * DEPTH}>;
var<workgroup> bTile: array<f32, ${tileN * DEPTH}>;`,
    body: `
  let n0 = group % params.groupsPerRow * ${tileN}u;
  let m0 = group / params.groupsPerRow * ${tileM}u;
  var acc: array<array<f32, ${columns}>, ${rows}>;
  for (var k0 = 0u; k0 < params.k; k0 += ${DEPTH}u) {
    ${load('a', (at) => `a[${at}]`, tileM, 'm0', 'params.m', variant.transposeA)}
    ${load('b', (at) => `loadB(${at})`, tileN, 'n0', 'params.n', !variant.transposeB)}
    workgroupBarrier();
    for (var k = 0u; k < ${DEPTH}u; k++) {
      var bRow: array<f32, ${columns}>;
      for (var j = 0u; j < ${columns}u; j++) { bRow[j] = bTile[k * ${tileN}u + j * ${threadsX}u + local.x]; }
      for (var i = 0u; i < ${rows}u; i++) {
        let aValue = aTile[k * ${tileM}u + i * ${threadsY}u + local.y];
        for (var j = 0u; j < ${columns}u; j++) { acc[i][j] = fma(aValue, bRow[j], acc[i][j]); }
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < ${rows}u; i++) {
    let m = m0 + i * ${threadsY}u + local.y;
    for (var j = 0u; j < ${columns}u; j++) {
      let n = n0 + j * ${threadsX}u + local.x;
      if (m < params.m && n < params.n) {
        let at = params.cOffset + m * params.cStride + n;
        var value = acc[i][j];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }`,
  });
});
