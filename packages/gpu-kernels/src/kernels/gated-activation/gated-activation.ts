import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ACTIVATION_KINDS, ACTIVATION_WGSL, type ActivationKind } from '../activation/functions.ts';
import { defineWide, dispatchWide } from '../pointwise.ts';

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
  dispatchWide(gpu, 'gatedActivationForward', forwardKernel(kind), { gate, up, out }, {});
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
  dispatchWide(gpu, 'gatedActivationBackward', backwardKernel(kind), { gate, up, gradient, gradGate }, {});
}

/** Every kernel of gated activations. */
export function gatedActivationKernels(): Kernel[] {
  return ACTIVATION_KINDS.flatMap((kind) =>
    [forwardKernel(kind), backwardKernel(kind)].flatMap(({ one, four }): Kernel[] => [one, four]),
  );
}

const forwardKernel = memoizeKernel((kind: ActivationKind) =>
  defineWide({
    label: `gated-activation.${kind}.forward`,
    storage: { gate: 'f32', up: 'f32', out: '&f32' },
    declarations: `${ACTIVATION_WGSL[kind].helpers}${ACTIVATION_WGSL[kind].forward}`,
    body: (call) => `
    let value = gate[i];
    out[i] = ${call('activation', 'value')} * up[i];`,
  }),
);

const backwardKernel = memoizeKernel((kind: ActivationKind) => {
  const { helpers, forward, derivative } = ACTIVATION_WGSL[kind];
  return defineWide({
    label: `gated-activation.${kind}.backward`,
    storage: { gate: 'f32', up: 'f32', gradient: '&f32', gradGate: '&f32' },
    declarations: `${helpers}${forward}${derivative}`,
    body: (call) => `
      let gradOutput = gradient[i];
      let value = gate[i];
      gradGate[i] = gradOutput * up[i] * ${call('derivative', 'value')};
      gradient[i] = gradOutput * ${call('activation', 'value')};`,
  });
});
