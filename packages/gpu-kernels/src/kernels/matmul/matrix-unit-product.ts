import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid } from '../../runtime/kernel.ts';
import { MATRIX_UNITS, type MatrixUnits } from '../../runtime/matrix-units.ts';
import { flopOf } from './bound-product.ts';
import { type BoundMatrix, bindMatrix, inVectors } from './matrix.ts';
import { matrixUnitMatmul, matrixUnitTile } from './matrix-unit-kernel.ts';
import { ROW_SCALES, rowScales } from './row-scales.ts';
import type { TiledProduct } from './tiled-product.ts';

/** Every kernel that products may run on matrix units. */
export function matrixUnitKernels(): Kernel[] {
  const kernels = MATRIX_UNITS.flatMap((units) =>
    (['float32', 'float16'] as const).flatMap((dtypeB) =>
      [true, false].map((vectorC) => matrixUnitMatmul({ units, dtypeB, vectorC })),
    ),
  );
  return [...new Set<Kernel>([...kernels, ROW_SCALES])];
}

/**
 * Records a product on matrix units, if it is one for them: probing alone, A Bᵀ (the layout of linear layers and of the
 * unembedding), A and B of whole vec4s. Nothing of it depends on the number of rows.
 * @returns whether it was
 */
export function recordOnMatrixUnits(
  gpu: Gpu,
  units: MatrixUnits,
  { transposeA, transposeB, regime, bias, ...product }: TiledProduct,
): boolean {
  const [a, b, c] = [product.a, product.b, product.c].map((own) => bindMatrix(own, gpu.maxBindingBytes)) as [
    BoundMatrix,
    BoundMatrix,
    BoundMatrix,
  ];
  const k = product.a.columns;
  const fits = inVectors(product.a, a.offset) && inVectors(product.b, b.offset) && k > 0;
  if (regime !== 'probing' || transposeA || !transposeB || !fits) return false;
  const dtypeB = product.b.tensor.dtype === 'float16' ? 'float16' : 'float32';
  const tile = matrixUnitTile({ units, dtypeB });
  const { rows: m, columns: n } = product.c;
  using scope = gpu.scope();
  const scalesA = tile.splits.a ? scope.own(rowScales(gpu, product.a, a)) : undefined;
  const scalesB = tile.splits.b ? scope.own(rowScales(gpu, product.b, b)) : undefined;
  const kernel = matrixUnitMatmul({ units, dtypeB, vectorC: inVectors(product.c, c.offset) });
  gpu.dispatch(
    kernel,
    {
      ...{ a: a.operand, b: b.operand, c: c.operand },
      // Without a bias any readable buffer may stand in its place.
      bias: bias ?? a.operand,
      ...(scalesA ? { scalesA } : {}),
      ...(scalesB ? { scalesB } : {}),
    },
    {
      ...{ m, n, k, biasOffset: product.biasOffset },
      ...{ aOffset: a.offset, aStride: product.a.stride },
      ...{ bOffset: b.offset, bStride: product.b.stride },
      ...{ cOffset: c.offset, cStride: product.c.stride },
      workgroupsPerRow: Math.ceil(n / tile.columns),
      useBias: Number(bias !== undefined),
      accumulate: Number(product.accumulate),
    },
    grid(Math.ceil(m / tile.rows) * Math.ceil(n / tile.columns)),
    flopOf({ shape: [m, n, k] }),
  );
  return true;
}
