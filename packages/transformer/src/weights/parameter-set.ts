import { Resource, type Tensor } from '@icl-gd/gpu-kernels';

/** Parameters of one linear layer or norm: `<name>.weight` and, where the model has it, `<name>.bias`. */
export interface ModuleParameters {
  readonly name: string;
  /** A linear layer's [outputs, inputs], a norm's [width]. */
  readonly weight: Tensor;
  /** [outputs] or [width]. */
  readonly bias: Tensor | undefined;
}

/** A table of positions that are computed, as long as was asked for. */
export interface ComputedPositions extends Disposable {
  /** The table with so many rows or more; valid until more are asked for. */
  atLeast(rows: number): Tensor;
}

/** The decoder's parameters by name. An overlay shares every tensor that it does not replace. */
export class ParameterSet extends Resource {
  #own: ReadonlyMap<string, Tensor>;
  #base: ParameterSet | undefined;
  #positions: ComputedPositions | undefined;

  constructor(own: ReadonlyMap<string, Tensor>, base?: ParameterSet, positions?: ComputedPositions) {
    super();
    this.#own = own;
    this.#base = base;
    this.#positions = positions;
  }

  /** @throws RangeError if there is no such parameter */
  get(name: string): Tensor {
    const tensor = this.find(name);
    if (!tensor) throw new RangeError(`no parameter ${name}`);
    return tensor;
  }

  /** As `get`, undefined if there is no such parameter. */
  find(name: string): Tensor | undefined {
    return this.#own.get(name) ?? this.#base?.find(name);
  }

  /** @throws RangeError if there is no such weight */
  module(name: string): ModuleParameters {
    return { name, weight: this.get(`${name}.weight`), bias: this.find(`${name}.bias`) };
  }

  /** Weight and bias of a linear layer or a norm; undefined if there is no such weight. */
  findModule(name: string): ModuleParameters | undefined {
    return this.find(`${name}.weight`) && this.module(name);
  }

  /** Replaces some parameters, leaving this set as it is. The overlay owns the replacements. */
  overlay(replacements: ReadonlyMap<string, Tensor>): ParameterSet {
    return new ParameterSet(replacements, this);
  }

  /** What the overlay replaces, by name; nothing of a set that is none. An overlay of nothing is as what it lies on. */
  get replacements(): ReadonlyMap<string, { readonly before: Tensor; readonly after: Tensor }> {
    const base = this.#base;
    if (!base) return new Map();
    if (this.#own.size === 0) return base.replacements;
    return new Map([...this.#own].map(([name, after]) => [name, { before: base.get(name), after }]));
  }

  /** What this set lies on; undefined of one that lies on nothing. */
  get base(): ParameterSet | undefined {
    return this.#base?.foundation;
  }

  /** This set, or of an overlay of nothing what it lies on. */
  get foundation(): ParameterSet {
    return this.#own.size === 0 && this.#base ? this.#base.foundation : this;
  }

  /** This set with computed positions, owned by the result; use the result from then on. */
  withPositions(positions: ComputedPositions): ParameterSet {
    return new ParameterSet(this.#own, this.#base, positions);
  }

  /** Computed positions; undefined where the model learns them. */
  get positions(): ComputedPositions | undefined {
    return this.#positions ?? this.#base?.positions;
  }

  /** Disposes the parameters that this set owns, not those of its base. */
  dispose(): void {
    for (const tensor of this.#own.values()) tensor.dispose();
    this.#positions?.[Symbol.dispose]();
  }
}
