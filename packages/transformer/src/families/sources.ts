import type { ParameterSource } from './family.ts';

type Shape = readonly number[];
/** How a stored tensor is more than one parameter, as it is. */
type Layout = Omit<ParameterSource, 'tensors' | 'shape'>;

/** Collects where a family's checkpoints have the decoder's parameters. */
export class Sources {
  readonly #prefixes: readonly string[];
  readonly #sources = new Map<string, ParameterSource>();

  /** @param prefixes what may stand before the names of tensors; the first that exists is taken */
  constructor(prefixes: readonly string[]) {
    this.#prefixes = prefixes;
  }

  /** Sources by parameter. */
  get map(): ReadonlyMap<string, ParameterSource> {
    return this.#sources;
  }

  /** A parameter that is one stored tensor, or a part of one. */
  tensor(parameter: string, tensor: string, shape: Shape, layout: Layout = {}): void {
    const tensors = this.#prefixes.map((prefix) => `${prefix}${tensor}`);
    this.#sources.set(parameter, { tensors, shape, ...layout });
  }

  /**
   * Weight and, if there is one, bias of a linear layer or norm.
   * @param shape of the weight; the bias has its first dimension
   */
  module(parameter: string, tensor: string, shape: Shape, hasBias = true, layout: Layout = {}): void {
    this.tensor(`${parameter}.weight`, `${tensor}.weight`, shape, layout);
    if (hasBias) this.tensor(`${parameter}.bias`, `${tensor}.bias`, shape.slice(0, 1), layout);
  }

  /** An unembedding of its own, named without prefix. */
  unembedding(tensors: readonly string[], shape: Shape): void {
    this.#sources.set('unembedding', { tensors, shape });
  }
}
