import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { defineWide, dispatchWide } from '../pointwise.ts';
import { ACTIVATION_KINDS, ACTIVATION_WGSL, type ActivationKind } from './functions.ts';

export type { ActivationKind };

/** Operands and options of {@link activationForward}. */
export interface ActivationForwardArguments {
  readonly kind: ActivationKind;
  /** float32, any shape. */
  readonly x: Tensor;
  /** float32, as long as x, a buffer of its own. */
  readonly out: Tensor;
}

/**
 * out = f(x), elementwise; finite for every finite |x| up to 10⁴.
 * @throws RangeError if the lengths differ
 */
export function activationForward(gpu: Gpu, { kind, x, out }: ActivationForwardArguments): void {
  dispatchWide(gpu, 'activationForward', forwardKernel(kind), { x, out }, {});
}

/** Operands and options of {@link activationBackward}. */
export interface ActivationBackwardArguments {
  readonly kind: ActivationKind;
  /** float32: what the forward saw. */
  readonly x: Tensor;
  /** float32, as long as x. In place: gradOutput before, gradInput afterwards. */
  readonly gradient: Tensor;
}

/**
 * gradient *= f'(x), in place. ReLU's derivative at zero is zero, as in PyTorch.
 * @throws RangeError if the lengths differ
 */
export function activationBackward(gpu: Gpu, { kind, x, gradient }: ActivationBackwardArguments): void {
  dispatchWide(gpu, 'activationBackward', backwardKernel(kind), { x, gradient }, {});
}

/** Every kernel of activations. */
export function activationKernels(): Kernel[] {
  return ACTIVATION_KINDS.flatMap((kind) =>
    [forwardKernel(kind), backwardKernel(kind)].flatMap(({ one, four }): Kernel[] => [one, four]),
  );
}

const forwardKernel = memoizeKernel((kind: ActivationKind) =>
  defineWide({
    label: `activation.${kind}.forward`,
    storage: { x: 'f32', out: '&f32' },
    declarations: `${ACTIVATION_WGSL[kind].helpers}${ACTIVATION_WGSL[kind].forward}`,
    body: (call) => `
    let value = x[i];
    out[i] = ${call('activation', 'value')};`,
  }),
);

const backwardKernel = memoizeKernel((kind: ActivationKind) =>
  defineWide({
    label: `activation.${kind}.backward`,
    storage: { x: 'f32', gradient: '&f32' },
    declarations: `${ACTIVATION_WGSL[kind].helpers}${ACTIVATION_WGSL[kind].derivative}`,
    body: (call) => `
    let value = x[i];
    gradient[i] *= ${call('derivative', 'value')};`,
  }),
);
