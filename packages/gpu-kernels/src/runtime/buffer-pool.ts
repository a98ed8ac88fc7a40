import { UserError } from '../errors.ts';
import { useOf } from './buffer-use.ts';
import type { DType } from './dtype.ts';
import { BufferUsage } from './webgpu-constants.ts';

const USAGE = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
/** Bytes of the smallest size class: enough for any vector type that a kernel may view a buffer as. */
const SMALLEST = 256;

/** How much memory a {@link BufferPool} may hold, in bytes. */
export interface MemoryLimits {
  /** Above this many bytes, free buffers are given back before another is made. */
  readonly planned: number;
  /** Above this many bytes, nothing is allocated. */
  readonly budget: number;
}

/** A tensor that was not disposed yet. */
export interface LiveTensor {
  readonly label: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/**
 * Keeps storage buffers for reuse. Safe without fences because one queue executes everything in recording order.
 * Contents of a reused buffer are undefined. Of the free ones the oldest is taken, so that work that is repeated gets the same
 * buffers each time, whatever the order in which they were given back.
 */
export class BufferPool {
  /** No limits until set. */
  limits: MemoryLimits = { planned: Infinity, budget: Infinity };
  #device: GPUDevice;
  #beforeDestroying: () => void;
  #free = new Map<number, GPUBuffer[]>();
  #live = new Map<GPUBuffer, LiveTensor>();
  #liveBytes = 0;
  #allocatedBytes = 0;
  #peakBytes = 0;
  #closed = false;

  /** @param beforeDestroying submits all recorded work, and lets go of the buffers that are free */
  constructor(device: GPUDevice, beforeDestroying: () => void) {
    this.#device = device;
    this.#beforeDestroying = beforeDestroying;
  }

  /** Bytes and buffers handed out and not yet returned; zero of both when nothing leaks. */
  get live(): { bytes: number; buffers: number } {
    return { bytes: this.#liveBytes, buffers: this.#live.size };
  }

  /** The tensors that {@link live} counts, in the order in which they were made: where something leaks, what does. */
  liveTensors(): LiveTensor[] {
    return [...this.#live.values()];
  }

  /** Bytes held on the device, free ones included. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  /** The most bytes held on the device at once, since {@link resetPeak} if that was called. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Starts a new measurement of {@link peakBytes}. */
  resetPeak(): void {
    this.#peakBytes = this.#allocatedBytes;
  }

  /**
   * @param exact take just this many bytes (for weights, which live long), instead of a reusable size class
   * @param tensor what the buffer is for
   * @throws UserError (`memory-budget`) if the budget does not allow it
   */
  take(bytes: number, exact: boolean, tensor: LiveTensor): GPUBuffer {
    const size = pooledBytes(bytes, exact);
    const buffer = this.#free.get(size)?.pop() ?? this.#allocate(size, tensor.label);
    this.#liveBytes += size;
    this.#live.set(buffer, tensor);
    return buffer;
  }

  /** Takes back a buffer from {@link take}. */
  give(buffer: GPUBuffer): void {
    const { size } = buffer;
    this.#liveBytes -= size;
    this.#live.delete(buffer);
    if (this.#closed) {
      this.#allocatedBytes -= size;
      buffer.destroy();
      return;
    }
    const list = this.#free.get(size);
    if (list) insertDescending(list, buffer);
    else this.#free.set(size, [buffer]);
  }

  /** Destroys every free buffer, after submitting what is recorded. */
  trim(): void {
    if (this.#free.size === 0) return;
    this.#beforeDestroying();
    for (const [size, list] of this.#free) {
      for (const buffer of list) buffer.destroy();
      this.#allocatedBytes -= size * list.length;
    }
    this.#free.clear();
  }

  /** Destroys every free buffer, and from now on every one that is given back. */
  close(): void {
    this.trim();
    this.#closed = true;
  }

  #allocate(size: number, label: string): GPUBuffer {
    const { planned, budget } = this.limits;
    if (this.#allocatedBytes + size > Math.min(planned, budget)) this.trim();
    if (this.#allocatedBytes + size > budget) {
      throw new UserError(
        `${label} needs ${size} bytes on the device, where ${this.#allocatedBytes} of the budget of ${budget} are in use`,
        'memory-budget',
      );
    }
    const buffer = this.#device.createBuffer({ size, usage: USAGE });
    this.#allocatedBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#allocatedBytes);
    return buffer;
  }
}

/** Puts a buffer where it belongs in a list of which the last is the oldest. */
function insertDescending(list: GPUBuffer[], buffer: GPUBuffer): void {
  const { id } = useOf(buffer);
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (useOf(list[middle] as GPUBuffer).id > id) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, buffer);
}

/** Bytes that the pool takes for a tensor of so many bytes: of size classes, four per power of two, unless exact. */
function pooledBytes(bytes: number, exact: boolean): number {
  if (exact) return Math.max(Math.ceil(bytes / 4) * 4, 4);
  if (bytes <= SMALLEST) return SMALLEST;
  const quarter = 2 ** Math.max(Math.floor(Math.log2(bytes - 1)) - 2, 6);
  return Math.ceil(bytes / quarter) * quarter;
}
