import { type Scope, gatherRows, matmul, matrix } from '@icl-gd/gpu-kernels';
import type { ParameterSet } from '../weights/parameter-set.ts';
import type { DecoderContext } from './context.ts';
import { embed } from './embedding.ts';
import { headInput, unembeddingOf } from './head.ts';
import { layerForward } from './layer.ts';

/** Logits [vocabSize] of the token after a batch's last row. */
export async function nextTokenLogits(
  context: DecoderContext,
  parameters: ParameterSet,
): Promise<Float32Array> {
  const { gpu, config, batch } = context;
  using scope = gpu.scope();
  let hidden = embed(context, scope, parameters);
  for (let layer = 0; layer < config.layers; layer++) {
    using layerScope: Scope = gpu.scope();
    const { output } = layerForward(context, layerScope, parameters, layer, hidden);
    hidden.dispose();
    hidden = scope.own(layerScope.release(output));
  }
  const row = scope.upload(Uint32Array.of(batch.sequences.totalTokens - 1), [1], 'last row');
  const last = scope.tensor([1, config.dModel], 'last hidden state');
  gatherRows(gpu, { x: hidden, rows: row, out: last });
  const logits = scope.tensor([1, config.vocabSize], 'logits');
  matmul(gpu, {
    a: matrix(headInput(context, scope, parameters, last).out),
    b: matrix(unembeddingOf(parameters).weight),
    c: matrix(logits),
    transposeB: true,
  });
  return gpu.read(logits);
}
