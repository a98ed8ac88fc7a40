import { type Gpu, Resource, type Tensor } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import { type ParameterGroup, inGroup, inLayer, parameterSpecs } from '../parameters.ts';
import type { ModuleParameters } from '../weights/parameter-set.ts';

/** A tensor that a gradient is written or added to. */
export interface GradientTarget {
  readonly tensor: Tensor;
  readonly accumulate: boolean;
}

/** Gradients of a group's parameters by name, in float32: made when first asked for, written and then added to. */
export class Gradients extends Resource {
  readonly #gpu: Gpu;
  readonly #group: ReadonlySet<string>;
  readonly #tensors = new Map<string, Tensor>();
  /** Those whose contents are to count as zero. */
  readonly #blank = new Set<string>();

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

  /** Whether any parameter of a module is in the group. */
  hasAny({ name }: ModuleParameters): boolean {
    return this.has(`${name}.weight`) || this.has(`${name}.bias`);
  }

  /**
   * Where a parameter's gradient goes, undefined outside the group: to be written where nothing was added to it yet. Whoever
   * asks must do so.
   */
  target(name: string, shape: readonly number[]): GradientTarget | undefined {
    if (!this.has(name)) return undefined;
    let tensor = this.#tensors.get(name);
    if (tensor) return { tensor, accumulate: !this.#blank.delete(name) };
    tensor = this.#gpu.tensor(shape, { label: `gradient of ${name}`, exact: true });
    this.#tensors.set(name, tensor);
    return { tensor, accumulate: false };
  }

  weightTarget({ name, weight }: ModuleParameters): GradientTarget | undefined {
    return this.target(`${name}.weight`, weight.shape);
  }

  biasTarget({ name, bias }: ModuleParameters): GradientTarget | undefined {
    return bias && this.target(`${name}.bias`, bias.shape);
  }

  /** A parameter's gradient to add to, undefined outside the group. */
  get(name: string, shape: readonly number[]): Tensor | undefined {
    const target = this.target(name, shape);
    if (target && !target.accumulate) this.#gpu.clear(target.tensor);
    return target?.tensor;
  }

  weight({ name, weight }: ModuleParameters): Tensor | undefined {
    return this.get(`${name}.weight`, weight.shape);
  }

  bias({ name, bias }: ModuleParameters): Tensor | undefined {
    return bias && this.get(`${name}.bias`, bias.shape);
  }

  /** A gradient that was made, undefined if it was not. */
  find(name: string): Tensor | undefined {
    const tensor = this.#tensors.get(name);
    if (tensor && this.#blank.delete(name)) this.#gpu.clear(tensor);
    return tensor;
  }

  /** Frees the gradients of a layer's parameters: those of other layers take their place in memory. */
  drop(layer: number): void {
    for (const [name, tensor] of this.#tensors) {
      if (!inLayer(name, layer)) continue;
      tensor.dispose();
      this.#tensors.delete(name);
      this.#blank.delete(name);
    }
  }

  /** Sets all gradients to zero, keeping their memory. */
  clear(): void {
    for (const name of this.#tensors.keys()) this.#blank.add(name);
  }

  /** Gives all of them back; a second call does nothing. */
  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
    this.#blank.clear();
  }
}
