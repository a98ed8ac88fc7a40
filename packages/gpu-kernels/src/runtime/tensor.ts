import { type BufferUse, useOf } from './buffer-use.ts';
import { type DType, ELEMENT_BYTES, elementCount, storageBytes } from './dtype.ts';
import { Resource } from './resource.ts';

/** How a tensor is allocated. */
export interface TensorOptions {
  /** What errors call it; `tensor` if absent. */
  readonly label?: string;
  /** `float32` if absent. */
  readonly dtype?: DType;
  /** Allocate exactly, outside the pool's size classes: for weights. */
  readonly exact?: boolean;
}

/** A range of a tensor as a kernel binds it. */
export interface Binding {
  readonly tensor: Tensor;
  /** First byte; must suit the adapter's `minStorageBufferOffsetAlignment` (256 suits all). */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
  readonly label: string;
}

/** What a kernel's storage binding can be given. */
export type Operand = Tensor | Binding;

/** What {@link Tensor} is made of. */
export interface TensorParts {
  readonly device: GPUDevice;
  readonly buffer: GPUBuffer;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly label: string;
  /** Takes the buffer back. */
  readonly release: (buffer: GPUBuffer) => void;
}

/** A dense row-major array on the device. Dispose it, or let a `Scope` do so. */
export class Tensor extends Resource {
  /** Where it lies; kernels of no other device can use it. */
  readonly device: GPUDevice;
  readonly buffer: GPUBuffer;
  /** @internal */
  readonly use: BufferUse;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly label: string;
  /** Number of elements. */
  readonly length: number;
  /** Bytes in use of the buffer: whole 32-bit words. */
  readonly byteLength: number;
  #disposed = false;
  #release: (buffer: GPUBuffer) => void;

  constructor({ device, buffer, shape, dtype, label, release }: TensorParts) {
    super();
    this.device = device;
    this.buffer = buffer;
    this.use = useOf(buffer);
    this.shape = shape;
    this.dtype = dtype;
    this.label = label;
    this.length = elementCount(shape);
    this.byteLength = storageBytes(this.length, dtype);
    this.#release = release;
  }

  /** Whether its buffer was given back: it may not be used any more. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /**
   * @param use what it is about to be used for, for the error
   * @param label of the part that is used, for the error
   * @throws RangeError if it was disposed or lies on another device
   */
  refuseUnlessOn(device: GPUDevice, use: string, label = this.label): void {
    if (this.#disposed) throw new RangeError(`${use}: tensor ${label} was disposed`);
    if (this.device !== device) throw new RangeError(`${use}: tensor ${label} lies on another device`);
  }

  /** Rows [start, end) of the first dimension as a binding; the first must lie at an offset that a binding may have. */
  rows(start: number, end: number): Binding {
    const rowLength = this.length / (this.shape[0] ?? 1);
    return {
      tensor: this,
      offset: start * rowLength * ELEMENT_BYTES[this.dtype],
      size: storageBytes((end - start) * rowLength, this.dtype),
      label: `${this.label}[${start}:${end}]`,
    };
  }

  /** Gives the buffer back; a second call does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#release(this.buffer);
  }
}
