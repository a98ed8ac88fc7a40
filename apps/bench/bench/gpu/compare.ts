/** How far a result is from what it should be. */
export interface Distance {
  /** In units of what is allowed; more than 1 is wrong. */
  readonly excess: number;
  /** The worst element, in words. */
  readonly worst: string;
}

/** The worst |actual − expected| / (scale · absolute + relative · |expected|) of all elements. */
export function distance(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: { readonly absolute: number; readonly relative: number },
  scale = 1,
): Distance {
  if (actual.length !== expected.length)
    return { excess: Infinity, worst: `${actual.length} elements instead of ${expected.length}` };
  let [worst, excess] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] ?? NaN, expected[i] ?? NaN];
    const ratio =
      a === e ? 0 : Math.abs(a - e) / (scale * tolerance.absolute + tolerance.relative * Math.abs(e));
    if (ratio <= excess) continue;
    [worst, excess] = [i, Number.isNaN(ratio) ? Infinity : ratio];
  }
  return { excess, worst: `element ${worst}: ${actual[worst]} instead of ${expected[worst]}` };
}

/** Whether both hold the same float32 bits. */
export function sameBits(a: Float32Array, b: Float32Array): boolean {
  const words = (of: Float32Array): Uint32Array => new Uint32Array(of.buffer, of.byteOffset, of.length);
  const [left, right] = [words(a), words(b)];
  return left.length === right.length && left.every((value, i) => value === right[i]);
}
