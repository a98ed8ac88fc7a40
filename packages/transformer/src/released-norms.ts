import { type Gpu, type Tensor, addScaled, scaleInPlace } from '@icl-gd/gpu-kernels';
import type { Gradients } from './decoder/gradients.ts';
import { inLayer } from './parameters.ts';

/**
 * The gradient norm that the authors' trainer logs (paper.md, gradient norm `released`): over all of a layer's
 * parameters, of the loss summed over tokens, the gradients of frozen parameters never reset between steps.
 */
export class ReleasedNorms implements Disposable {
  readonly #gpu: Gpu;
  readonly #accumulated = new Map<string, Tensor>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * Takes in one step's gradients of a layer, of the mean loss over `tokens` predictions.
   * @param isTrained tells the parameters whose gradients are reset at every step
   * @returns tensors whose joint l2 norm is wanted; those of trained parameters are the gradients themselves, rescaled
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
