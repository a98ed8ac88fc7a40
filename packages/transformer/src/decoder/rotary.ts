import { type Tensor, rotateInPlace } from '@icl-gd/gpu-kernels';
import type { Pass } from './pass.ts';

/** Rotates one or two [T, H D] tensors in place by their tokens' positions, or back, where the model has rotary positions. */
export function rotate(
  pass: Pass,
  [x, other]: readonly [Tensor] | readonly [Tensor, Tensor],
  inverse = false,
): void {
  const { gpu, config, batch } = pass;
  if (config.positions.kind !== 'rotary') return;
  const table = pass.positionTable;
  const { headDim } = config;
  rotateInPlace(gpu, {
    ...{ x, positions: batch.positions, table, headDim, inverse },
    ...(other ? { other } : {}),
  });
}
