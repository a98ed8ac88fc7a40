import { type Tensor, rotateInPlace } from '@icl-gd/gpu-kernels';
import type { Pass } from './pass.ts';

/** Rotates [T, H D] tensors in place by their tokens' positions, or back, where the model has rotary positions. */
export function rotate(pass: Pass, tensors: readonly Tensor[], inverse = false): void {
  const { gpu, config, batch } = pass;
  if (config.positions.kind !== 'rotary') return;
  const table = pass.positionTable;
  for (const x of tensors)
    rotateInPlace(gpu, { x, positions: batch.positions, table, headDim: config.headDim, inverse });
}
