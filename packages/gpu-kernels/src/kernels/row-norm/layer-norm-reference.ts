/** Operands and options of {@link layerNormReference}. */
export interface LayerNormReferenceArguments {
  /** [T, d]. */
  readonly x: ArrayLike<number>;
  /** [d]. */
  readonly weight: ArrayLike<number>;
  /** [d]. */
  readonly bias: ArrayLike<number>;
  readonly epsilon: number;
}

/** Layer normalisation in float64: out [T, d], and stats [T, 2] with mean and 1 / standard deviation of each row. */
export function layerNormReference(args: LayerNormReferenceArguments): {
  out: Float64Array;
  stats: Float64Array;
} {
  const { x, weight, bias, epsilon } = args;
  const d = weight.length;
  const out = new Float64Array(x.length);
  const stats = new Float64Array((x.length / d) * 2);
  for (let row = 0; row < x.length; row += d) {
    let mean = 0;
    for (let c = 0; c < d; c++) mean += at(x, row + c) / d;
    let variance = 0;
    for (let c = 0; c < d; c++) variance += (at(x, row + c) - mean) ** 2 / d;
    const inverse = 1 / Math.sqrt(variance + epsilon);
    for (let c = 0; c < d; c++)
      out[row + c] = (at(x, row + c) - mean) * inverse * at(weight, c) + at(bias, c);
    stats.set([mean, inverse], (row / d) * 2);
  }
  return { out, stats };
}

/** Gradients of {@link layerNormReference} for a given gradient [T, d] of its output. */
export function layerNormBackwardReference(
  args: LayerNormReferenceArguments,
  gradOutput: ArrayLike<number>,
): { gradInput: Float64Array; gradWeight: Float64Array; gradBias: Float64Array } {
  const { x, weight } = args;
  const d = weight.length;
  const { stats } = layerNormReference(args);
  const [gradInput, gradWeight, gradBias] = [
    new Float64Array(x.length),
    new Float64Array(d),
    new Float64Array(d),
  ];
  for (let row = 0; row < x.length; row += d) {
    const mean = at(stats, (row / d) * 2);
    const inverse = at(stats, (row / d) * 2 + 1);
    const normalized = (c: number): number => (at(x, row + c) - mean) * inverse;
    const scaled = (c: number): number => at(gradOutput, row + c) * at(weight, c);
    let [meanScaled, meanProduct] = [0, 0];
    for (let c = 0; c < d; c++) {
      meanScaled += scaled(c) / d;
      meanProduct += (scaled(c) * normalized(c)) / d;
      gradWeight[c] = at(gradWeight, c) + at(gradOutput, row + c) * normalized(c);
      gradBias[c] = at(gradBias, c) + at(gradOutput, row + c);
    }
    for (let c = 0; c < d; c++)
      gradInput[row + c] = inverse * (scaled(c) - meanScaled - normalized(c) * meanProduct);
  }
  return { gradInput, gradWeight, gradBias };
}

function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? NaN;
}
