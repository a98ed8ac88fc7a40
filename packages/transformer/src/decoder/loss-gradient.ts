import type { Tensor } from '@icl-gd/gpu-kernels';
import { embed, embedBackward, trainsEmbedding } from './embedding.ts';
import { forwardLayers } from './forward.ts';
import { headLossAndGradient } from './head.ts';
import { type LayerActivations, layerBackward, layerForward } from './layer.ts';
import type { Pass } from './pass.ts';
import type { TargetPlan } from './targets.ts';

/**
 * Where the loss is taken: at the model's `output`, gradients flowing through all layers (gradient descent), or
 * `layerwise`, the output of each layer through final norm and unembedding, its input detached (layer-causal gradient
 * descent, arXiv 2311.07772v4).
 */
export type Objective = 'output' | 'layerwise';

export interface LossOptions {
  readonly objective: Objective;
  /** One target a row at most. */
  readonly targets: TargetPlan;
  /** float32; receives the loss in nats at `lossIndex`, for `layerwise` one a layer from there on. */
  readonly losses: Tensor;
  readonly lossIndex: number;
  /** Sees each layer's activations of the forward pass, which live as long as the call. */
  readonly onForward?: (layer: number, activations: LayerActivations) => void;
  /** Called when all gradients of a layer are recorded and its weights are no longer read: they may be updated here. */
  readonly onLayer?: (layer: number) => void;
}

/** Records forward and backward of the loss; the gradients of the pass's parameters are added to. */
export function recordLossGradient(pass: Pass, options: LossOptions): void {
  if (options.objective === 'output') outputGradient(pass, options);
  else layerwiseGradient(pass, options);
}

function outputGradient(pass: Pass, { targets, losses, lossIndex, onForward, onLayer }: LossOptions): void {
  let residual = embed(pass);
  const activations: LayerActivations[] = [];
  for (let layer = 0; layer < pass.config.layers; layer++) {
    const own = layerForward(pass, layer, residual);
    activations.push(own);
    onForward?.(layer, own);
    residual = own.output;
  }
  let gradResidual: Tensor;
  {
    using inner = pass.nested();
    gradResidual = inner.keep(headLossAndGradient(inner, residual, targets, { losses, index: lossIndex }));
  }
  const wantEmbedding = trainsEmbedding(pass);
  for (const [layer, own] of [...activations.entries()].toReversed()) {
    using inner = pass.nested();
    const gradInput = layerBackward(inner, layer, own, gradResidual, layer > 0 || wantEmbedding);
    if (gradInput) {
      gradResidual.dispose();
      gradResidual = inner.keep(gradInput);
    }
    onLayer?.(layer);
  }
  if (wantEmbedding) embedBackward(pass, gradResidual);
}

/** One layer in memory at a time: no gradient flows between layers. */
function layerwiseGradient(
  pass: Pass,
  { targets, losses, lossIndex, onForward, onLayer }: LossOptions,
): void {
  forwardLayers(pass, embed(pass), {
    onLayer(layer, activations, inner) {
      onForward?.(layer, activations);
      const place = { losses, index: lossIndex + layer };
      const gradOutput = headLossAndGradient(inner, activations.output, targets, place);
      layerBackward(inner, layer, activations, gradOutput, false);
      onLayer?.(layer);
    },
  });
}
