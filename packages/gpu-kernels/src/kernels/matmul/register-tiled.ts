import { defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { MatmulTile } from '../../runtime/tuning.ts';
import { plus, repeat } from '../wgsl.ts';
import { type ProductText, productText } from './product-text.ts';
import { type MatmulKernel, type MatmulVariant, labelOf, loadB, matmulStorage } from './variant.ts';

export interface RegisterVariant extends MatmulVariant {
  readonly tile: MatmulTile;
  /**
   * vec4 loads: of B along n, or with a transposed B of both operands along k. Needs sizes, strides and offsets that are
   * multiples of 4.
   */
  readonly vectorized: boolean;
}

/** Each invocation computes a tile of C in registers, straight from storage. */
export const registerTiledMatmul = memoizeKernel((variant: RegisterVariant): MatmulKernel => {
  const { transposeB, vectorized, dtypeB, tile } = variant;
  const { rows, columns, workgroup } = tile;
  const quads = columns / 4;
  const product = productText(variant, rows * workgroup[1]);
  const vectors = vectorized && !transposeB;
  const result = (r: number, q: number): string =>
    vectors ? `acc${r}_${q}` : `vec4<f32>(${[0, 1, 2, 3].map((e) => `acc${r}_${q * 4 + e}`).join(', ')})`;
  const resultsOfRow = (r: number): string =>
    Array.from({ length: quads }, (_, q) => `${result(r, q)},`).join(' ');
  return defineKernel({
    label: `matmul.register.${labelOf(variant)}.${rows}x${columns}${vectorized ? '.vec4' : ''}${dtypeB === 'float16' ? '.f16' : ''}`,
    storage: { ...matmulStorage(dtypeB, vectorized && transposeB, vectorized), ...product.storage },
    params: product.params,
    workgroupSize: workgroup,
    declarations: loadB(dtypeB, vectorized),
    body: `
      ${product.setup}
      let n0 = (${product.column} * ${workgroup[0]}u + local.x) * ${columns}u;
      let m0 = ${product.firstRow} + local.y * ${rows}u;
      if (m0 >= ${product.m} || n0 >= params.n) { return; }
      ${repeat(rows, (r) => `let row${r} = min(${plus('m0', r)}, ${product.m} - 1u);`)}
      ${vectors ? vectorColumns(variant, product) : scalarColumns(variant, product)}
      // Rolled: unrolled stores with their guards take seconds to compile on software adapters.
      var results = array<vec4<f32>, ${rows * quads}>(
        ${repeat(rows, resultsOfRow)}
      );
      for (var r = 0u; r < min(${rows}u, ${product.m} - m0); r++) {
        for (var e = 0u; e < min(${columns}u, params.n - n0); e++) {
          let at = ${product.cOffset} + (m0 + r) * params.cStride + n0 + e;
          var value = results[r * ${quads}u + e / 4u][e % 4u];
          if (params.useBias != 0u) { value += bias[${product.biasOffset} + n0 + e]; }
          if (params.accumulate != 0u) { value += c[at]; }
          c[at] = value;
        }
      }`,
  });
});

/** B is row-major along n: vec4 loads of B, scalar loads of A. */
function vectorColumns(
  { tile: { rows, columns }, transposeA }: RegisterVariant,
  product: ProductText,
): string {
  const quads = columns / 4;
  const [rowStep, kStep] = transposeA ? ['', ' * params.aStride'] : [' * params.aStride', ''];
  const products = (r: number): string => `
    let a${r} = a[a${r}At + k${kStep}];
    ${repeat(quads, (q) => `acc${r}_${q} = fma(vec4<f32>(a${r}), b${q}, acc${r}_${q});`)}`;
  return `
    ${repeat(quads, (q) => `let column${q} = (${product.bOffset} + min(${plus('n0', q * 4)}, params.n - 4u)) / 4u;`)}
    let bStep = params.bStride / 4u;
    ${repeat(rows, (r) => `let a${r}At = params.aOffset + row${r}${rowStep};`)}
    ${repeat(rows, (r) => repeat(quads, (q) => `var acc${r}_${q} = vec4<f32>();`))}
    for (var k = ${product.firstK}; k < ${product.k}; k++) {
      ${repeat(quads, (q) => `let b${q} = loadB(column${q} + k * bStep);`)}
      ${repeat(rows, products)}
    }`;
}

/** One accumulator for each element; with a transposed B both operands are contiguous along k and may be vec4. */
function scalarColumns(
  { tile: { rows, columns }, transposeA, transposeB, vectorized }: RegisterVariant,
  product: ProductText,
): string {
  const aRow = (r: number): string => `params.aOffset + row${r}${transposeA ? '' : ' * params.aStride'}`;
  const bColumn = (c: number): string =>
    `${product.bOffset} + column${c}${transposeB ? ' * params.bStride' : ''}`;
  const address = (at: string): string => (vectorized ? `(${at}) / 4u` : at);
  const sum = (r: number, c: number): string =>
    (vectorized ? ['.x', '.y', '.z', '.w'] : ['']).reduce(
      (sum, lane) => `fma(a${r}${lane}, b${c}${lane}, ${sum})`,
      `acc${r}_${c}`,
    );
  const products = (r: number): string => `
    let a${r} = a[a${r}At + ${transposeA ? 'k * params.aStride' : 'k'}];
    ${repeat(columns, (c) => `acc${r}_${c} = ${sum(r, c)};`)}`;
  return `
    ${repeat(columns, (c) => `let column${c} = min(${plus('n0', c)}, params.n - 1u);`)}
    ${repeat(columns, (c) => `let b${c}At = ${address(bColumn(c))};`)}
    ${repeat(rows, (r) => `let a${r}At = ${address(aRow(r))};`)}
    ${repeat(rows, (r) => repeat(columns, (c) => `var acc${r}_${c} = 0.0;`))}
    for (var k = ${product.firstK}; k < ${product.k}${vectorized ? ' / 4u' : ''}; k++) {
      ${repeat(columns, (c) => `let b${c} = loadB(b${c}At + ${transposeB ? 'k' : 'k * params.bStride'});`)}
      ${repeat(rows, products)}
    }`;
}
