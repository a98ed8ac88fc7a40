import type { Gpu } from '../runtime/gpu.ts';
import { type Kernel, type KernelText, type ParameterType, defineKernel, grid } from '../runtime/kernel.ts';
import type { Operand, Tensor } from '../runtime/tensor.ts';
import { elements, rowWindows } from './windows.ts';

const WORKGROUP = 256;

/** A kernel with one invocation for each `i` below `params.count`. */
export function definePointwise<S extends string, P extends string = never>(
  text: Omit<KernelText<S, P>, 'workgroupSize' | 'params'> & {
    readonly params?: Readonly<Record<P, ParameterType>>;
  },
): Kernel<S, P | 'count'> {
  const params: Record<string, ParameterType> = { count: 'u32', ...text.params };
  return defineKernel<S, P | 'count'>({
    ...text,
    params: params as Record<P | 'count', ParameterType>,
    workgroupSize: [WORKGROUP],
    body: `
let i = workgroup * ${WORKGROUP}u + localIndex;
if (i >= params.count) { return; }
${text.body}`,
  });
}

/** The grid of a {@link definePointwise} kernel. */
export function pointwiseGrid(count: number): [number, number, number] {
  return grid(Math.ceil(count / WORKGROUP));
}

/** Tensors of equal length that a pointwise kernel visits together. */
export interface PointwiseWindow {
  readonly count: number;
  /** The window's part of one of the tensors. */
  readonly part: (tensor: Tensor) => Operand;
}

/**
 * The windows in which a pointwise kernel visits float32 tensors of equal length: one where a binding can span them.
 * @param op for the error
 * @throws RangeError naming the tensors if they differ in length
 */
export function pointwiseWindows(
  gpu: Gpu,
  op: string,
  tensors: readonly [Tensor, ...Tensor[]],
): PointwiseWindow[] {
  const [first, ...others] = tensors;
  for (const other of others) {
    if (other.length !== first.length) {
      throw new RangeError(
        `${op}: ${first.label} [${first.shape.join(', ')}] and ${other.label} [${other.shape.join(', ')}] differ in length`,
      );
    }
  }
  const windows = rowWindows(gpu, first.length, 4);
  if (windows.length === 1) return [{ count: first.length, part: (tensor) => tensor }];
  return windows.map((window) => ({
    count: window.end - window.start,
    part: (tensor) => elements(tensor, window),
  }));
}
