import type { Gpu } from '../../runtime/gpu.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { activationBackward, activationForward } from '../activation/activation.ts';
import { addScaled } from '../elementwise/elementwise.ts';
import { gatedActivationBackward } from '../gated-activation/gated-activation.ts';
import { isBiasOf } from './arguments.ts';
import { type Matrix, bindMatrix } from './matrix.ts';
import { type Finish, finishStorage } from './finish.ts';
import { type SetProduct, matmulSet } from './set.ts';
import { recordTiled } from './tiled-product.ts';

/**
 * A product into a whole tensor c, and then c's activation into `out` (`activation`), or c times the activation's slope at x in
 * its place (`activation-gradient`), or what `gatedActivationBackward` makes of c (`gated-gradient`), or c + x (`sum`): bit for
 * bit as one after the other, in fewer dispatches on GPUs.
 * @throws RangeError if c is no whole tensor of as many elements as the others; else what `matmulSet` throws
 */
export function activatedMatmul(gpu: Gpu, product: SetProduct, finish: Finish): void {
  requireWhole('activatedMatmul', product.c, Object.values(finishStorage(finish)));
  if (recordTogether(gpu, product, finish)) return;
  const { tensor } = product.c;
  switch (finish.type) {
    case 'sum':
      return addScaled(gpu, { target: tensor, source: finish.x, scale: 1 });
    case 'activation':
      return activationForward(gpu, { kind: finish.kind, x: tensor, out: finish.out });
    case 'activation-gradient':
      return activationBackward(gpu, { kind: finish.kind, x: finish.x, gradient: tensor });
    case 'gated-gradient': {
      const { kind, gate, up, gradGate } = finish;
      return gatedActivationBackward(gpu, { kind, gate, up, gradient: tensor, gradGate });
    }
  }
}

/** @throws RangeError if a matrix is no whole tensor of as many elements as the others have */
export function requireWhole(
  op: string,
  { tensor, offset, rows, columns, stride }: Matrix,
  others: readonly Tensor[],
): void {
  const isWhole = offset === 0 && stride === columns && rows * columns === tensor.length;
  for (const other of others)
    if (!isWhole || other.length !== tensor.length)
      throw new RangeError(
        `${op}: ${tensor.label} [${rows}, ${columns}] is not the whole of a tensor as long as ${other.label}`,
      );
}

/** @returns whether the product is finished */
function recordTogether(gpu: Gpu, product: SetProduct, finish: Finish): boolean {
  const { a, b, c, transposeA = false, transposeB = false } = product;
  const { matmul: tuning } = gpu.tuning;
  const { regime = gpu.regime } = product;
  const onUnits = gpu.matrixUnits !== undefined && regime === 'probing';
  if (tuning.strategy !== 'tiled' || onUnits || product.columnSums || !inBindings(gpu, product)) {
    matmulSet(gpu, [product]);
    return false;
  }
  const task = {
    ...{ a, b, c, transposeA, transposeB, bias: product.bias },
    biasOffset: product.biasOffset ?? 0,
    accumulate: product.accumulate ?? false,
    regime,
  };
  return recordTiled(gpu, tuning, task, finish);
}

/** Whether a product is one of matrices that agree, can be bound as they are, and are summed in ascending order. */
export function inBindings(gpu: Gpu, product: SetProduct): boolean {
  const { a, b, c, groups, transposeA = false, transposeB = false } = product;
  const limit = gpu.maxBindingBytes;
  const [m, k] = transposeA ? [a.columns, a.rows] : [a.rows, a.columns];
  const [inner, n] = transposeB ? [b.columns, b.rows] : [b.rows, b.columns];
  const agree = m === c.rows && n === c.columns && k === inner && m * n > 0 && !(transposeA && transposeB);
  const fit = [a, b, c].every((operand) => bindMatrix(operand, limit).size <= limit);
  return agree && isBiasOf(product, n) && fit && !groups && gpu.summation === 'ascending';
}
