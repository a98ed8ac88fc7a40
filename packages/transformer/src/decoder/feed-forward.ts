import type { Tensor } from '@icl-gd/gpu-kernels';
import type { LayerParameters } from './layer-parameters.ts';
import {
  type Addend,
  type OutputGradient,
  activatedInputGradient,
  activatedLinear,
  addLinearGradients,
  gatedInputGradients,
  gatedLinears,
  linear,
  linearAddend,
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
  readonly output: Addend;
}

/**
 * A feed-forward block, without its norm and its residual: down f(up x), or down (f(gate x) · up x).
 * @param isAddend whether nothing but `normOfSum` reads its output
 */
export function feedForward(
  pass: Pass,
  layer: LayerParameters,
  input: Tensor,
  isAddend = false,
): FeedForwardActivations {
  const shape = [input.shape[0] ?? 0, layer.up.weight.shape.at(-2) ?? 0];
  const postActivation = pass.tensor(shape, 'feedForward.postActivation');
  const { preActivation, gated } = activate(pass, layer, input, postActivation);
  const output = (isAddend ? linearAddend : linear)(pass, layer.down, postActivation);
  return { input, preActivation, gated, postActivation, output };
}

function activate(
  pass: Pass,
  { up: upModule, gate: gateModule }: LayerParameters,
  input: Tensor,
  out: Tensor,
): Pick<FeedForwardActivations, 'preActivation' | 'gated'> {
  if (!gateModule) return { preActivation: activatedLinear(pass, upModule, input, out), gated: undefined };
  const { up, gate } = gatedLinears(pass, { up: upModule, gate: gateModule }, input, out);
  return { preActivation: gate, gated: up };
}

/**
 * Backward of {@link feedForward}.
 * @param gradOutput gradient with respect to the block's output, [T, d]
 * @returns what reads the block's input
 */
export function feedForwardBackward(
  pass: Pass,
  layer: LayerParameters,
  { input, preActivation, gated, postActivation }: FeedForwardActivations,
  gradOutput: Tensor,
): readonly OutputGradient[] {
  addLinearGradients(pass, [{ module: layer.down, x: postActivation, gradOutput }]);
  const layers = activationGradients(pass, layer, { preActivation, gated }, gradOutput);
  addLinearGradients(
    pass,
    layers.map((own) => ({ ...own, x: input })),
  );
  return layers;
}

/** The gradients with respect to what the activation reads. */
function activationGradients(
  pass: Pass,
  { up, gate, down }: LayerParameters,
  { preActivation, gated }: Pick<FeedForwardActivations, 'preActivation' | 'gated'>,
  gradOutput: Tensor,
): OutputGradient[] {
  if (!gate || !gated)
    return [{ module: up, gradOutput: activatedInputGradient(pass, down, gradOutput, preActivation) }];
  const seen = { gate: preActivation, up: gated };
  const { gradGate, gradUp } = gatedInputGradients(pass, down, gradOutput, seen);
  return [
    { module: gate, gradOutput: gradGate },
    { module: up, gradOutput: gradUp },
  ];
}
