import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, defineKernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Operand, Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { workgroupReduction } from '../row-kernel.ts';
import { runsOf } from '../side-by-side.ts';
import { elements, rowWindows } from '../windows.ts';
import {
  CHUNKS,
  LONE_SUMS,
  SUMS_PARAMS,
  isLone,
  loneNormKernels,
  loneSquares,
  squaresParams,
} from './lone-norm.ts';
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
  const chunk = RUN * gpu.tuning.invocationsPerRow;
  if (tensors.some(({ length }) => length > chunk ** 3)) {
    for (const [i, x] of tensors.entries()) sumOfSquares(gpu, { x, out, outIndex, accumulate: i > 0 });
    squareRoot(gpu, { x: out, offset: outIndex, length: 1 });
    return;
  }
  const parts = tensors.map((tensor) =>
    rowWindows(gpu, tensor.length, 4).map((window) => ({
      x: elements(tensor, window),
      length: window.end - window.start,
    })),
  );
  norms(gpu, parts, { stacked: 1, out, outIndex, outStride: 1 });
}

/** Operands and options of {@link groupedL2Norm}. */
export interface GroupedL2NormArguments {
  /** float32, [G, …] each and within the binding limit; at least one. */
  readonly tensors: readonly Tensor[];
  /** float32. */
  readonly out: Tensor;
  /** Element of out that receives the first group's norm; 0 if absent. */
  readonly outIndex?: number;
  /** From there to the next group's; 1 if absent. */
  readonly outStride?: number;
}

/**
 * out[outIndex + g outStride] = the Euclidean norm of all that group g has in all tensors, with the bits of {@link l2Norm} and
 * in as few dispatches.
 * @throws RangeError without tensors, if one has no G parts of a length, or if out has no such element
 */
export function groupedL2Norm(gpu: Gpu, args: GroupedL2NormArguments): void {
  const { tensors, out, outIndex = 0, outStride = 1 } = args;
  if (tensors.length === 0) throw new RangeError('groupedL2Norm needs at least one tensor');
  const groups = tensors[0]?.shape[0] ?? 1;
  if (groups === 0) return;
  requireRange('groupedL2Norm', out, outIndex, (groups - 1) * outStride + 1);
  const longest = (RUN * gpu.tuning.invocationsPerRow) ** 3;
  const parts = tensors.map((tensor) => {
    const length = tensor.length / groups;
    if (!Number.isInteger(length) || length > longest)
      throw new RangeError(
        `groupedL2Norm: ${tensor.label} [${tensor.shape.join(', ')}] has no ${groups} parts of at most ${longest} elements`,
      );
    return [{ x: tensor, length }];
  });
  norms(gpu, parts, { stacked: groups, out, outIndex, outStride });
}

/** What a dispatch reads of each of so many stacked groups. */
interface Part {
  readonly x: Operand;
  readonly length: number;
}

interface Norms {
  readonly stacked: number;
  readonly out: Tensor;
  readonly outIndex: number;
  readonly outStride: number;
}

/** @param tensors each in windows */
function norms(
  gpu: Gpu,
  tensors: readonly (readonly Part[])[],
  { stacked, out, outIndex, outStride }: Norms,
): void {
  const size = gpu.tuning.invocationsPerRow;
  const lone = isLone(gpu.tuning);
  const chunk = RUN * size;
  const parts = tensors.map((windows) =>
    windows.map((part) => ({ ...part, chunks: Math.ceil(part.length / chunk) })),
  );
  const counts = parts.map((windows) => windows.reduce((total, { chunks }) => total + chunks, 0));
  using scope = gpu.scope();
  const stride = counts.reduce((a, b) => a + b, 0);
  const partial = scope.tensor([Math.max(stacked * stride, 1)], 'l2-norm.partial');
  let outOffset = 0;
  for (const run of runsOf(parts.flat(), MOST)) {
    const storage: Record<string, Operand> = { partial };
    const params: Record<string, number> = { outOffset, stacked, stride };
    let end = 0;
    for (const [g, { x, length, chunks }] of run.entries()) {
      storage[`x${g}`] = x;
      params[`length${g}`] = length;
      params[`end${g}`] = end += chunks;
    }
    if (lone) {
      const wide = run.every(({ length }) => length % 4 === 0);
      const kernel = loneSquares({ groups: run.length, wide });
      gpu.dispatch(kernel, storage, params, grid(Math.ceil((stacked * end) / CHUNKS)));
    } else gpu.dispatch(squaresKernel({ size, groups: run.length }), storage, params, grid(stacked * end));
    outOffset += end;
  }
  let start = 0;
  for (const [i, run] of runsOf(counts, MOST).entries()) {
    const ends = Array.from({ length: MOST }, (_, g) =>
      run.slice(0, g + 1).reduce((total, count) => total + count, start),
    );
    const [end0 = 0, end1 = 0, end2 = 0, end3 = 0] = ends;
    const isLast = (i + 1) * MOST >= counts.length;
    const ranges = { start, end0, end1, end2, end3, stride };
    const places = { stacked, outIndex, outStride, accumulate: Number(i > 0), root: Number(isLast) };
    const sums = { ...ranges, ...places };
    if (lone) gpu.dispatch(LONE_SUMS, { partial, out }, sums, grid(Math.ceil(stacked / CHUNKS)));
    else gpu.dispatch(sumsKernel(size), { partial, out }, sums, grid(stacked));
    start = end3;
  }
}

