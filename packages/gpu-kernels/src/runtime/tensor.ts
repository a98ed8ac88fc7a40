import type { Gpu } from './gpu.ts';

/** `f16`: storage only, two elements in each 32-bit word; kernels widen them and compute in float32. */
export type DType = 'float32' | 'uint32' | 'float16';

/** Bytes that each element takes. */
export const ELEMENT_BYTES: Readonly<Record<DType, number>> = { float32: 4, uint32: 4, float16: 2 };

/** Bytes of a dense array, up to the next whole 32-bit word. */
export function storageBytes(elements: number, dtype: DType): number {
  return Math.ceil((elements * ELEMENT_BYTES[dtype]) / 4) * 4;
}

/** A range of a buffer as a kernel binds it. */
export interface Binding {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
  readonly label: string;
}

/** A dense row-major array on the device. Dispose it, or let a {@link Scope} do so. */
export class Tensor implements Disposable {
  readonly gpu: Gpu;
  readonly buffer: GPUBuffer;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly label: string;
  #disposed = false;
  #release: (buffer: GPUBuffer) => void;

  constructor(
    gpu: Gpu,
    buffer: GPUBuffer,
    shape: readonly number[],
    dtype: DType,
    label: string,
    release: (buffer: GPUBuffer) => void,
  ) {
    this.gpu = gpu;
    this.buffer = buffer;
    this.shape = shape;
    this.dtype = dtype;
    this.label = label;
    this.#release = release;
  }

  get length(): number {
    return elementCount(this.shape);
  }

  get byteLength(): number {
    return storageBytes(this.length, this.dtype);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Rows [start, end) of the first dimension as a binding. The offset must suit the adapter's alignment. */
  rows(start: number, end: number): Binding {
    const rowLength = this.length / (this.shape[0] ?? 1);
    return {
      buffer: this.buffer,
      offset: start * rowLength * ELEMENT_BYTES[this.dtype],
      size: storageBytes((end - start) * rowLength, this.dtype),
      label: `${this.label}[${start}:${end}]`,
    };
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#release(this.buffer);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Owns the tensors made through it. */
export class Scope implements Disposable {
  #gpu: Gpu;
  #tensors = new Set<Tensor>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  tensor(shape: readonly number[], label = 'temporary', dtype: DType = 'float32'): Tensor {
    return this.own(this.#gpu.tensor(shape, { label, dtype }));
  }

  upload(data: Float32Array | Uint32Array, shape: readonly number[], label = 'uploaded'): Tensor {
    return this.own(this.#gpu.upload(data, shape, { label }));
  }

  own(tensor: Tensor): Tensor {
    this.#tensors.add(tensor);
    return tensor;
  }

  /** Lets a tensor outlive the scope: its new owner disposes it. */
  release(tensor: Tensor): Tensor {
    this.#tensors.delete(tensor);
    return tensor;
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#tensors) tensor.dispose();
    this.#tensors.clear();
  }
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
