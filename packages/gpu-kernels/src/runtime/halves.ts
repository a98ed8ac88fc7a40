import { UserError } from '../errors.ts';
import { encodeFloat16 } from './float16.ts';
import type { Tensor } from './tensor.ts';

/**
 * The words that hold `data` as float16, to be written at `offset`; an odd end, which only the tensor's end may be, is padded.
 * @throws RangeError for elements that do not start or end with a word; UserError (`float16-range`) for a value too large
 */
export function packHalves(tensor: Tensor, data: Float32Array | Uint32Array, offset: number): Uint32Array {
  const reachesEnd = offset + data.length === tensor.length;
  if (offset % 2 !== 0 || (data.length % 2 !== 0 && !reachesEnd)) {
    throw new RangeError(
      `writing ${data.length} elements at ${offset} into ${tensor.label}: float16 elements are written in pairs`,
    );
  }
  const words = new Uint32Array(Math.ceil(data.length / 2));
  new Uint16Array(words.buffer).set(encodeFloat16(data));
  const bad = firstNonFinite(words);
  if (bad >= 0) {
    throw new UserError(
      `${tensor.label}: ${data[bad]} at element ${offset + bad} is too large for float16 (at most 65504)`,
      'float16-range',
    );
  }
  return words;
}

/** Index of the first half that is infinite or NaN, -1 if there is none. */
function firstNonFinite(words: Uint32Array): number {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    if ((word & 0x7c00) === 0x7c00) return 2 * i;
    if ((word & 0x7c000000) === 0x7c000000) return 2 * i + 1;
  }
  return -1;
}