/** Every kernel of {@link l2Norm} under a tuning, but for those of long sums. */
export function l2NormKernels(tuning: Tuning): Kernel[] {
  if (isLone(tuning)) return loneNormKernels(MOST);
  const { invocationsPerRow: size } = tuning;
  return [...[1, 2, 3, MOST].map((groups) => squaresKernel({ size, groups })), sumsKernel(size)];
}

/** Each workgroup sums the squares of a chunk of RUN * size elements of one of the tensors. */
const squaresKernel = memoizeKernel(({ size, groups }: { size: number; groups: number }) => {
  const indices = Array.from({ length: groups }, (_, g) => g);
  const ofGroup = (g: number): string => `
      if (chunk < params.end${g}) {
        let start = (chunk${g > 0 ? ` - params.end${g - 1}` : ''}) * ${RUN * size}u;
        for (var i = start + localIndex; i < min(start + ${RUN * size}u, params.length${g}); i += ${size}u) {
          let value = x${g}[group * params.length${g} + i];
          sum += value * value;
        }
      }`;
  return defineKernel<string, string>({
    label: `reduction.squares.${groups}.${size}`,
    storage: {
      ...Object.fromEntries(indices.map((g) => [`x${g}`, 'f32' as const])),
      partial: '&f32',
    },
    params: squaresParams(groups),
    workgroupSize: [size],
    declarations: workgroupReduction('total', size, 'a + b'),
    body: `
      let group = workgroup / params.end${groups - 1};
      let chunk = workgroup % params.end${groups - 1};
      if (group >= params.stacked) { return; }
      var sum = 0.0;
      ${indices.map(ofGroup).join(' else ')}
      let result = total(sum, localIndex);
      if (localIndex == 0u) { partial[group * params.stride + params.outOffset + chunk] = result; }`,
  });
});

/** For each group, sums four runs of chunks, one after the other, each in a tree of its own. */
const sumsKernel = memoizeKernel((size: number) =>
  defineKernel({
    label: `reduction.norm.${size}`,
    storage: { partial: 'f32', out: '&f32' },
    params: SUMS_PARAMS,
    workgroupSize: [size],
    declarations: workgroupReduction('total', size, 'a + b'),
    body: `
      if (workgroup >= params.stacked) { return; }
      let first = workgroup * params.stride;
      let place = params.outIndex + workgroup * params.outStride;
      let ends = vec4<u32>(params.end0, params.end1, params.end2, params.end3);
      var start = params.start;
      var result = 0.0;
      if (params.accumulate != 0u) { result = out[place]; }
      // Rolled: barriers take long to compile on software adapters.
      for (var r = 0u; r < 4u; r++) {
        let end = ends[r];
        // In blocks, and then the blocks' sums likewise: as a sum in stages.
        var last = 0.0;
        var own = 0.0;
        var block = 0u;
        for (; start < end; start += ${RUN * size}u) {
          var sum = 0.0;
          for (var i = start + localIndex; i < min(start + ${RUN * size}u, end); i += ${size}u) { sum += partial[first + i]; }
          last = total(sum, localIndex);
          if (block % ${size}u == localIndex) { own += last; }
          block++;
        }
        if (block > 1u) { last = total(own, localIndex); }
        result += last;
        start = end;
      }
      if (localIndex == 0u) {
        if (params.root != 0u) { result = sqrt(result); }
        out[place] = result;
      }`,
  }),
);
