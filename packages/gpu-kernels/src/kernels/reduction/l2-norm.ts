import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, defineKernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { workgroupReduction } from '../row-kernel.ts';
import { runsOf } from '../side-by-side.ts';
import { elements, rowWindows } from '../windows.ts';
import { RUN, requireRange, squareRoot, sumOfSquares } from './reduction.ts';

/** Tensors, or windows of them, that one dispatch takes in. */
const MOST = 4;

/** Operands and options of {@link l2Norm}. */
export interface L2NormArguments {
  /** float32, any shapes; at least one. */
  readonly tensors: readonly Tensor[];
  /** float32. */
  readonly out: Tensor;
  /** Element of out that receives the norm; 0 if absent. */
  readonly outIndex?: number;
}

/**
 * out[outIndex] = the Euclidean norm of all elements of all tensors together: chunks of up to four tensors in a dispatch,
 * then their sums, tensor by tensor in their order.
 * @throws RangeError without tensors, or if out has no such element
 */
export function l2Norm(gpu: Gpu, { tensors, out, outIndex = 0 }: L2NormArguments): void {
  if (tensors.length === 0) throw new RangeError('l2Norm needs at least one tensor');
  requireRange('l2Norm', out, outIndex, 1);
  const size = gpu.tuning.invocationsPerRow;
  const chunk = RUN * size;
  const parts = tensors.map((tensor) =>
    rowWindows(gpu, tensor.length, 4).map((window) => ({
      x: elements(tensor, window),
      length: window.end - window.start,
      chunks: Math.ceil((window.end - window.start) / chunk),
    })),
  );
  const counts = parts.map((windows) => windows.reduce((total, { chunks }) => total + chunks, 0));
  // More chunks than are summed at a time.
  if (counts.some((count) => count > chunk)) {
    for (const [i, x] of tensors.entries()) sumOfSquares(gpu, { x, out, outIndex, accumulate: i > 0 });
    squareRoot(gpu, { x: out, offset: outIndex, length: 1 });
    return;
  }
  using scope = gpu.scope();
  const partial = scope.tensor([counts.reduce((a, b) => a + b, 1)], 'l2-norm.partial');
  let outOffset = 0;
  for (const run of runsOf(parts.flat(), MOST)) {
    const storage: Record<string, (typeof run)[number]['x'] | Tensor> = { partial };
    const params: Record<string, number> = { outOffset };
    let end = 0;
    for (const [g, { x, length, chunks }] of run.entries()) {
      storage[`x${g}`] = x;
      params[`length${g}`] = length;
      params[`end${g}`] = end += chunks;
    }
    gpu.dispatch(squaresKernel({ size, groups: run.length }), storage, params, grid(end));
    outOffset += end;
  }
  let start = 0;
  for (const [i, run] of runsOf(counts, MOST).entries()) {
    const ends = Array.from({ length: MOST }, (_, g) =>
      run.slice(0, g + 1).reduce((total, count) => total + count, start),
    );
    const [end0 = 0, end1 = 0, end2 = 0, end3 = 0] = ends;
    const isLast = (i + 1) * MOST >= counts.length;
    const params = { start, end0, end1, end2, end3, outIndex, accumulate: Number(i > 0) };
    gpu.dispatch(sumsKernel(size), { partial, out }, { ...params, root: Number(isLast) }, [1, 1, 1]);
    start = end3;
  }
}

/** Every kernel of {@link l2Norm} under a tuning, but for those of long sums. */
export function l2NormKernels({ invocationsPerRow: size }: Tuning): Kernel[] {
  return [...[1, 2, 3, MOST].map((groups) => squaresKernel({ size, groups })), sumsKernel(size)];
}

/** Each workgroup sums the squares of a chunk of RUN * size elements of one of the tensors. */
const squaresKernel = memoizeKernel(({ size, groups }: { size: number; groups: number }) => {
  const indices = Array.from({ length: groups }, (_, g) => g);
  const ofGroup = (g: number): string => `
      if (workgroup < params.end${g}) {
        let start = (workgroup${g > 0 ? ` - params.end${g - 1}` : ''}) * ${RUN * size}u;
        for (var i = start + localIndex; i < min(start + ${RUN * size}u, params.length${g}); i += ${size}u) {
          let value = x${g}[i];
          sum += value * value;
        }
      }`;
  return defineKernel<string, string>({
    label: `reduction.squares.${groups}.${size}`,
    storage: {
      ...Object.fromEntries(indices.map((g) => [`x${g}`, 'f32' as const])),
      partial: '&f32',
    },
    params: {
      ...Object.fromEntries(
        indices.flatMap((g) => [[`end${g}`, 'u32' as const] as const, [`length${g}`, 'u32' as const]]),
      ),
      outOffset: 'u32',
    },
    workgroupSize: [size],
    declarations: workgroupReduction('total', size, 'a + b'),
    body: `
      if (workgroup >= params.end${groups - 1}) { return; }
      var sum = 0.0;
      ${indices.map(ofGroup).join(' else ')}
      let result = total(sum, localIndex);
      if (localIndex == 0u) { partial[params.outOffset + workgroup] = result; }`,
  });
});

/** Sums four runs of chunks, one after the other, each in a tree of its own. */
const sumsKernel = memoizeKernel((size: number) =>
  defineKernel({
    label: `reduction.norm.${size}`,
    storage: { partial: 'f32', out: '&f32' },
    params: {
      start: 'u32',
      end0: 'u32',
      end1: 'u32',
      end2: 'u32',
      end3: 'u32',
      outIndex: 'u32',
      accumulate: 'u32',
      root: 'u32',
    },
    workgroupSize: [size],
    declarations: `${workgroupReduction('total', size, 'a + b')}
    fn run(start: u32, end: u32, localIndex: u32) -> f32 {
      var sum = 0.0;
      for (var i = start + localIndex; i < end; i += ${size}u) { sum += partial[i]; }
      return total(sum, localIndex);
    }
    `,
    body: `
      if (workgroup > 0u) { return; }
      let run0 = run(params.start, params.end0, localIndex);
      let run1 = run(params.end0, params.end1, localIndex);
      let run2 = run(params.end1, params.end2, localIndex);
      let run3 = run(params.end2, params.end3, localIndex);
      if (localIndex == 0u) {
        var result = run0;
        if (params.accumulate != 0u) { result += out[params.outIndex]; }
        result = run3 + (run2 + (run1 + result));
        if (params.root != 0u) { result = sqrt(result); }
        out[params.outIndex] = result;
      }`,
  }),
);
