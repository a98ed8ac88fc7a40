import { ELEMENT_BYTES } from './dtype.ts';
import { decodeFloat16 } from './float16.ts';
import type { Tensor } from './tensor.ts';

/** Elements [offset, offset + length) of a float32 or float16 tensor; from the first to the last if absent. */
export interface ReadRange {
  readonly tensor: Tensor;
  readonly offset?: number;
  readonly length?: number;
  /**
   * An array of so many elements that is filled and given back, for what is read again and again: a new array for each
   * reading leaves garbage, whose collection may take longer than the reading. Nobody else may use it until then.
   */
  readonly into?: Float32Array;
}

/** What `readAll` reads: a float32 or float16 tensor, a range of one, or a uint32 tensor as `{ indices }`. */
export type ReadItem = Tensor | ReadRange | { readonly indices: Tensor };

/** What the host gets of a {@link ReadItem}. */
export type ReadValues<Item extends ReadItem> = Item extends { readonly indices: Tensor }
  ? Uint32Array
  : Float32Array;

/** The whole words that hold what is to be read, and what to make of them. */
export interface WordsToRead {
  readonly tensor: Tensor;
  readonly firstByte: number;
  /** A multiple of 4; 0 for nothing. */
  readonly bytes: number;
  /** `words` has them from byte `at` on, and is gone afterwards. */
  readonly decode: (words: ArrayBuffer, at: number) => Float32Array | Uint32Array;
}

/**
 * Checks what is to be read of a device.
 * @throws RangeError for a tensor that is disposed, on another device or of another dtype, for a range past its end, and for
 *   an array to fill that has another length
 */
export function wordsToRead(item: ReadItem, device: GPUDevice): WordsToRead {
  if ('indices' in item) {
    const tensor = item.indices;
    tensor.refuseUnlessOn(device, 'read');
    if (tensor.dtype !== 'uint32')
      throw new RangeError(`reading indices of ${tensor.label}, which is ${tensor.dtype}`);
    const bytes = tensor.length * 4;
    return {
      tensor,
      firstByte: 0,
      bytes,
      decode: (words, at) => new Uint32Array(words.slice(at, at + bytes)),
    };
  }
  const { tensor, offset = 0, length, into } = 'tensor' in item ? item : ({ tensor: item } as ReadRange);
  return floatsToRead(tensor, offset, length ?? tensor.length - offset, into, device);
}

function floatsToRead(
  tensor: Tensor,
  offset: number,
  length: number,
  into: Float32Array | undefined,
  device: GPUDevice,
): WordsToRead {
  tensor.refuseUnlessOn(device, 'read');
  if (tensor.dtype === 'uint32') throw new RangeError(`reading ${tensor.label}, which is uint32`);
  if (offset < 0 || length < 0 || offset + length > tensor.length) {
    throw new RangeError(`reading ${length} elements at ${offset} of ${tensor.label} (${tensor.length})`);
  }
  if (into && into.length !== length)
    throw new RangeError(`reading ${length} elements of ${tensor.label} into an array of ${into.length}`);
  const perWord = 4 / ELEMENT_BYTES[tensor.dtype];
  const firstByte = Math.floor(offset / perWord) * 4;
  const bytes = length === 0 ? 0 : Math.ceil((offset + length) / perWord) * 4 - firstByte;
  const decode = (words: ArrayBuffer, at: number): Float32Array => {
    if (length === 0) return into ?? new Float32Array(0);
    if (tensor.dtype === 'float16')
      return decodeFloat16(new Uint16Array(words, at + (offset % perWord) * 2, length), into);
    if (!into) return new Float32Array(words.slice(at, at + bytes));
    into.set(new Float32Array(words, at, length));
    return into;
  };
  return { tensor, firstByte, bytes, decode };
}
