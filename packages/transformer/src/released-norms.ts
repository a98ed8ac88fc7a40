import { type Gpu, type Tensor, addScaled, scaleInPlace } from '@icl-gd/gpu-kernels';
import type { Gradients } from './decoder/gradients.ts';
import { inLayer } from './parameters.ts';

/**
 * The gradient norm that the trainer released with arXiv 2311.07772v4 logs, and that its Figure 4 most likely shows: the
 * l2 norm over all of a layer's parameters of the gradient of the loss summed over tokens, where the gradients of frozen
 * parameters are never reset, so that they add up over the steps.
 */
export class ReleasedNorms implements Disposable {
  readonly #gpu: Gpu;
  readonly #accumulated = new Map<string, Tensor>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * Adds up one step's gradients of a layer.
   * @param tokens number of predictions that the loss is a mean over
   * @param isTrained whether a parameter is trained, so that its gradient is reset at every step
   * @returns tensors whose joint l2 norm is the layer's; those of trained parameters are `gradients`' own, rescaled
   */
  take(gradients: Gradients, layer: number, tokens: number, isTrained: (name: string) => boolean): Tensor[] {
    const names = gradients.names.filter((name) => inLayer(name, layer));
    return names.map((name) => {
      const gradient = gradients.find(name) as Tensor;
      if (isTrained(name)) {
        scaleInPlace(this.#gpu, { x: gradient, scale: tokens });
        return gradient;
      }
      const total = this.#total(name, gradient.shape);
      addScaled(this.#gpu, { target: total, source: gradient, scale: tokens });
      return total;
    });
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#accumulated.values()) tensor.dispose();
    this.#accumulated.clear();
  }

  #total(name: string, shape: readonly number[]): Tensor {
    let tensor = this.#accumulated.get(name);
    if (!tensor) {
      tensor = this.#gpu.tensor(shape, { label: `accumulated gradient of ${name}`, exact: true });
      this.#gpu.clear(tensor);
      this.#accumulated.set(name, tensor);
    }
    return tensor;
  }
}
