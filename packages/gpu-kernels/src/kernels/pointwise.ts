import type { Gpu } from '../runtime/gpu.ts';
import { type Kernel, type KernelText, type ParameterType, defineKernel, grid } from '../runtime/kernel.ts';
import type { Operand, Tensor } from '../runtime/tensor.ts';
import { ofComponents } from './wgsl.ts';
import { elements, rowWindows } from './windows.ts';

const WORKGROUP = 256;

/** A kernel with one invocation for each `i` below `params.count`. */
export function definePointwise<S extends string, P extends string = never>(
  text: Omit<KernelText<S, P>, 'workgroupSize' | 'params'> & {
    readonly params?: Readonly<Record<P, ParameterType>>;
    /** Of a workgroup; fewer than usual where each has much to do, since cores share work by workgroups. */
    readonly invocations?: number;
  },
): Kernel<S, P | 'count'> {
  const { invocations = WORKGROUP } = text;
  const params: Record<string, ParameterType> = { count: 'u32', ...text.params };
  return defineKernel<S, P | 'count'>({
    ...text,
    params: params as Record<P | 'count', ParameterType>,
    workgroupSize: [invocations],
    body: `
let i = workgroup * ${invocations}u + localIndex;
if (i >= params.count) { return; }
${text.body}`,
  });
}

/** The grid of a {@link definePointwise} kernel. */
export function pointwiseGrid(count: number, invocations = WORKGROUP): [number, number, number] {
  return grid(Math.ceil(count / invocations));
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

/** A kernel over single elements, and the same over four at a time. */
export interface WideKernel<S extends string, P extends string> {
  readonly one: Kernel<S, P | 'count'>;
  readonly four: Kernel<S, P | 'count'>;
}

/** WGSL of a call of a function of one number, element by element. */
type Call = (name: string, argument: string) => string;

/**
 * Kernels with an invocation for each `i` below `params.count`, where all storage is of f32.
 * @param text its body reads the same for f32 and vec4<f32>; functions of one number are called through `call`, with the name
 *   of a value
 */
export function defineWide<S extends string, P extends string = never>(text: {
  readonly label: string;
  readonly storage: Readonly<Record<S, 'f32' | '&f32'>>;
  readonly params?: Readonly<Record<P, ParameterType>>;
  readonly declarations?: string;
  readonly body: (call: Call) => string;
}): WideKernel<S, P> {
  const { label, storage, body, ...rest } = text;
  const wide = Object.fromEntries(
    Object.entries<'f32' | '&f32'>(storage).map(([name, type]) => [name, WIDE[type]]),
  ) as Record<S, 'vec4<f32>' | '&vec4<f32>'>;
  return {
    one: definePointwise<S, P>({
      ...rest,
      label,
      storage,
      body: body((name, argument) => `${name}(${argument})`),
    }),
    four: definePointwise<S, P>({ ...rest, label: `${label}.vec4`, storage: wide, body: body(ofComponents) }),
  };
}

const WIDE = { f32: 'vec4<f32>', '&f32': '&vec4<f32>' } as const;

/** Whether rows of float32 tensors are whole vectors of four: never a matter of how many rows there are. */
export function isWide(tensors: readonly Tensor[]): boolean {
  return tensors.every(({ shape }) => (shape.at(-1) ?? 1) % 4 === 0);
}

/**
 * Records a {@link defineWide} kernel over tensors of equal length, four elements at a time where their rows are that.
 * @param op for the error
 * @throws RangeError naming the tensors if they differ in length
 */
export function dispatchWide<S extends string, P extends string>(
  gpu: Gpu,
  op: string,
  kernel: WideKernel<S, P>,
  tensors: Readonly<Record<S, Tensor>>,
  params: Readonly<Record<P, number>>,
): void {
  const all = Object.values<Tensor>(tensors) as [Tensor, ...Tensor[]];
  const wide = isWide(all);
  for (const { count, part } of pointwiseWindows(gpu, op, all)) {
    const storage = Object.fromEntries(
      Object.entries<Tensor>(tensors).map(([name, tensor]) => [name, part(tensor)]),
    ) as Record<S, Operand>;
    const elementCount = wide ? count / 4 : count;
    gpu.dispatch(
      wide ? kernel.four : kernel.one,
      storage,
      { ...params, count: elementCount } as Record<P | 'count', number>,
      pointwiseGrid(elementCount),
    );
  }
}
