import {
  type Tensor,
  activationBackward,
  activationForward,
  gatedActivationBackward,
  gatedActivationForward,
} from '@icl-gd/gpu-kernels';
import type { GradientTarget } from './gradients.ts';
import type { LayerParameters } from './layer-parameters.ts';
import { addInputGradients, addLinearGradients, linear, linearInputGradient, linears } from './linear.ts';
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
  const modules = layer.gate ? [layer.up, layer.gate] : [layer.up];
  const [up, gate] = linears(pass, modules, input) as [Tensor, Tensor | undefined];
  const postActivation = pass.tensor(up.shape, 'feedForward.postActivation');
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
  const layers = [{ module: layer.up, gradOutput: gradUp }];
  if (layer.gate && gated) {
    const gradGate = pass.tensor(preActivation.shape, 'gradient of the gate');
    gatedActivationBackward(gpu, { kind, gate: preActivation, up: gated, gradient: gradUp, gradGate });
    layers.unshift({ module: layer.gate, gradOutput: gradGate });
  } else {
    activationBackward(gpu, { kind, x: preActivation, gradient: gradUp });
  }
  addInputGradients(pass, layers, gradInput);
  addLinearGradients(
    pass,
    layers.map((own) => ({ ...own, x: input })),
  );
}
