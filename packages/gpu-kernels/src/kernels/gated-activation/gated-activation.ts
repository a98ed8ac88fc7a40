import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ACTIVATION_KINDS, ACTIVATION_WGSL, type ActivationKind } from '../activation/functions.ts';
import { definePointwise, pointwiseGrid, pointwiseWindows } from '../pointwise.ts';

/** Operands and options of {@link gatedActivationForward}. */
export interface GatedActivationForwardArguments {
  readonly kind: ActivationKind;
  /** float32, any shape. */
  readonly gate: Tensor;
  /** float32, as long as gate. */
  readonly up: Tensor;
  /** float32, as long as gate, a buffer of its own. */
  readonly out: Tensor;
}

/**
 * out = f(gate) * up, elementwise: SwiGLU with `silu` (Shazeer 2020, arXiv 2002.05202).
 * @throws RangeError if the lengths differ
 */
export function gatedActivationForward(gpu: Gpu, args: GatedActivationForwardArguments): void {
  const { kind, gate, up, out } = args;
  for (const { count, part } of pointwiseWindows(gpu, 'gatedActivationForward', [gate, up, out])) {
    const storage = { gate: part(gate), up: part(up), out: part(out) };
    gpu.dispatch(forwardKernel(kind), storage, { count }, pointwiseGrid(count));
  }
}

/** Operands and options of {@link gatedActivationBackward}. */
export interface GatedActivationBackwardArguments {
  readonly kind: ActivationKind;
  /** float32: what the forward saw. */
  readonly gate: Tensor;
  /** float32: what the forward saw. */
  readonly up: Tensor;
  /** float32, as long as gate. In place: gradOutput before, the gradient with respect to up afterwards. */
  readonly gradient: Tensor;
  /** float32: receives the gradient with respect to gate, a buffer of its own. */
  readonly gradGate: Tensor;
}

/**
 * gradGate = gradient * up * f'(gate), then gradient *= f(gate) in place.
 * @throws RangeError if the lengths differ
 */
export function gatedActivationBackward(gpu: Gpu, args: GatedActivationBackwardArguments): void {
  const { kind, gate, up, gradient, gradGate } = args;
  const tensors = [gate, up, gradient, gradGate] as const;
  for (const { count, part } of pointwiseWindows(gpu, 'gatedActivationBackward', tensors)) {
    const storage = { gate: part(gate), up: part(up), gradient: part(gradient), gradGate: part(gradGate) };
    gpu.dispatch(backwardKernel(kind), storage, { count }, pointwiseGrid(count));
  }
}

/** Every kernel of gated activations. */
export function gatedActivationKernels(): Kernel[] {
  return ACTIVATION_KINDS.flatMap((kind) => [forwardKernel(kind), backwardKernel(kind)]);
}

const forwardKernel = memoizeKernel((kind: ActivationKind) =>
  definePointwise({
    label: `gated-activation.${kind}.forward`,
    storage: { gate: 'f32', up: 'f32', out: '&f32' },
    declarations: `${ACTIVATION_WGSL[kind].helpers}${ACTIVATION_WGSL[kind].forward}`,
    body: 'out[i] = activation(gate[i]) * up[i];',
  }),
);

const backwardKernel = memoizeKernel((kind: ActivationKind) => {
  const { helpers, forward, derivative } = ACTIVATION_WGSL[kind];
  return definePointwise({
    label: `gated-activation.${kind}.backward`,
    storage: { gate: 'f32', up: 'f32', gradient: '&f32', gradGate: '&f32' },
    declarations: `${helpers}${forward}${derivative}`,
    body: `
      let gradOutput = gradient[i];
      gradGate[i] = gradOutput * up[i] * derivative(gate[i]);
      gradient[i] = gradOutput * activation(gate[i]);`,
  });
});
