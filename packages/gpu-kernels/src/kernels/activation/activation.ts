import type { Gpu } from '../../runtime/gpu.ts';
import { memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { definePointwise, dispatchPointwise } from '../pointwise.ts';
import { ACTIVATION_WGSL, type ActivationKind } from './wgsl.ts';

export type { ActivationKind };

const forwardKernel = memoizeKernel((kind: ActivationKind) =>
  definePointwise({
    label: `activation.${kind}.forward`,
    storage: { x: 'f32', out: '&f32' },
    params: {},
    declarations: `${ACTIVATION_WGSL[kind].helpers}${ACTIVATION_WGSL[kind].forward}`,
    body: '  out[i] = activation(x[i]);',
  }),
);

const backwardKernel = memoizeKernel((kind: ActivationKind) =>
  definePointwise({
    label: `activation.${kind}.backward`,
    storage: { x: 'f32', gradient: '&f32' },
    params: {},
    declarations: `${ACTIVATION_WGSL[kind].helpers}${ACTIVATION_WGSL[kind].derivative}`,
    body: '  gradient[i] *= derivative(x[i]);',
  }),
);

export interface ActivationForwardArguments {
  readonly kind: ActivationKind;
  readonly x: Tensor;
  /** As long as x, a buffer of its own. */
  readonly out: Tensor;
}

/** out = f(x), elementwise; finite for every finite |x| up to 10⁴. */
export function activationForward(gpu: Gpu, { kind, x, out }: ActivationForwardArguments): void {
  dispatchPointwise(gpu, forwardKernel(kind), { x, out }, {});
}

export interface ActivationBackwardArguments {
  readonly kind: ActivationKind;
  /** What the forward saw. */
  readonly x: Tensor;
  /** The gradient with respect to the output; becomes the gradient with respect to x. */
  readonly gradient: Tensor;
}

/** gradient *= f'(x), in place. ReLU's derivative at zero is zero, as in PyTorch. */
export function activationBackward(gpu: Gpu, { kind, x, gradient }: ActivationBackwardArguments): void {
  dispatchPointwise(gpu, backwardKernel(kind), { x, gradient }, {});
}
