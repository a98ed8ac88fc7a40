import { type Tensor, gatedActivationBackward, gatedActivationForward } from '@icl-gd/gpu-kernels';
import type { ModuleParameters } from '../weights/parameter-set.ts';
import type { GradientTarget } from './gradients.ts';
import type { LayerParameters } from './layer-parameters.ts';
import {
  activatedInputGradient,
  activatedLinear,
  addInputGradients,
  addLinearGradients,
  linear,
  linearInputGradient,
  linears,
} from './linear.ts';
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
  const shape = [input.shape[0] ?? 0, layer.up.weight.shape.at(-2) ?? 0];
  const postActivation = pass.tensor(shape, 'feedForward.postActivation');
  const { preActivation, gated } = activate(pass, layer, input, postActivation);
  const output = linear(pass, layer.down, postActivation);
  return { input, preActivation, gated, postActivation, output };
}

function activate(
  pass: Pass,
  { up: upModule, gate: gateModule }: LayerParameters,
  input: Tensor,
  out: Tensor,
): Pick<FeedForwardActivations, 'preActivation' | 'gated'> {
  if (!gateModule) return { preActivation: activatedLinear(pass, upModule, input, out), gated: undefined };
  const [up, gate] = linears(pass, [upModule, gateModule], input) as [Tensor, Tensor];
  gatedActivationForward(pass.gpu, { kind: pass.config.activation, gate, up, out });
  return { preActivation: gate, gated: up };
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
  addLinearGradients(pass, [{ module: layer.down, x: postActivation, gradOutput }]);
  const layers = activationGradients(pass, layer, { preActivation, gated }, gradOutput);
  addInputGradients(pass, layers, gradInput);
  addLinearGradients(
    pass,
    layers.map((own) => ({ ...own, x: input })),
  );
}

/** The gradients with respect to what the activation reads. */
function activationGradients(
  pass: Pass,
  { up, gate, down }: LayerParameters,
  { preActivation, gated }: Pick<FeedForwardActivations, 'preActivation' | 'gated'>,
  gradOutput: Tensor,
): { readonly module: ModuleParameters; readonly gradOutput: Tensor }[] {
  if (!gate || !gated)
    return [{ module: up, gradOutput: activatedInputGradient(pass, down, gradOutput, preActivation) }];
  const gradUp = linearInputGradient(pass, down, gradOutput);
  const gradGate = pass.tensor(preActivation.shape, 'gradient of the gate');
  const { activation: kind } = pass.config;
  gatedActivationBackward(pass.gpu, { kind, gate: preActivation, up: gated, gradient: gradUp, gradGate });
  return [
    { module: gate, gradOutput: gradGate },
    { module: up, gradOutput: gradUp },
  ];
}
