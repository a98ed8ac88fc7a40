import type { DType } from './dtype.ts';
import { Resource } from './resource.ts';
import type { Tensor, TensorOptions } from './tensor.ts';

/** What a {@link Scope} makes its tensors with: a `Gpu`. */
export interface TensorSource {
  /** A new tensor; its contents are undefined until written. */
  tensor(shape: readonly number[], options?: TensorOptions): Tensor;
  /** A new tensor with these values: float32 or uint32, as `data` is. */
  upload(
    data: Float32Array | Uint32Array,
    shape: readonly number[],
    options?: Omit<TensorOptions, 'dtype'>,
  ): Tensor;
}

/** Owns the tensors made through it and disposes them at its end: `using scope = gpu.scope()`. */
export class Scope extends Resource {
  #source: TensorSource;
  #tensors = new Set<Tensor>();
  #disposed = false;

  constructor(source: TensorSource) {
    super();
    this.#source = source;
  }

  /**
   * A new tensor; its contents are undefined until written.
   * @throws UserError (`buffer-limit`, `memory-budget`) if the device cannot hold it
   */
  tensor(shape: readonly number[], label = 'temporary', dtype: DType = 'float32'): Tensor {
    this.#refuseIfDisposed(label);
    return this.own(this.#source.tensor(shape, { label, dtype }));
  }

  /**
   * A new tensor with these elements, float32 or uint32 as the array is.
   * @throws RangeError if the shape has another number of elements; UserError as {@link tensor}
   */
  upload(data: Float32Array | Uint32Array, shape: readonly number[], label = 'uploaded'): Tensor {
    this.#refuseIfDisposed(label);
    return this.own(this.#source.upload(data, shape, { label }));
  }

  /**
   * Takes over a tensor that was made elsewhere.
   * @throws RangeError if the scope was disposed
   */
  own(tensor: Tensor): Tensor {
    this.#refuseIfDisposed(tensor.label);
    this.#tensors.add(tensor);
    return tensor;
  }

  /** Lets a tensor outlive the scope: its new owner disposes it. */
  release(tensor: Tensor): Tensor {
    this.#tensors.delete(tensor);
    return tensor;
  }

  /** Disposes its tensors; a second call does nothing. */
  dispose(): void {
    this.#disposed = true;
    for (const tensor of this.#tensors) tensor.dispose();
    this.#tensors.clear();
  }

  #refuseIfDisposed(label: string): void {
    if (this.#disposed) throw new RangeError(`the scope that was to own tensor ${label} was disposed`);
  }
}
