import type { Gpu } from './gpu.ts';
import type { Tensor } from './tensor.ts';

/** Elements of one write; even, so that pieces of float16 tensors are whole words. */
const PIECE = 1 << 20;
/** Bytes written before the device is waited for: the driver keeps a copy of what it has not yet taken. */
const BYTES_UNDER_WAY = 1 << 25;

/** Fills tensors from streams of any length, with a few megabytes of host memory besides what a stream yields. */
export class Uploader {
  readonly #gpu: Gpu;
  readonly #piece = new Float32Array(PIECE);
  #bytesUnderWay = 0;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * Writes all elements of a tensor, rounding them if it is stored as float16.
   * @param chunks the elements in order, in chunks of any size, each valid until the next is asked for
   * @throws RangeError if there are more or fewer; UserError (`float16-range`) if a value is too large for float16
   */
  async fill(tensor: Tensor, chunks: AsyncIterable<Float32Array> | Iterable<Float32Array>): Promise<void> {
    const { length } = tensor;
    let written = 0;
    let gathered = 0;
    for await (const chunk of chunks) {
      if (written + gathered + chunk.length > length)
        throw new RangeError(`more than the ${length} elements of ${tensor.label} were given`);
      for (let taken = 0; taken < chunk.length;) {
        const count = Math.min(chunk.length - taken, PIECE - gathered);
        this.#piece.set(chunk.subarray(taken, taken + count), gathered);
        taken += count;
        gathered += count;
        if (gathered < PIECE && written + gathered < length) continue;
        await this.#write(tensor, this.#piece.subarray(0, gathered), written);
        written += gathered;
        gathered = 0;
      }
    }
    if (written !== length)
      throw new RangeError(`${tensor.label} has ${length} elements; ${written + gathered} were given`);
  }

  async #write(tensor: Tensor, values: Float32Array, offset: number): Promise<void> {
    this.#gpu.write(tensor, values, offset);
    this.#bytesUnderWay += values.byteLength;
    if (this.#bytesUnderWay < BYTES_UNDER_WAY) return;
    this.#bytesUnderWay = 0;
    await this.#gpu.finish();
  }
}
