import type { Gpu } from '../../runtime/gpu.ts';
import { inBindings } from './activated.ts';
import { ProductParts } from './product-parts.ts';
import { type SetProduct, planSet } from './set.ts';
import { addParts, chunksOf, recordParts } from './tiled-product.ts';
import { matrix } from './matrix.ts';
import type { Tensor } from '../../runtime/tensor.ts';

/**
 * A product whose sums over chunks of k the adapter keeps apart, or products into one C that are a sum, without adding them up:
 * C is not written, and what comes next reads the parts, one dispatch fewer. Undefined, and nothing is recorded, where there
 * are no such parts: `matmulSet` then does the same.
 * @param products one, or a sum as `matmulSet` takes it
 */
export function matmulParts(gpu: Gpu, products: readonly SetProduct[]): ProductParts | undefined {
  const [first] = products;
  if (!first || first.accumulate) return undefined;
  return products.length === 1 ? partsOf(gpu, first) : planSet(gpu, products)?.recordParts?.();
}

function partsOf(gpu: Gpu, product: SetProduct): ProductParts | undefined {
  const { a, b, c, bias, biasOffset = 0, regime = gpu.regime } = product;
  const { matmul: tuning } = gpu.tuning;
  if (tuning.strategy !== 'tiled' || regime !== 'training' || product.transposeA || biasOffset > 0)
    return undefined;
  if (product.columnSums || !inBindings(gpu, product) || chunksOf(tuning, product).parts === 1)
    return undefined;
  const { transposeB = false } = product;
  const task = { a, b, c, transposeA: false, transposeB, bias, biasOffset, accumulate: false, regime };
  const tensor = recordParts(gpu, tuning, task);
  const { parts } = chunksOf(tuning, product);
  return new ProductParts({ tensor, counts: [parts], bias, shape: [c.rows, c.columns] });
}

/** Whether parts are of one product alone, without a bias. */
export function isPlainProduct({ counts, bias }: ProductParts): boolean {
  return counts.length === 1 && !bias;
}

/**
 * out = a product without a bias that came in parts: what whoever does not read them needs.
 * @param out float32, of its shape
 * @throws RangeError for a sum of products, and for one with a bias
 */
export function addUpParts(gpu: Gpu, parts: ProductParts, out: Tensor): void {
  if (!isPlainProduct(parts)) throw new RangeError(`${parts.label} are of more than one product`);
  const task = { c: matrix(out), bias: undefined, biasOffset: 0, accumulate: false };
  addParts(gpu, task, { partial: parts.tensor, parts: parts.counts[0] as number, finish: undefined });
}
