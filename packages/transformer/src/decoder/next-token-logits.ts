import { type Tensor, gatherRows } from '@icl-gd/gpu-kernels';
import { embed } from './embedding.ts';
import { forwardLayers } from './forward.ts';
import { logitsOf } from './head.ts';
import type { Pass } from './pass.ts';

/** Records the logits of the token after the batch's last row: [1, V]. */
export function recordNextTokenLogits(pass: Pass): Tensor {
  const residual = forwardLayers(pass, embed(pass));
  const last = pass.tensor([1, pass.config.dModel], 'last row');
  gatherRows(pass.gpu, {
    x: residual,
    rows: pass.indices([pass.tokens - 1], 'index of the last row'),
    out: last,
  });
  return logitsOf(pass, last);
}
