import { type Tensor, add, embeddingBackward, embeddingForward } from '@icl-gd/gpu-kernels';
import { addLinearGradients, linear, linearInputGradient } from './linear.ts';
import type { Pass } from './pass.ts';
import { POSITION_TABLE } from './positions.ts';

const TOKENS = 'embedding.tokens';
const PROJECTION = 'embedding.projection';

/**
 * The residual stream before the first layer: scaled token embeddings, projected where the model does that, plus
 * positions unless they are rotary.
 * @returns [T, d]
 */
export function embed(pass: Pass): Tensor {
  const { gpu, config, batch, parameters } = pass;
  const positionTable = config.positions.kind === 'rotary' ? undefined : pass.positionTable;
  const projection = parameters.findModule(PROJECTION);
  if (!projection) return embedTokens(pass, positionTable);
  using inner = pass.nested();
  const projected = linear(inner, projection, embedTokens(inner));
  if (!positionTable) return inner.keep(projected);
  const placed = inner.tensor(projected.shape, 'embedding.position');
  embeddingForward(gpu, { tokens: batch.positions, table: positionTable, scale: 1, out: placed });
  const out = pass.tensor(projected.shape, 'embedding');
  add(gpu, { x: projected, y: placed, out });
  return out;
}

/** Scaled token embeddings, plus positions where their table is given: [T, width of the token table]. */
function embedTokens(pass: Pass, positionTable?: Tensor): Tensor {
  const { gpu, config, batch, parameters } = pass;
  const table = parameters.get(TOKENS);
  const out = pass.tensor([pass.tokens, table.shape[1] ?? 0], TOKENS);
  embeddingForward(gpu, {
    tokens: batch.tokens,
    table,
    scale: config.embeddingScale,
    ...(positionTable ? { positions: batch.positions, positionTable } : {}),
    out,
  });
  return out;
}

/** Whether the embeddings are trained, so that {@link embedBackward} has something to do. */
export function trainsEmbedding({ gradients }: Pass): boolean {
  return gradients.has(TOKENS);
}

/**
 * Adds the gradients of token embeddings, of their projection and of learned positions, where they are trained.
 * @param gradOutput gradient with respect to the residual stream before the first layer, [T, d]
 */
export function embedBackward(pass: Pass, gradOutput: Tensor): void {
  const { gpu, config, batch, parameters, gradients } = pass;
  const projection = parameters.findModule(PROJECTION);
  let gradEmbedded = gradOutput;
  if (projection) {
    addLinearGradients(pass, [{ module: projection, x: embedTokens(pass), gradOutput }]);
    gradEmbedded = linearInputGradient(pass, projection, gradOutput);
  }
  const gradTable = gradients.get(TOKENS, parameters.get(TOKENS).shape);
  const scale = config.embeddingScale;
  if (gradTable)
    embeddingBackward(gpu, { tokens: batch.tokenIds, gradOutput: gradEmbedded, gradTable, scale });
  if (config.positions.kind !== 'learned') return;
  const gradPositions = gradients.get(POSITION_TABLE, parameters.get(POSITION_TABLE).shape);
  if (gradPositions)
    embeddingBackward(gpu, { tokens: batch.positionIds, gradOutput, gradTable: gradPositions, scale: 1 });
}
