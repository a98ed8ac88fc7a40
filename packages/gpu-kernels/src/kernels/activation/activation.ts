import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { definePointwise, pointwiseGrid, pointwiseWindows } from '../pointwise.ts';
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
  for (const { count, part } of pointwiseWindows(gpu, 'activationForward', [x, out]))
    gpu.dispatch(forwardKernel(kind), { x: part(x), out: part(out) }, { count }, pointwiseGrid(count));
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
  for (const { count, part } of pointwiseWindows(gpu, 'activationBackward', [x, gradient])) {
    const storage = { x: part(x), gradient: part(gradient) };
    gpu.dispatch(backwardKernel(kind), storage, { count }, pointwiseGrid(count));
  }
}

/** Every kernel of activations. */
export function activationKernels(): Kernel[] {
  return ACTIVATION_KINDS.flatMap((kind) => [forwardKernel(kind), backwardKernel(kind)]);
}

const forwardKernel = memoizeKernel((kind: ActivationKind) =>
  definePointwise({
    label: `activation.${kind}.forward`,
    storage: { x: 'f32', out: '&f32' },
    declarations: `${ACTIVATION_WGSL[kind].helpers}${ACTIVATION_WGSL[kind].forward}`,
    body: 'out[i] = activation(x[i]);',
  }),
);

const backwardKernel = memoizeKernel((kind: ActivationKind) =>
  definePointwise({
    label: `activation.${kind}.backward`,
    storage: { x: 'f32', gradient: '&f32' },
    declarations: `${ACTIVATION_WGSL[kind].helpers}${ACTIVATION_WGSL[kind].derivative}`,
    body: 'gradient[i] *= derivative(x[i]);',
  }),
);
