/**
 * Cosines and sines of rotary positions (Su et al. 2021, arXiv 2104.09864) in float32, computed in float64: the angle of
 * pair i at position p is p · frequencies[i], in radians.
 * @param frequencies of each rotated pair, usually theta^(−2i / size)
 * @param amplitude multiplies cosines and sines, so that rotated vectors grow by it (YaRN)
 * @returns [P, pairs, 2] row-major, cosine before sine
 */
export function rotaryTable(positions: number, frequencies: ArrayLike<number>, amplitude = 1): Float32Array {
  const half = frequencies.length;
  const table = new Float32Array(positions * half * 2);
  for (let i = 0; i < half; i++) {
    const frequency = frequencies[i] ?? NaN;
    for (let position = 0; position < positions; position++) {
      const angle = position * frequency;
      table[(position * half + i) * 2] = amplitude * Math.cos(angle);
      table[(position * half + i) * 2 + 1] = amplitude * Math.sin(angle);
    }
  }
  return table;
}
