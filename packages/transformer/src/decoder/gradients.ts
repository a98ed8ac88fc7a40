import { type Gpu, Resource, type Tensor } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import { type ParameterGroup, inGroup, inLayer, parameterSpecs } from '../parameters.ts';
import type { ModuleParameters } from '../weights/parameter-set.ts';

/** Gradients of a group's parameters by name, in float32: made when first asked for, zero at first, added to. */
export class Gradients extends Resource {
  readonly #gpu: Gpu;
  readonly #group: ReadonlySet<string>;
  readonly #tensors = new Map<string, Tensor>();

  /** @param group names of the parameters that have gradients; none if absent */
  constructor(gpu: Gpu, group: Iterable<string> = []) {
    super();
    this.#gpu = gpu;
    this.#group = new Set(group);
  }

  static ofGroup(gpu: Gpu, config: DecoderConfig, group: ParameterGroup): Gradients {
    const names = parameterSpecs(config).map(({ name }) => name);
    return new Gradients(
      gpu,
      names.filter((name) => inGroup(name, group)),
    );
  }

  /** Names of the gradients made so far. */
  get names(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  /** Whether a parameter is in the group. */
  has(name: string): boolean {
    return this.#group.has(name);
  }

  hasWeight({ name }: ModuleParameters): boolean {
    return this.has(`${name}.weight`);
  }

  /** A parameter's gradient, undefined outside the group. */
  get(name: string, shape: readonly number[]): Tensor | undefined {
    if (!this.has(name)) return undefined;
    let tensor = this.#tensors.get(name);
    if (!tensor) {
      tensor = this.#gpu.tensor(shape, { label: `gradient of ${name}`, exact: true });
      this.#gpu.clear(tensor);
      this.#tensors.set(name, tensor);
    }
    return tensor;
  }

  weight({ name, weight }: ModuleParameters): Tensor | undefined {
    return this.get(`${name}.weight`, weight.shape);
  }

  bias({ name, bias }: ModuleParameters): Tensor | undefined {
    return bias && this.get(`${name}.bias`, bias.shape);
  }

  /** A gradient that was made, undefined if it was not. */
  find(name: string): Tensor | undefined {
    return this.#tensors.get(name);
  }

  /** Frees the gradients of a layer's parameters: those of other layers take their place in memory. */
  drop(layer: number): void {
    for (const [name, tensor] of this.#tensors) {
      if (!inLayer(name, layer)) continue;
      tensor.dispose();
      this.#tensors.delete(name);
    }
  }

  /** Sets all gradients to zero, keeping their memory. */
  clear(): void {
    for (const tensor of this.#tensors.values()) this.#gpu.clear(tensor);
  }

  /** Gives all of them back; a second call does nothing. */
  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }
}
