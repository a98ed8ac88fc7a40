import type { Tensor } from '@icl-gd/gpu-kernels';
import { embed, embedBackward, trainsEmbedding } from './embedding.ts';
import { forwardLayers } from './forward.ts';
import { headLossAndGradient } from './head.ts';
import {
  type LayerActivations,
  type LayerInput,
  attentionBlockBackward,
  layerBackward,
  layerForward,
} from './layer.ts';
import type { Pass } from './pass.ts';
import type { TargetPlan } from './targets.ts';

/**
 * Where the loss is taken: at the model's `output`, gradients flowing through all layers (gradient descent), or
 * `layerwise`, the output of each layer through final norm and unembedding, its input detached (layer-causal gradient
 * descent, arXiv 2311.07772v4).
 */
export type Objective = 'output' | 'layerwise';

/**
 * What of a layer goes through final norm and unembedding under `layerwise`: the whole `layer`'s output, as in the code released
 * with arXiv 2311.07772v4; the `residual` stream after its attention block (x + h, also where the feed-forward block is
 * parallel to it; behind its norm in a model with post-norms); or the `attention` block's output h alone.
 */
export type Readout = 'layer' | 'residual' | 'attention';

export const READOUTS: readonly Readout[] = ['layer', 'residual', 'attention'];

export interface LossOptions {
  readonly objective: Objective;
  /** For `layerwise`; `layer` if absent. */
  readonly readout?: Readout | undefined;
  /** One target a row at most. */
  readonly targets: TargetPlan;
  /**
   * float32; receives the loss in nats at `lossIndex`, of groups of targets one behind the other; for `layerwise` so many for each
   * layer, layer after layer.
   */
  readonly losses: Tensor;
  readonly lossIndex: number;
  /** Sees each layer's activations of the forward pass, which live as long as the call. */
  readonly onForward?: ((layer: number, activations: LayerActivations) => void) | undefined;
  /** Called when all gradients of a layer are recorded and its weights are no longer read: they may be updated here. */
  readonly onLayer?: (layer: number) => void;
}

/** Records forward and backward of the loss; the gradients of the pass's parameters are added to. */
export function recordLossGradient(pass: Pass, options: LossOptions): void {
  if (options.objective === 'output') outputGradient(pass, options);
  else layerwiseGradient(pass, options);
}

function outputGradient(pass: Pass, { targets, losses, lossIndex, onForward, onLayer }: LossOptions): void {
  let input: LayerInput = { residual: embed(pass) };
  const { layers } = pass.config;
  const activations: LayerActivations[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const own = layerForward(pass, layer, input, { isFollowed: layer + 1 < layers });
    activations.push(own);
    onForward?.(layer, own);
    input = { residual: own.output, normed: own.nextNorm };
  }
  let gradResidual: Tensor;
  {
    using inner = pass.nested();
    gradResidual = inner.keep(
      headLossAndGradient(inner, input.residual, targets, { losses, index: lossIndex }),
    );
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
  { readout = 'layer', targets, losses, lossIndex, onForward, onLayer }: LossOptions,
): void {
  forwardLayers(pass, embed(pass), {
    onLayer(layer, activations, inner) {
      onForward?.(layer, activations);
      const place = { losses, index: lossIndex + layer * (targets.groups?.targets.counts.length ?? 1) };
      const gradOutput = headLossAndGradient(inner, readFrom(activations, readout), targets, place);
      if (readout === 'layer') layerBackward(inner, layer, activations, gradOutput, false);
      else attentionBlockBackward(inner, layer, activations, gradOutput, readout);
      onLayer?.(layer);
    },
  });
}

/** The [T, d] that a readout takes. */
function readFrom({ attention, residualMiddle, output }: LayerActivations, readout: Readout): Tensor {
  if (readout === 'layer') return output;
  return readout === 'residual' ? residualMiddle : attention.output;
}
