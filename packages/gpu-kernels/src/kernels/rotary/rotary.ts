import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { hasLoneRows } from '../row-runs.ts';
import { ROWS, rowsKernel } from './rows.ts';

/** Operands and options of {@link rotateInPlace}. */
export interface RotaryArguments {
  /** float32 [T, H·D], rotated in place. */
  readonly x: Tensor;
  /** float32 [T, H'·D]: rotated in the same dispatch, as keys with their queries. */
  readonly other?: Tensor;
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
  const { x, other, positions, table, headDim, inverse = false } = args;
  const half = table.shape[1] ?? 0;
  const headsOf = (of: Tensor): number => of.length / (positions.length * headDim);
  for (const of of other ? [x, other] : [x])
    if (!Number.isInteger(headsOf(of)) || half < 1 || 2 * half > headDim) {
      throw new RangeError(
        `rotateInPlace: ${of.label} [${of.shape.join(', ')}] has no ${positions.length} rows of heads of ${headDim} with ${2 * half} rotated coordinates`,
      );
    }
  const shared = { headDim, half, direction: inverse ? -1 : 1 };
  if (hasLoneRows(gpu.tuning)) {
    const wide = half % 4 === 0 && headDim % 4 === 0;
    const rows = positions.length;
    gpu.dispatch(
      rowsKernel({ tensors: other ? 2 : 1, wide }),
      { x0: x, ...(other ? { x1: other } : {}), positions, table },
      { rows, heads0: headsOf(x), ...(other ? { heads1: headsOf(other) } : {}), ...shared },
      grid(Math.ceil(rows / ROWS)),
    );
    return;
  }
  const end0 = positions.length * headsOf(x) * half;
  if (!other) {
    const params = { count: end0, heads0: headsOf(x), ...shared };
    gpu.dispatch(ROTATE, { x0: x, positions, table }, params, pointwiseGrid(end0));
    return;
  }
  const count = end0 + positions.length * headsOf(other) * half;
  const params = { count, end0, heads0: headsOf(x), heads1: headsOf(other), ...shared };
  gpu.dispatch(ROTATE_TWO, { x0: x, x1: other, positions, table }, params, pointwiseGrid(count));
}

/** Every kernel of rotary positions under a tuning. */
export function rotaryKernels(tuning: Tuning): Kernel[] {
  if (!hasLoneRows(tuning)) return [ROTATE, ROTATE_TWO];
  return [1, 2].flatMap((tensors) => [true, false].map((wide) => rowsKernel({ tensors, wide })));
}

const SHARED = { positions: 'u32', table: 'vec2<f32>' } as const;
const PARAMS = { heads0: 'u32', headDim: 'u32', half: 'u32', direction: 'f32' } as const;

/** An invocation for each pair of coordinates. */
const ROTATE = definePointwise({
  label: 'rotary',
  storage: { x0: '&f32', ...SHARED },
  params: PARAMS,
  body: rotation('i', '0'),
});

const ROTATE_TWO = definePointwise({
  label: 'rotary.2',
  storage: { x0: '&f32', x1: '&f32', ...SHARED },
  params: { ...PARAMS, end0: 'u32', heads1: 'u32' },
  body: `
    if (i < params.end0) {
      ${rotation('i', '0')}
    } else {
      ${rotation('(i - params.end0)', '1')}
    }`,
});

function rotation(i: string, of: '0' | '1'): string {
  const x = `x${of}`;
  return `
    let pair = ${i} % params.half;
    let vector = ${i} / params.half;
    let angle = table[positions[vector / params.heads${of}] * params.half + pair];
    let sine = params.direction * angle.y;
    let first = vector * params.headDim + pair;
    let second = first + params.half;
    let a = ${x}[first];
    let b = ${x}[second];
    ${x}[first] = a * angle.x - b * sine;
    ${x}[second] = b * angle.x + a * sine;`;
}
