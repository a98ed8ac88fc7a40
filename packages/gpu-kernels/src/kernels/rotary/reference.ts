/** Operands and options of {@link rotaryReference}. */
export interface RotaryReferenceArguments {
  /** [T, H·D]. */
  readonly x: ArrayLike<number>;
  /** Of each of the T rows. */
  readonly positions: readonly number[];
  /** D. */
  readonly headDim: number;
  /** Coordinates of a head that are rotated, the first ones; even. */
  readonly size: number;
  /** Pair i turns by position · theta^(−2i / size). */
  readonly theta: number;
  /** Multiplies what is rotated; 1 if absent. */
  readonly amplitude?: number;
}

/** Rotary positions in float64, [T, H·D]: each pair (i, i + size / 2) as a complex number times amplitude · exp(√−1 · angle). */
export function rotaryReference({
  x,
  positions,
  headDim,
  size,
  theta,
  amplitude = 1,
}: RotaryReferenceArguments): Float64Array {
  const out = Float64Array.from(x);
  const width = x.length / positions.length;
  for (const [row, position] of positions.entries()) {
    for (let head = row * width; head < (row + 1) * width; head += headDim) {
      for (let i = 0; i < size / 2; i++) {
        const angle = position * Math.exp((-2 * i * Math.log(theta)) / size);
        const [re, im] = [x[head + i] ?? NaN, x[head + i + size / 2] ?? NaN];
        out[head + i] = amplitude * (re * Math.cos(angle) - im * Math.sin(angle));
        out[head + i + size / 2] = amplitude * (re * Math.sin(angle) + im * Math.cos(angle));
      }
    }
  }
  return out;
}
