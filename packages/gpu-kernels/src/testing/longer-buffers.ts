import { elementCount } from '../runtime/dtype.ts';
import type { Gpu } from '../runtime/gpu.ts';
import { Resource } from '../runtime/resource.ts';
import type { Scope } from '../runtime/scope.ts';
import { type Operand, Tensor } from '../runtime/tensor.ts';
import { surrounded } from './poison.ts';

/** Numbers behind an operand. */
const BEHIND = 512;

/**
 * A device whose kernels are given longer buffers than the operation is told of: what they read and write behind an operand
 * shows, where a buffer's end would hide it.
 */
export class LongerBuffers extends Resource {
  readonly device: Gpu;
  readonly #scope: Scope;
  readonly #longer = new Map<Tensor, Tensor>();

  constructor(gpu: Gpu) {
    super();
    this.device = gpu.with({});
    this.#scope = gpu.scope();
    const dispatch = this.device.dispatch.bind(this.device);
    this.device.dispatch = (kernel, storage, ...others) => {
      const bound = Object.entries<Operand>(storage).map(([name, operand]) => [
        name,
        (operand instanceof Tensor ? this.#longer.get(operand) : undefined) ?? operand,
      ]);
      dispatch(kernel, Object.fromEntries(bound) as typeof storage, ...others);
    };
  }

  /**
   * An operand, all NaN if it has no data yet.
   * @param behind what comes behind it: a number where NaN would hide what is made of it
   */
  operand(shape: readonly number[], data: ArrayLike<number> = [], behind = NaN): Tensor {
    const tensor = this.#scope.tensor(shape);
    const size = elementCount(shape);
    const values = surrounded(data, 0, size + BEHIND).fill(behind, size);
    this.#longer.set(tensor, this.#scope.upload(values, [size + BEHIND]));
    return tensor;
  }

  /** What an operand holds now, with what comes behind it. */
  read(tensor: Tensor): Promise<Float32Array> {
    return this.device.read(this.#longer.get(tensor) ?? tensor);
  }

  dispose(): void {
    this.#scope.dispose();
  }
}
