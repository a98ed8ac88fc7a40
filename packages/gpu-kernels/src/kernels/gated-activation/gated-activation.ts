import type { Gpu } from '../../runtime/gpu.ts';
import { memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ACTIVATION_WGSL, type ActivationKind } from '../activation/wgsl.ts';
import { definePointwise, dispatchPointwise } from '../pointwise.ts';

const forwardKernel = memoizeKernel((kind: ActivationKind) =>
  definePointwise({
    label: `gated-activation.${kind}.forward`,
    storage: { gate: 'f32', up: 'f32', out: '&f32' },
    params: {},
    declarations: `${ACTIVATION_WGSL[kind].helpers}${ACTIVATION_WGSL[kind].forward}`,
    body: '  out[i] = activation(gate[i]) * up[i];',
  }),
);

const backwardKernel = memoizeKernel((kind: ActivationKind) => {
  const { helpers, forward, derivative } = ACTIVATION_WGSL[kind];
  return definePointwise({
    label: `gated-activation.${kind}.backward`,
    storage: { gate: 'f32', up: 'f32', gradient: '&f32', gradGate: '&f32' },
    params: {},
    declarations: `${helpers}${forward}\n${derivative}`,
    body: `  let gradOutput = gradient[i];
  gradGate[i] = gradOutput * up[i] * derivative(gate[i]);
  gradient[i] = gradOutput * activation(gate[i]);`,
  });
});

export interface GatedActivationForwardArguments {
  readonly kind: ActivationKind;
  readonly gate: Tensor;
  /** As long as gate. */
  readonly up: Tensor;
  /** As long as gate, a buffer of its own. */
  readonly out: Tensor;
}

/** out = f(gate) * up, elementwise: SwiGLU with `silu`. */
export function gatedActivationForward(gpu: Gpu, args: GatedActivationForwardArguments): void {
  const { kind, gate, up, out } = args;
  dispatchPointwise(gpu, forwardKernel(kind), { gate, up, out }, {});
}

export interface GatedActivationBackwardArguments {
  readonly kind: ActivationKind;
  /** What the forward saw. */
  readonly gate: Tensor;
  readonly up: Tensor;
  /** The gradient with respect to the output; becomes the gradient with respect to up. */
  readonly gradient: Tensor;
  /** Receives the gradient with respect to gate, a buffer of its own. */
  readonly gradGate: Tensor;
}

/** gradGate = gradient * up * f'(gate), then gradient *= f(gate) in place. */
export function gatedActivationBackward(gpu: Gpu, args: GatedActivationBackwardArguments): void {
  const { kind, gate, up, gradient, gradGate } = args;
  dispatchPointwise(gpu, backwardKernel(kind), { gate, up, gradient, gradGate }, {});
}
