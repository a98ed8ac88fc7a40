/** What is added to scores, [tokens, tokens]: as good as -∞ for float32 where a token may not look. */
export function causalMask(tokens: number): Float32Array {
  return Float32Array.from({ length: tokens ** 2 }, (_, i) =>
    i % tokens > Math.floor(i / tokens) ? -1e9 : 0,
  );
}
