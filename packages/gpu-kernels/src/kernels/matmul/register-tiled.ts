import { defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { MATMUL_PARAMS, type MatmulKernel, type MatmulVariant, loadB, matmulStorage } from './variant.ts';

/**
 * Each invocation computes a tile in registers, straight from storage: fastest where workgroup memory is ordinary
 * memory (software adapters). Vector loads run along the contiguous dimension that the operands share.
 */
export const registerTiledMatmul = memoizeKernel((variant: MatmulVariant): MatmulKernel => {
  const { rows, columns, workgroup } = variant.tile;
  const vectorColumnsOfC = variant.vectorized && !variant.transposeB;
  const quads = columns / 4;
  const results = range(rows).flatMap((r) =>
    range(quads).map((q) =>
      vectorColumnsOfC
        ? `acc${r}_${q}`
        : `vec4<f32>(${range(4)
            .map((e) => `acc${r}_${q * 4 + e}`)
            .join(', ')})`,
    ),
  );
  return defineKernel({
    label: `matmul.register.${variant.transposeA ? 'T' : 'N'}${variant.transposeB ? 'T' : 'N'}.${rows}x${columns}${variant.vectorized ? '.vec4' : ''}${variant.dtypeB === 'float16' ? '.f16' : ''}`,
    storage: matmulStorage(variant.dtypeB, variant.vectorized && variant.transposeB, variant.vectorized),
    params: MATMUL_PARAMS,
    workgroupSize: workgroup,
    declarations: loadB(variant.dtypeB, variant.vectorized),
    body: `
  let n0 = (group % params.groupsPerRow * ${workgroup[0]}u + local.x) * ${columns}u;
  let m0 = (group / params.groupsPerRow * ${workgroup[1]}u + local.y) * ${rows}u;
  if (m0 >= params.m || n0 >= params.n) { return; }
${range(rows)
  .map((r) => `  let row${r} = min(m0 + ${r}u, params.m - 1u);`)
  .join('\n')}
${vectorColumnsOfC ? vectorColumns(variant) : scalarColumns(variant)}
  // Rolled: unrolled stores with their guards take seconds to compile on software adapters.
  var results = array<vec4<f32>, ${results.length}>(${results.join(', ')});
  for (var r = 0u; r < min(${rows}u, params.m - m0); r++) {
    for (var e = 0u; e < min(${columns}u, params.n - n0); e++) {
      let at = params.cOffset + (m0 + r) * params.cStride + n0 + e;
      var value = results[r * ${quads}u + e / 4u][e % 4u];
      if (params.useBias != 0u) { value += bias[params.biasOffset + n0 + e]; }
      if (params.accumulate != 0u) { value += c[at]; }
      c[at] = value;
    }
  }`,
  });
});

/** B is row-major along n: vec4 loads of B, scalar loads of A. */
function vectorColumns({ tile: { rows, columns }, transposeA }: MatmulVariant): string {
  const i = range(rows);
  const v = range(columns / 4);
  return `
${v.map((q) => `  let column${q} = (params.bOffset + min(n0 + ${q * 4}u, params.n - 4u)) / 4u;`).join('\n')}
  let bStep = params.bStride / 4u;
${i.map((r) => `  let a${r}At = params.aOffset + row${r}${transposeA ? '' : ' * params.aStride'};`).join('\n')}
${i.map((r) => v.map((q) => `  var acc${r}_${q} = vec4<f32>();`).join('\n')).join('\n')}
  for (var k = 0u; k < params.k; k++) {
${v.map((q) => `    let b${q} = loadB(column${q} + k * bStep);`).join('\n')}
${i.map((r) => `    let a${r} = a[a${r}At + k${transposeA ? ' * params.aStride' : ''}];\n${v.map((q) => `    acc${r}_${q} = fma(vec4<f32>(a${r}), b${q}, acc${r}_${q});`).join('\n')}`).join('\n')}
  }`;
}

/** One accumulator per element; with a transposed B both operands are contiguous along k and may load vec4. */
function scalarColumns({
  tile: { rows, columns },
  transposeA,
  transposeB,
  vectorized,
}: MatmulVariant): string {
  const i = range(rows);
  const j = range(columns);
  const lanes = vectorized ? 4 : 1;
  const aVector = vectorized;
  const aStep = transposeA ? 'k * params.aStride' : 'k';
  const bStep = transposeB ? 'k' : 'k * params.bStride';
  const scale = (text: string): string => (aVector ? `(${text}) / 4u` : text);
  return `
${j.map((c) => `  let column${c} = min(n0 + ${c}u, params.n - 1u);`).join('\n')}
${j.map((c) => `  let b${c}At = ${scale(`params.bOffset + column${c}${transposeB ? ' * params.bStride' : ''}`)};`).join('\n')}
${i.map((r) => `  let a${r}At = ${scale(`params.aOffset + row${r}${transposeA ? '' : ' * params.aStride'}`)};`).join('\n')}
${i.map((r) => j.map((c) => `  var acc${r}_${c} = 0.0;`).join('\n')).join('\n')}
  for (var k = 0u; k < params.k${lanes === 4 ? ' / 4u' : ''}; k++) {
${j.map((c) => `    let b${c} = loadB(b${c}At + ${bStep});`).join('\n')}
${i
  .map(
    (r) =>
      `    let a${r} = a[a${r}At + ${aStep}];\n${j
        .map((c) =>
          aVector
            ? `    acc${r}_${c} = fma(a${r}.x, b${c}.x, fma(a${r}.y, b${c}.y, fma(a${r}.z, b${c}.z, fma(a${r}.w, b${c}.w, acc${r}_${c}))));`
            : `    acc${r}_${c} = fma(a${r}, b${c}, acc${r}_${c});`,
        )
        .join('\n')}`,
  )
  .join('\n')}
  }`;
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
