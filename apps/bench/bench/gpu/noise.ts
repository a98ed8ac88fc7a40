import type { Gpu, Tensor } from '@icl-gd/gpu-kernels';

/** Elements that are drawn; whatever is longer repeats them from another place. */
const BLOCK = 2 ** 20;

/** Random contents of tensors of any size, made on the device: a block of noise, copied with shifted beginnings. */
export class Noise implements Disposable {
  readonly #gpu: Gpu;
  readonly #blocks = new Map<string, Tensor>();
  #shift = 0;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Fills a float32 or float16 tensor with uniform numbers of this deviation around zero. */
  fill(tensor: Tensor, deviation = 1): void {
    const block = this.#block(tensor, deviation);
    const bytes = tensor.byteLength / tensor.length;
    this.#gpu.flush();
    const encoder = this.#gpu.device.createCommandEncoder();
    // A multiple of what copies are aligned to.
    this.#shift = (this.#shift + 104_729 * 4) % (BLOCK / 2);
    for (let at = 0; at < tensor.length;) {
      const from = at === 0 ? this.#shift : 0;
      const count = Math.min(BLOCK - from, tensor.length - at);
      const whole = Math.ceil((count * bytes) / 4) * 4;
      encoder.copyBufferToBuffer(block.buffer, from * bytes, tensor.buffer, at * bytes, whole);
      at += count;
    }
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  #block({ dtype }: Tensor, deviation: number): Tensor {
    const key = `${dtype} ${deviation}`;
    const known = this.#blocks.get(key);
    if (known) return known;
    let state = 12_345;
    const scale = (2 * Math.sqrt(3) * deviation) / 2 ** 32;
    const values = Float32Array.from({ length: BLOCK }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      return scale * state;
    });
    const block = this.#gpu.tensor([BLOCK], { label: 'noise', dtype, exact: true });
    this.#gpu.write(block, values);
    this.#blocks.set(key, block);
    return block;
  }

  [Symbol.dispose](): void {
    for (const block of this.#blocks.values()) block.dispose();
  }
}
