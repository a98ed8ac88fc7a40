// Float16Array is newer than the oldest Node that the packages run on.

let values: Float32Array | undefined;

/** The numbers that halves stand for, each exactly; `bits` has one half an element, the result as many numbers. */
export function decodeFloat16(
  bits: Uint16Array,
  target: Float32Array = new Float32Array(bits.length),
): Float32Array {
  values ??= Float32Array.from({ length: 1 << 16 }, (_, half) => valueOf(half));
  for (let i = 0; i < bits.length; i++) target[i] = values[bits[i] as number] as number;
  return target;
}

function valueOf(half: number): number {
  const sign = half >>> 15 === 0 ? 1 : -1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (0x400 + fraction) * 2 ** (exponent - 25);
}

/** The halves nearest to `source`, ties to even; what is too large becomes infinite. */
export function encodeFloat16(source: Float32Array | Uint32Array): Uint16Array<ArrayBuffer> {
  const floats = source instanceof Float32Array ? source : Float32Array.from(source);
  const words = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const bits = new Uint16Array(floats.length);
  for (let i = 0; i < bits.length; i++) bits[i] = halfOf(words[i] as number);
  return bits;
}

/** The half nearest to a float32, both as bits. */
function halfOf(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // Halfway from 65504 to the power of two after it, and above.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // From the smallest normal half on, fractions are cut by 13 bits and exponents counted from another zero.
  if (magnitude >= 0x38800000) {
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // Multiples of 2^-24; below half of one there is zero.
  if (magnitude <= 0x33000000) return sign;
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - (magnitude >>> 23);
  const kept = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && kept % 2 === 1) ? 1 : 0));
}
