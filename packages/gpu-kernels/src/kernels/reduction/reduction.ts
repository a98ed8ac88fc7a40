import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, defineKernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { workgroupReduction } from '../row-kernel.ts';
import { elements, rowWindows } from '../windows.ts';

/** Elements that one invocation adds up. */
export const RUN = 64;

/** Operands and options of {@link sumOfSquares}. */
export interface SumOfSquaresArguments {
  /** float32, any shape. */
  readonly x: Tensor;
  /** float32. */
  readonly out: Tensor;
  /** Element of out that receives the sum; 0 if absent. */
  readonly outIndex?: number;
  /** Add to that element instead of replacing it. */
  readonly accumulate?: boolean;
}

/**
 * out[outIndex] = sum of x², in stages and a fixed order.
 * @throws RangeError if out has no such element
 */
export function sumOfSquares(gpu: Gpu, args: SumOfSquaresArguments): void {
  const { x, out, outIndex = 0, accumulate = false } = args;
  reduce(gpu, { term: 'x*x', x, offset: 0, length: x.length, scale: 1, out, outIndex, accumulate });
}

/** Operands and options of {@link sum}. */
export interface SumArguments {
  /** float32, any shape. */
  readonly x: Tensor;
  /** First element that is summed; 0 if absent. */
  readonly offset?: number;
  /** Number of elements; all from offset on if absent. */
  readonly length?: number;
  /** Factor on the sum; 1 if absent. */
  readonly scale?: number;
  /** float32. */
  readonly out: Tensor;
  /** Element of out that receives the sum; 0 if absent. */
  readonly outIndex?: number;
}

/**
 * out[outIndex] = scale * sum of x[offset, offset + length), in stages and a fixed order.
 * @throws RangeError for elements that are not there
 */
export function sum(gpu: Gpu, args: SumArguments): void {
  const { x, offset = 0, length = x.length - offset, scale = 1, out, outIndex = 0 } = args;
  reduce(gpu, { term: 'x', x, offset, length, scale, out, outIndex, accumulate: false });
}

/** Operands and options of {@link squareRoot}. */
export interface SquareRootArguments {
  /** float32; updated in place. */
  readonly x: Tensor;
  /** First element; 0 if absent. */
  readonly offset?: number;
  /** Number of elements; all from offset on if absent. */
  readonly length?: number;
}

/**
 * x = sqrt(x) in place, for elements [offset, offset + length).
 * @throws RangeError for elements that are not there
 */
export function squareRoot(gpu: Gpu, args: SquareRootArguments): void {
  const { x, offset = 0, length = x.length - offset } = args;
  requireRange('squareRoot', x, offset, length);
  gpu.dispatch(SQUARE_ROOT, { x }, { count: length, offset }, pointwiseGrid(length));
}

/** Every kernel of sums under a tuning. */
export function reductionKernels({ invocationsPerRow: size }: Tuning): Kernel[] {
  return [sumKernel({ term: 'x', size }), sumKernel({ term: 'x*x', size }), SQUARE_ROOT];
}

interface SumVariant {
  readonly term: 'x' | 'x*x';
  readonly size: number;
}

/** Each workgroup sums a chunk of RUN * size elements. */
const sumKernel = memoizeKernel(({ term, size }: SumVariant) =>
  defineKernel({
    label: `reduction.${term === 'x' ? 'sum' : 'sum-of-squares'}.${size}`,
    storage: { x: 'f32', out: '&f32' },
    params: { start: 'u32', end: 'u32', outOffset: 'u32', scale: 'f32', accumulate: 'u32' },
    workgroupSize: [size],
    declarations: workgroupReduction('total', size, 'a + b'),
    body: `
      let start = params.start + workgroup * ${RUN * size}u;
      if (start >= max(params.end, params.start + 1u)) { return; }
      var sum = 0.0;
      for (var i = start + localIndex; i < min(start + ${RUN * size}u, params.end); i += ${size}u) {
        let value = x[i];
        sum += ${term === 'x' ? 'value' : 'value * value'};
      }
      var result = total(sum, localIndex) * params.scale;
      if (localIndex == 0u) {
        if (params.accumulate != 0u) { result += out[params.outOffset + workgroup]; }
        out[params.outOffset + workgroup] = result;
      }`,
  }),
);

const SQUARE_ROOT = definePointwise({
  label: 'reduction.square-root',
  storage: { x: '&f32' },
  params: { offset: 'u32' },
  body: 'x[params.offset + i] = sqrt(x[params.offset + i]);',
});

interface Reduction {
  readonly term: 'x' | 'x*x';
  readonly x: Tensor;
  readonly offset: number;
  readonly length: number;
  readonly scale: number;
  readonly out: Tensor;
  readonly outIndex: number;
  readonly accumulate: boolean;
}

/** Stages of chunk sums until one is left. */
function reduce(gpu: Gpu, reduction: Reduction): void {
  const { term, x, offset, length, scale, out, outIndex, accumulate } = reduction;
  requireRange('sum', x, offset, length);
  requireRange('sum', out, outIndex, 1);
  const size = gpu.tuning.invocationsPerRow;
  const chunk = RUN * size;
  const last = { outOffset: outIndex, scale, accumulate: Number(accumulate) };
  const parts = rowWindows(gpu, x.length, 4)
    .map((window) => ({
      window,
      start: Math.max(window.start, offset),
      end: Math.min(window.end, offset + length),
    }))
    .filter(({ start, end }) => end > start)
    .map(({ window, start, end }) => ({
      x: elements(x, window),
      params: { start: start - window.start, end: end - window.start },
      chunks: Math.ceil((end - start) / chunk),
    }));
  const [only = { x, params: { start: 0, end: 0 }, chunks: 1 }] = parts;
  const kernel = sumKernel({ term, size });
  if (parts.length <= 1 && only.chunks === 1) {
    gpu.dispatch(kernel, { x: only.x, out }, { ...only.params, ...last }, [1, 1, 1]);
    return;
  }
  using scope = gpu.scope();
  const count = parts.reduce((total, part) => total + part.chunks, 0);
  const partial = scope.tensor([count], 'reduction.partial');
  let outOffset = 0;
  for (const { x, params, chunks } of parts) {
    gpu.dispatch(
      kernel,
      { x, out: partial },
      { ...params, outOffset, scale: 1, accumulate: 0 },
      grid(chunks),
    );
    outOffset += chunks;
  }
  reduce(gpu, { ...reduction, term: 'x', x: partial, offset: 0, length: count });
}

/** @throws RangeError for elements that are not there */
export function requireRange(op: string, tensor: Tensor, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > tensor.length) {
    throw new RangeError(
      `${op}: elements [${offset}, ${offset + length}) are not all in ${tensor.label} of ${tensor.length}`,
    );
  }
}
