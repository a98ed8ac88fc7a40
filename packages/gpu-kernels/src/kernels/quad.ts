/** Lanes of a quad: a subgroup of as many invocations is one. */
export const QUAD = 4;

const SWAPS = ['', 'quadSwapX', 'quadSwapY', 'quadSwapDiagonal'] as const;

/** WGSL that gives lane l of a quad what lane l ^ x has as `value`. */
export function ofLane(x: number, value: string): string {
  return x === 0 ? value : `${SWAPS[x]}(${value})`;
}
