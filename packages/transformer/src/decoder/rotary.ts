import { type Tensor, rotateInPlace } from '@icl-gd/gpu-kernels';
import type { Pass } from './pass.ts';
import { POSITION_TABLE } from './positions.ts';

/** Rotates [T, H D] tensors in place by their tokens' positions, or back, where the model has rotary positions. */
export function rotate(
  { gpu, config, batch, parameters }: Pass,
  tensors: readonly Tensor[],
  inverse = false,
): void {
  if (config.positions.kind !== 'rotary') return;
  const table = parameters.get(POSITION_TABLE);
  for (const x of tensors)
    rotateInPlace(gpu, { x, positions: batch.positions, table, headDim: config.headDim, inverse });
}
