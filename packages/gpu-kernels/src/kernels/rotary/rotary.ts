import type { Gpu } from '../../runtime/gpu.ts';
import type { Kernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';

/** Operands and options of {@link rotateInPlace}. */
export interface RotaryArguments {
  /** float32 [T, H·D], rotated in place. */
  readonly x: Tensor;
  /** uint32 [T], each below P. */
  readonly positions: Tensor;
  /** float32 [P, size / 2, 2]; see {@link rotaryTable}. */
  readonly table: Tensor;
  /** D. */
  readonly headDim: number;
  /** Rotate back: the backward of the rotation, and its inverse where the table's amplitude is 1. */
  readonly inverse?: boolean;
}

/**
 * Rotary positions (Su et al. 2021, arXiv 2104.09864), in place: turns each head's pairs (i, i + size / 2) by the angle of
 * their row's position; coordinates from `size` on stay as they are.
 * @throws RangeError if x has no rows of such heads
 */
export function rotateInPlace(gpu: Gpu, args: RotaryArguments): void {
  const { x, positions, table, headDim, inverse = false } = args;
  const half = table.shape[1] ?? 0;
  const heads = x.length / (positions.length * headDim);
  if (!Number.isInteger(heads) || half < 1 || 2 * half > headDim) {
    throw new RangeError(
      `rotateInPlace: ${x.label} [${x.shape.join(', ')}] has no ${positions.length} rows of heads of ${headDim} with ${2 * half} rotated coordinates`,
    );
  }
  const count = positions.length * heads * half;
  const params = { count, heads, headDim, half, direction: inverse ? -1 : 1 };
  gpu.dispatch(ROTATE, { x, positions, table }, params, pointwiseGrid(count));
}

/** Every kernel of rotary positions. */
export function rotaryKernels(): Kernel[] {
  return [ROTATE];
}

/** An invocation for each pair of coordinates. */
const ROTATE = definePointwise({
  label: 'rotary',
  storage: { x: '&f32', positions: 'u32', table: 'vec2<f32>' },
  params: { heads: 'u32', headDim: 'u32', half: 'u32', direction: 'f32' },
  body: `
    let pair = i % params.half;
    let vector = i / params.half;
    let angle = table[positions[vector / params.heads] * params.half + pair];
    let sine = params.direction * angle.y;
    let first = vector * params.headDim + pair;
    let second = first + params.half;
    let a = x[first];
    let b = x[second];
    x[first] = a * angle.x - b * sine;
    x[second] = b * angle.x + a * sine;`,
});
