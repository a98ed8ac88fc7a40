import { Resource } from '../../runtime/resource.ts';
import type { Tensor } from '../../runtime/tensor.ts';

/** Most chunks of k whose sums are added up. */
export const MAX_CHUNKS = 64;

/** Most products that are one sum. */
export const MAX_SUMMED = 3;

/**
 * A product [rows, columns], or a sum of up to three, whose sums over chunks of k are kept apart: whoever reads it adds them up,
 * the chunks of each product in their order, then the products, then the bias. To be disposed when it is read.
 */
export class ProductParts extends Resource {
  /** float32 [parts of all products, rows, columns]. */
  readonly tensor: Tensor;
  /** Parts of each product. */
  readonly counts: readonly number[];
  /** float32 [columns], added to every row. */
  readonly bias: Tensor | undefined;
  /** Of the sum. */
  readonly shape: readonly [number, number];

  constructor({
    tensor,
    counts,
    bias,
    shape,
  }: Pick<ProductParts, 'tensor' | 'counts' | 'shape'> & { readonly bias?: Tensor | undefined }) {
    super();
    this.tensor = tensor;
    this.counts = counts;
    this.bias = bias;
    this.shape = shape;
  }

  /** What errors call it. */
  get label(): string {
    return this.tensor.label;
  }

  /** Elements of the sum. */
  get length(): number {
    return this.shape[0] * this.shape[1];
  }

  /** Gives the memory back; a second call does nothing. */
  dispose(): void {
    this.tensor.dispose();
  }
}
