import {
  type Tensor,
  activationBackward,
  activationForward,
  gatedActivationBackward,
  gatedActivationForward,
} from '@icl-gd/gpu-kernels';
import type { GradientTarget } from './gradients.ts';
import type { LayerParameters } from './layer-parameters.ts';
import { addLinearGradients, linear, linearInputGradient } from './linear.ts';
import type { Pass } from './pass.ts';

/** What the backward pass of a feed-forward block reads. */
export interface FeedForwardActivations {
  /** [T, d]. */
  readonly input: Tensor;
  /** What the activation sees, up x or, in a gated block, gate x: [T, F]. */
  readonly preActivation: Tensor;
  /** up x of a gated block, which the activated gate multiplies: [T, F]. */
  readonly gated: Tensor | undefined;
  /** What the down projection reads: [T, F]. */
  readonly postActivation: Tensor;
  /** [T, d]. */
  readonly output: Tensor;
}

/** A feed-forward block, without its norm and its residual: down f(up x), or down (f(gate x) · up x). */
export function feedForward(pass: Pass, layer: LayerParameters, input: Tensor): FeedForwardActivations {
  const { gpu } = pass;
  const kind = pass.config.activation;
  const up = linear(pass, layer.up, input);
  const postActivation = pass.tensor(up.shape, 'feedForward.postActivation');
  const gate = layer.gate && linear(pass, layer.gate, input);
  if (gate) gatedActivationForward(gpu, { kind, gate, up, out: postActivation });
  else activationForward(gpu, { kind, x: up, out: postActivation });
  return {
    input,
    preActivation: gate ?? up,
    gated: gate && up,
    postActivation,
    output: linear(pass, layer.down, postActivation),
  };
}

/**
 * Backward of {@link feedForward}.
 * @param gradOutput gradient with respect to the block's output, [T, d]
 * @param gradInput where the gradient with respect to the block's input goes; it may be added to `gradOutput` itself
 */
export function feedForwardBackward(
  pass: Pass,
  layer: LayerParameters,
  { input, preActivation, gated, postActivation }: FeedForwardActivations,
  gradOutput: Tensor,
  gradInput: GradientTarget,
): void {
  const { gpu } = pass;
  const kind = pass.config.activation;
  const gradUp = linearInputGradient(pass, layer.down, gradOutput);
  addLinearGradients(pass, [{ module: layer.down, x: postActivation, gradOutput }]);
  if (layer.gate && gated) {
    const gradGate = pass.tensor(preActivation.shape, 'gradient of the gate');
    gatedActivationBackward(gpu, { kind, gate: preActivation, up: gated, gradient: gradUp, gradGate });
    linearInputGradient(pass, layer.gate, gradGate, gradInput);
    addLinearGradients(pass, [{ module: layer.gate, x: input, gradOutput: gradGate }]);
  } else {
    activationBackward(gpu, { kind, x: preActivation, gradient: gradUp });
  }
  const accumulate = gradInput.accumulate || gated !== undefined;
  linearInputGradient(pass, layer.up, gradUp, { tensor: gradInput.tensor, accumulate });
  addLinearGradients(pass, [{ module: layer.up, x: input, gradOutput: gradUp }]);
}
