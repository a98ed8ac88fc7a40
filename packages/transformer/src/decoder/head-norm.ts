import { type Tensor, rotatedNorm, rotatedNormBackward } from '@icl-gd/gpu-kernels';
import type { LayerParameters } from './layer-parameters.ts';
import type { Pass } from './pass.ts';

/** What norms of heads read. */
export interface HeadInputs {
  /** [T, H D]. */
  readonly query: Tensor;
  /** [T, H_kv D]. */
  readonly key: Tensor;
}

/**
 * Queries and keys, their heads normed and then rotated, where the model does both, the device does them together and nothing
 * asks for the gradients of such norms' weights; undefined elsewhere.
 */
export function rotatedHeads(
  pass: Pass,
  { queryNorm, keyNorm }: LayerParameters,
  headInputs: HeadInputs,
): (HeadInputs & { readonly headInputs: HeadInputs }) | undefined {
  const { gpu, config, gradients } = pass;
  if (!queryNorm || !keyNorm || config.norm !== 'rms' || config.positions.kind !== 'rotary') return undefined;
  if (gradients.hasAny(queryNorm) || gradients.hasAny(keyNorm)) return undefined;
  const [query, key] = [
    pass.tensor(headInputs.query.shape, queryNorm.name),
    pass.tensor(headInputs.key.shape, keyNorm.name),
  ];
  const heads = [
    { x: headInputs.query, weight: queryNorm.weight, out: query },
    { x: headInputs.key, weight: keyNorm.weight, out: key },
  ];
  if (rotatedNorm(gpu, { heads, ...rotation(pass) })) return { query, key, headInputs };
  query.dispose();
  key.dispose();
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
