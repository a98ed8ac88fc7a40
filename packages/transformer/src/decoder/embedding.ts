import { type Scope, type Tensor, add, embeddingForward, embeddingBackward } from '@icl-gd/gpu-kernels';
import type { ParameterSet } from '../weights/parameter-set.ts';
import type { DecoderContext } from './context.ts';
import type { Gradients } from './gradients.ts';
import { linear, linearInputGradient } from './linear.ts';

/** Name under which a fixed position table is kept beside the parameters: sinusoidal rows, or rotary angles. */
export const POSITION_TABLE = 'embedding.positions';
const PROJECTION = 'embedding.projection';

/** Scaled token embeddings, projected where the model does that, plus positions unless they are rotary: [totalTokens, dModel]. */
export function embed(context: DecoderContext, scope: Scope, parameters: ParameterSet): Tensor {
  const { gpu, config, batch } = context;
  const positions =
    config.positions.kind === 'rotary'
      ? undefined
      : { positions: batch.positions, positionTable: parameters.get(POSITION_TABLE) };
  if (!parameters.find(`${PROJECTION}.weight`)) return embedTokens(context, scope, parameters, positions);
  using inner = gpu.scope();
  const projected = linear(context, inner, parameters, PROJECTION, embedTokens(context, inner, parameters));
  if (!positions) return scope.own(inner.release(projected));
  const placed = inner.tensor(projected.shape, 'embedding.position');
  embeddingForward(gpu, { tokens: batch.positions, table: positions.positionTable, scale: 1, out: placed });
  const out = scope.tensor(projected.shape, 'embedding');
  add(gpu, { x: projected, y: placed, out });
  return out;
}

function embedTokens(
  { gpu, config, batch }: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  positions: { positions: Tensor; positionTable: Tensor } | undefined = undefined,
): Tensor {
  const table = parameters.get('embedding.tokens');
  const out = scope.tensor([batch.sequences.totalTokens, table.shape[1] ?? 0], 'embedding.tokens');
  embeddingForward(gpu, { tokens: batch.tokens, table, scale: config.embeddingScale, ...positions, out });
  return out;
}

/** Adds the gradients of token embeddings, their projection and learned positions; the group must have them. */
export function embedBackward(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  gradOutput: Tensor,
  gradients: Gradients,
): void {
  const { gpu, config, batch } = context;
  const table = parameters.get('embedding.tokens');
  let gradTokens = gradOutput;
  if (parameters.find(`${PROJECTION}.weight`)) {
    gradients.addLinear(PROJECTION, embedTokens(context, scope, parameters), gradOutput);
    gradTokens = linearInputGradient(context, scope, parameters, PROJECTION, gradOutput);
  }
  embeddingBackward(gpu, {
    tokens: batch.tokenIds,
    gradOutput: gradTokens,
    gradTable: gradients.get('embedding.tokens', table.shape),
    scale: config.embeddingScale,
  });
  if (config.positions.kind !== 'learned') return;
  const positions = parameters.get('embedding.positions');
  embeddingBackward(gpu, {
    tokens: batch.positionIds,
    gradOutput,
    gradTable: gradients.get('embedding.positions', positions.shape),
    scale: 1,
  });
}
