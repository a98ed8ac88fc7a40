/** Operands and options of {@link rmsNormReference}. */
export interface RmsNormReferenceArguments {
  /** [T, d]. */
  readonly x: ArrayLike<number>;
  /** [d]. */
  readonly weight: ArrayLike<number>;
  readonly epsilon: number;
}

/** x / sqrt(mean(x²) + epsilon) * weight in float64: out [T, d], and stats [T] with 1 / root mean square of each row. */
export function rmsNormReference({ x, weight, epsilon }: RmsNormReferenceArguments): {
  out: Float64Array;
  stats: Float64Array;
} {
  const d = weight.length;
  const stats = Float64Array.from({ length: x.length / d }, (_, row) => {
    let square = 0;
    for (let c = 0; c < d; c++) square += at(x, row * d + c) ** 2 / d;
    return 1 / Math.sqrt(square + epsilon);
  });
  const out = Float64Array.from(x, (value, i) => value * at(stats, Math.floor(i / d)) * at(weight, i % d));
  return { out, stats };
}

/** Gradients of {@link rmsNormReference} for a given gradient [T, d] of its output. */
export function rmsNormBackwardReference(
  args: RmsNormReferenceArguments,
  gradOutput: ArrayLike<number>,
): { gradInput: Float64Array; gradWeight: Float64Array } {
  const { x, weight } = args;
  const d = weight.length;
  const { stats } = rmsNormReference(args);
  const [gradInput, gradWeight] = [new Float64Array(x.length), new Float64Array(d)];
  for (const [row, inverse] of stats.entries()) {
    const first = row * d;
    let product = 0;
    for (let c = 0; c < d; c++) {
      const normalized = at(x, first + c) * inverse;
      product += (at(gradOutput, first + c) * at(weight, c) * normalized) / d;
      gradWeight[c] = at(gradWeight, c) + at(gradOutput, first + c) * normalized;
    }
    for (let c = 0; c < d; c++)
      gradInput[first + c] =
        inverse * (at(gradOutput, first + c) * at(weight, c) - at(x, first + c) * inverse * product);
  }
  return { gradInput, gradWeight };
}

function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? NaN;
}
