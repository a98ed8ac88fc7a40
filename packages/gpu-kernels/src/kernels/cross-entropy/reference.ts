/** Log-sum-exp [R] of each row of logits [R, V] in float64; `vocabulary` is V. */
export function logSumExpReference(logits: ArrayLike<number>, vocabulary: number): Float64Array {
  const out = new Float64Array(logits.length / vocabulary);
  for (let r = 0; r < out.length; r++) {
    let most = -Infinity;
    for (let v = 0; v < vocabulary; v++) most = Math.max(most, logits[r * vocabulary + v] ?? NaN);
    let sum = 0;
    for (let v = 0; v < vocabulary; v++) sum += Math.exp((logits[r * vocabulary + v] ?? NaN) - most);
    out[r] = most + Math.log(sum);
  }
  return out;
}

/** scale * sum over rows of -log softmax(logits[r])[target[r]], in float64: logits [R, V], R targets below V. */
export function crossEntropyReference(
  logits: ArrayLike<number>,
  targets: readonly number[],
  vocabulary: number,
  scale: number,
): number {
  const normalizers = logSumExpReference(logits, vocabulary);
  return (
    scale *
    targets.reduce(
      (loss, target, r) => loss + (normalizers[r] ?? NaN) - (logits[r * vocabulary + target] ?? NaN),
      0,
    )
  );
}

/** Gradient [R, V] of {@link crossEntropyReference} with respect to the logits. */
export function crossEntropyGradientReference(
  logits: ArrayLike<number>,
  targets: readonly number[],
  vocabulary: number,
  scale: number,
): Float64Array {
  const normalizers = logSumExpReference(logits, vocabulary);
  return Float64Array.from({ length: logits.length }, (_, i) => {
    const r = Math.floor(i / vocabulary);
    const probability = Math.exp((logits[i] ?? NaN) - (normalizers[r] ?? NaN));
    return (probability - (i % vocabulary === targets[r] ? 1 : 0)) * scale;
  });
}
