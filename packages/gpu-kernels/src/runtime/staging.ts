import { BufferUsage } from './webgpu-constants.ts';

/** Larger ones are made for one reading and destroyed after it, in bytes. */
const LARGEST_KEPT = 2 ** 23;
/** As many as there are readings under way where the next is issued before the last one's numbers are looked at, and one. */
const KEPT = 3;
const SMALLEST = 2 ** 12;

/**
 * Buffers that the host reads from, kept for the next reading: making and mapping a new one takes longer than a small copy.
 * They are outside of the pool and its limits: at most 24 MiB are kept, beside those of readings under way.
 */
export class StagingBuffers {
  readonly #device: GPUDevice;
  readonly #free: GPUBuffer[] = [];
  #closed = false;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** A buffer of so many bytes at least, which is not mapped. */
  take(bytes: number): GPUBuffer {
    const size = bytes > LARGEST_KEPT ? bytes : Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(bytes)));
    const fitting = this.#free.findIndex((buffer) => buffer.size >= size);
    if (fitting >= 0) return this.#free.splice(fitting, 1)[0] as GPUBuffer;
    return this.#device.createBuffer({
      label: 'staging',
      size,
      usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST,
    });
  }

  /** Takes back a buffer that is mapped no more. */
  give(buffer: GPUBuffer): void {
    if (this.#closed || buffer.size > LARGEST_KEPT) {
      buffer.destroy();
      return;
    }
    this.#free.push(buffer);
    this.#free.sort((a, b) => a.size - b.size);
    // The smallest is the one that fits least.
    if (this.#free.length > KEPT) this.#free.shift()?.destroy();
  }

  /** Destroys what is kept, and from now on what is given back. */
  close(): void {
    this.#closed = true;
    for (const buffer of this.#free.splice(0)) buffer.destroy();
  }
}
