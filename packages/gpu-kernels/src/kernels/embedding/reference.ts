/** Operands and options of {@link embeddingReference}. */
export interface EmbeddingReferenceArguments {
  /** T rows of the table. */
  readonly tokens: readonly number[];
  /** [V, d]. */
  readonly table: ArrayLike<number>;
  /** Multiplies rows of the table. */
  readonly scale: number;
  /** T rows of the table of positions. */
  readonly positions?: readonly number[];
  /** [P, d]; added. */
  readonly positionTable?: ArrayLike<number>;
  /** d. */
  readonly width: number;
}

/** scale * table[token] + positionTable[position] in float64: [T, d]. */
export function embeddingReference(args: EmbeddingReferenceArguments): Float64Array {
  const { tokens, table, scale, positions, positionTable, width } = args;
  return Float64Array.from({ length: tokens.length * width }, (_, i) => {
    const [t, c] = [Math.floor(i / width), i % width];
    const position = positionTable?.[(positions?.[t] ?? 0) * width + c] ?? 0;
    return scale * (table[(tokens[t] ?? NaN) * width + c] ?? NaN) + position;
  });
}

/** A copy of `gradient` [V, d] with the gradient of the table added, for gradOutput [T, d]. */
export function embeddingBackwardReference(
  tokens: readonly number[],
  gradOutput: ArrayLike<number>,
  gradient: ArrayLike<number>,
  scale: number,
): Float64Array {
  const result = Float64Array.from(gradient);
  const width = gradOutput.length / tokens.length;
  for (let i = 0; i < gradOutput.length; i++) {
    const at = (tokens[Math.floor(i / width)] ?? NaN) * width + (i % width);
    result[at] = (result[at] ?? NaN) + scale * (gradOutput[i] ?? NaN);
  }
  return result;
}
