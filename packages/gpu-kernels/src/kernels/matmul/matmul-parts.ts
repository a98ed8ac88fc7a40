import type { Gpu } from '../../runtime/gpu.ts';
import { inBindings } from './activated.ts';
import { ProductParts } from './product-parts.ts';
import { type SetProduct, planSet } from './set.ts';
import { chunksOf, recordParts } from './tiled-product.ts';

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
  if (!inBindings(gpu, product) || chunksOf(tuning, product).parts === 1) return undefined;
  const { transposeB = false } = product;
  const task = { a, b, c, transposeA: false, transposeB, bias, biasOffset, accumulate: false, regime };
  const tensor = recordParts(gpu, tuning, task);
  const { parts } = chunksOf(tuning, product);
  return new ProductParts({ tensor, counts: [parts], bias, shape: [c.rows, c.columns] });
}
