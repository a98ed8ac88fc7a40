import { type Gpu, type Tensor, columnSum, matmul, matrix } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import { type ParameterGroup, inGroup, parameterSpecs } from '../parameters.ts';

/** Gradient tensors by parameter name, accumulated into. Parameters outside the group have none. */
export class Gradients implements Disposable {
  #gpu: Gpu;
  #wanted: ReadonlySet<string>;
  #tensors = new Map<string, Tensor>();

  constructor(gpu: Gpu, config: DecoderConfig, group: ParameterGroup) {
    this.#gpu = gpu;
    this.#wanted = new Set(
      parameterSpecs(config).flatMap(({ name }) => (inGroup(name, group) ? [name] : [])),
    );
  }

  get names(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  /** Whether the model has this parameter and the group trains it. */
  wants(name: string): boolean {
    return this.#wanted.has(name);
  }

  /** The gradient of a parameter of the group, zero at first. */
  get(name: string, shape: readonly number[]): Tensor {
    let tensor = this.#tensors.get(name);
    if (!tensor) {
      tensor = this.#gpu.tensor(shape, { label: `gradient of ${name}`, exact: true });
      this.#gpu.clear(tensor);
      this.#tensors.set(name, tensor);
    }
    return tensor;
  }

  find(name: string): Tensor | undefined {
    return this.#tensors.get(name);
  }

  /** Adds a linear layer's weight and bias gradients, if the group has them. */
  addLinear(name: string, x: Tensor, gradOutput: Tensor): void {
    const [outputs, inputs] = [gradOutput.shape[1] ?? 0, x.shape[1] ?? 0];
    if (this.wants(`${name}.weight`)) {
      const weight = this.get(`${name}.weight`, [outputs, inputs]);
      matmul(this.#gpu, {
        a: matrix(gradOutput),
        b: matrix(x),
        c: matrix(weight),
        transposeA: true,
        accumulate: true,
      });
    }
    if (this.wants(`${name}.bias`))
      columnSum(this.#gpu, { x: gradOutput, out: this.get(`${name}.bias`, [outputs]), accumulate: true });
  }

  /** Frees the gradients of a layer's parameters: those of other layers take their place in memory. */
  drop(layer: number): void {
    for (const [name, tensor] of this.#tensors) {
      if (!name.startsWith(`layers.${layer}.`)) continue;
      tensor.dispose();
      this.#tensors.delete(name);
    }
  }

  /** Sets all gradients to zero, keeping their memory. */
  clear(): void {
    for (const tensor of this.#tensors.values()) this.#gpu.clear(tensor);
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }
}
