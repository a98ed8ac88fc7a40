import { type SetProduct, type Tensor, rotatedNormBackward, rotatedNormMatmul } from '@icl-gd/gpu-kernels';
import type { LayerParameters } from './layer-parameters.ts';
import { linearProduct } from './linear.ts';
import type { Pass } from './pass.ts';

/** What norms of heads read. */
export interface HeadInputs {
  /** [T, H D]. */
  readonly query: Tensor;
  /** [T, H_kv D]. */
  readonly key: Tensor;
}

/**
 * Queries, keys and values of x, heads of the first two normed and then rotated, where the model does both, the device does them
 * together and nothing asks for the gradients of such norms' weights; undefined elsewhere.
 */
export function rotatedHeads(
  pass: Pass,
  { queryNorm, keyNorm, ...layer }: LayerParameters,
  x: Tensor,
): (HeadInputs & { readonly value: Tensor; readonly headInputs: HeadInputs }) | undefined {
  const { gpu, config, gradients } = pass;
  if (!queryNorm || !keyNorm || config.norm !== 'rms' || config.positions.kind !== 'rotary') return undefined;
  if (gradients.hasAny(queryNorm) || gradients.hasAny(keyNorm)) return undefined;
  const [q, k, v] = [layer.query, layer.key, layer.value].map((module) => linearProduct(pass, module, x)) as [
    SetProduct,
    SetProduct,
    SetProduct,
  ];
  const headInputs = { query: q.c.tensor, key: k.c.tensor };
  const [query, key] = [
    pass.tensor(headInputs.query.shape, queryNorm.name),
    pass.tensor(headInputs.key.shape, keyNorm.name),
  ];
  const isMade = rotatedNormMatmul(gpu, {
    query: { product: q, weight: queryNorm.weight, out: query },
    key: { product: k, weight: keyNorm.weight, out: key },
    value: v,
    ...rotation(pass),
  });
  if (isMade) return { query, key, value: v.c.tensor, headInputs };
  for (const tensor of [query, key, headInputs.query, headInputs.key, v.c.tensor]) tensor.dispose();
  return undefined;
}

/** The gradients with respect to what {@link rotatedHeads} read. */
export function rotatedHeadsBackward(
  pass: Pass,
  { queryNorm, keyNorm }: LayerParameters,
  { query, key }: HeadInputs,
  gradients: { readonly query: Tensor | undefined; readonly key: Tensor },
): { readonly query: Tensor | undefined; readonly key: Tensor } {
  const backward = (x: Tensor, gradOutput: Tensor, module: LayerParameters['queryNorm']) => {
    if (!module) throw new RangeError('gradients of heads that have no norms');
    const gradInput = pass.tensor(x.shape, `gradient of the input of ${module.name}`);
    return { x, gradOutput, gradInput, weight: module.weight };
  };
  const ofKey = backward(key, gradients.key, keyNorm);
  const ofQuery = gradients.query && backward(query, gradients.query, queryNorm);
  const heads = ofQuery ? [ofKey, ofQuery] : [ofKey];
  rotatedNormBackward(pass.gpu, { heads, ...rotation(pass) });
  return { key: ofKey.gradInput, query: ofQuery?.gradInput };
}

function rotation({ config, batch, positionTable }: Pass) {
  return { epsilon: config.normEpsilon, positions: batch.positions, table: positionTable };
}
