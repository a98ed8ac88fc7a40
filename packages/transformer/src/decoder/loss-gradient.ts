import type { Scope, Tensor } from '@icl-gd/gpu-kernels';
import type { ParameterSet } from '../weights/parameter-set.ts';
import type { DecoderContext } from './context.ts';
import { embed, embedBackward } from './embedding.ts';
import type { Gradients } from './gradients.ts';
import { type TargetPlan, headLossAndGradient } from './head.ts';
import { type LayerActivations, layerForward } from './layer.ts';
import { layerBackward } from './layer-backward.ts';

/**
 * Where the loss is taken (paper.md, GD and LCGD): at the model's `output`, gradients flowing through all layers, or
 * `layerwise`, each layer's output through the final norm and the unembedding, its input detached.
 */
export type Objective = 'output' | 'layerwise';

export interface LossArguments {
  readonly context: DecoderContext;
  readonly parameters: ParameterSet;
  readonly targets: TargetPlan;
  readonly gradients: Gradients;
  /** f32; receives the loss at `lossIndex`, for `layerwise` one per layer from there on. */
  readonly losses: Tensor;
  readonly lossIndex: number;
  /** Called when all gradients of a layer are recorded and its weights are no longer read: they may be updated here. */
  readonly onLayer?: (layer: number) => void;
}

/** Records forward and backward of the loss for one batch; gradients of the group are added to. */
export function recordLossGradient(objective: Objective, args: LossArguments): void {
  if (objective === 'output') outputGradient(args);
  else layerwiseGradient(args);
}

function outputGradient(args: LossArguments): void {
  const { context, parameters, targets, gradients, losses, lossIndex, onLayer } = args;
  using scope = context.gpu.scope();
  let hidden = embed(context, scope, parameters);
  const activations: LayerActivations[] = [];
  for (let layer = 0; layer < context.config.layers; layer++) {
    const layerActivations = layerForward(context, scope, parameters, layer, hidden);
    activations.push(layerActivations);
    hidden = layerActivations.output;
  }
  let gradOutput: Tensor;
  {
    using headScope = context.gpu.scope();
    const gradient = headLossAndGradient(
      context,
      headScope,
      parameters,
      hidden,
      targets,
      gradients,
      losses,
      lossIndex,
    );
    gradOutput = scope.own(headScope.release(gradient));
  }
  const trainsEmbedding = gradients.wants('embedding.tokens');
  for (let layer = context.config.layers - 1; layer >= 0; layer--) {
    using layerScope = context.gpu.scope();
    const wantInput = layer > 0 || trainsEmbedding;
    const layerActivations = activations[layer] as LayerActivations;
    const gradInput = layerBackward(
      context,
      layerScope,
      parameters,
      layer,
      layerActivations,
      gradOutput,
      gradients,
      wantInput,
    );
    if (gradInput) {
      gradOutput.dispose();
      gradOutput = scope.own(layerScope.release(gradInput));
    }
    onLayer?.(layer);
  }
  if (trainsEmbedding) embedBackward(context, scope, parameters, gradOutput, gradients);
}

/** One layer in memory at a time: nothing flows between layers. */
function layerwiseGradient(args: LossArguments): void {
  const { context, parameters, targets, gradients, losses, lossIndex, onLayer } = args;
  const { gpu } = context;
  using scope = gpu.scope();
  let hidden = embed(context, scope, parameters);
  for (let layer = 0; layer < context.config.layers; layer++) {
    using layerScope: Scope = gpu.scope();
    const activations = layerForward(context, layerScope, parameters, layer, hidden);
    const gradOutput = headLossAndGradient(
      context,
      layerScope,
      parameters,
      activations.output,
      targets,
      gradients,
      losses,
      lossIndex + layer,
    );
    layerBackward(context, layerScope, parameters, layer, activations, gradOutput, gradients, false);
    hidden.dispose();
    hidden = scope.own(layerScope.release(activations.output));
    onLayer?.(layer);
  }
}
