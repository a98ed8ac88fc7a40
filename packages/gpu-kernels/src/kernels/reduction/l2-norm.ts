import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, defineKernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import { Resource } from '../../runtime/resource.ts';
import type { Operand, Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import {
  type GroupedSgdArguments,
  type ParameterGradient,
  groupedSgdSteps,
  sgdSteps,
} from '../optimizer/optimizer.ts';
import { workgroupReduction } from '../row-kernel.ts';
import { runsOf } from '../side-by-side.ts';
import { elements, rowWindows } from '../windows.ts';
import { CHUNKS, LONE_SUMS, SUMS_PARAMS, isLone, loneNormKernels, loneSquares } from './lone-norm.ts';
import { squaresKernel } from './squares.ts';
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
  const { parts, counts, stride } = chunksOf(gpu, tensors);
  using scope = gpu.scope();
  const partial = scope.tensor([Math.max(stacked * stride, 1)], 'l2-norm.partial');
  recordSquares(gpu, parts, { partial, first: 0, stacked, stride });
  recordSums(gpu, counts, { partial, stacked, stride }, { out, outIndex, outStride });
}

/** A part with the chunks that it is summed in. */
interface ChunkedPart extends Part {
  readonly chunks: number;
}

function chunksOf(
  gpu: Gpu,
  tensors: readonly (readonly Part[])[],
): {
  readonly parts: readonly ChunkedPart[];
  /** Chunks of each tensor, and of all. */
  readonly counts: readonly number[];
  readonly stride: number;
} {
  const chunk = RUN * gpu.tuning.invocationsPerRow;
  const parts = tensors.map((windows) =>
    windows.map((part) => ({ ...part, chunks: Math.ceil(part.length / chunk) })),
  );
  const counts = parts.map((windows) => windows.reduce((total, { chunks }) => total + chunks, 0));
  return { parts: parts.flat(), counts, stride: counts.reduce((a, b) => a + b, 0) };
}

/** Sums of squares of so many groups, `stride` apart. */
interface Partial {
  readonly partial: Tensor;
  readonly stacked: number;
  readonly stride: number;
}

function recordSquares(
  gpu: Gpu,
  parts: readonly ChunkedPart[],
  { partial, first, stacked, stride }: Partial & { readonly first: number },
  step?: SgdStep,
): void {
  let outOffset = first;
  for (const run of runsOf(parts, step?.most ?? MOST)) {
    const storage: Record<string, Operand> = { partial };
    const params: Record<string, number> = { outOffset, stacked, stride };
    if (step && 'scale' in step) params['scale'] = step.scale;
    if (step && 'learningRates' in step) storage['learningRates'] = step.learningRates;
    let end = 0;
    for (const [g, { x, length, chunks }] of run.entries()) {
      storage[`x${g}`] = x;
      if (step) storage[`parameter${g}`] = step.parameters.get(x) as Tensor;
      params[`length${g}`] = length;
      params[`end${g}`] = end += chunks;
    }
    if (isLone(gpu.tuning)) {
      const wide = run.every(({ length }) => length % 4 === 0);
      const kernel = loneSquares({ groups: run.length, wide, ...(step ? { step: true } : {}) });
      gpu.dispatch(kernel, storage, params, grid(Math.ceil((stacked * end) / CHUNKS)));
    } else
      gpu.dispatch(
        squaresKernel({
          ...{ size: gpu.tuning.invocationsPerRow, groups: run.length },
          ...(step ? { step: true } : {}),
        }),
        storage,
        params,
        grid(stacked * end),
      );
    outOffset += end;
  }
}

/** Tensors and their parameters that one dispatch binds beside so many others. */
function tensorsBeside({ device: { limits } }: Gpu, others: number): number {
  return Math.min(MOST, Math.floor((limits.maxStorageBuffersPerShaderStage - others) / 2));
}

/** A step against the gradients whose squares are summed. */
type SgdStep = {
  /** By their gradients. */
  readonly parameters: ReadonlyMap<Operand, Tensor>;
  /** Tensors that one dispatch takes in. */
  readonly most: number;
} & ({ readonly scale: number } | { readonly learningRates: Tensor });

function recordSums(
  gpu: Gpu,
  counts: readonly number[],
  { partial, stacked, stride }: Partial,
  { out, outIndex, outStride }: Pick<Norms, 'out' | 'outIndex' | 'outStride'>,
): void {
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
    if (isLone(gpu.tuning))
      gpu.dispatch(LONE_SUMS, { partial, out }, sums, grid(Math.ceil(stacked / CHUNKS)));
    else gpu.dispatch(sumsKernel(gpu.tuning.invocationsPerRow), { partial, out }, sums, grid(stacked));
    start = end3;
  }
}

/** Where {@link L2Norms} go. */
export interface L2NormsArguments {
  /** float32. */
  readonly out: Tensor;
  /** Element of out that receives the first norm; 0 if absent. */
  readonly outIndex?: number;
  /** Sets of tensors. */
  readonly sets: number;
  /** Groups that tensors are stacks of; 1 if absent. */
  readonly stacked?: number;
}

/**
 * Norms of several sets of tensors, such as the gradients of all layers, with the bits of {@link l2Norm} or, of stacks,
 * {@link groupedL2Norm}: each set is read when it is added, and all are finished in one dispatch. Set i's norms go to
 * out[outIndex + i stacked + group].
 */
export class L2Norms extends Resource {
  readonly #gpu: Gpu;
  readonly #args: Required<L2NormsArguments>;
  #counts: readonly number[] = [];
  #partial: Tensor | undefined;

  /** @throws RangeError if out has no such elements */
  constructor(gpu: Gpu, { out, outIndex = 0, sets, stacked = 1 }: L2NormsArguments) {
    super();
    requireRange('L2Norms', out, outIndex, sets * stacked);
    this.#gpu = gpu;
    this.#args = { out, outIndex, sets, stacked };
  }

  /**
   * @param set its number
   * @param tensors float32, [stacked, …] each where there are stacks; at least one
   * @throws RangeError as `l2Norm` and `groupedL2Norm` do, or for tensors of other lengths than the set before had
   */
  add(set: number, tensors: readonly Tensor[]): void {
    this.#record(set, tensors);
  }

  /**
   * As {@link add} of the gradients and then `sgdSteps`: the same bits, in one reading of the gradients where several invocations
   * share one.
   * @throws as those
   */
  step(set: number, pairs: readonly ParameterGradient[], learningRate: number): void {
    const gradients = pairs.map(({ gradient }) => gradient);
    const gpu = this.#gpu;
    const isOne =
      !isLone(gpu.tuning) &&
      this.#args.stacked === 1 &&
      this.#fits(gradients) &&
      pairs.every(({ parameter, gradient }) => parameter.length === gradient.length);
    if (!isOne) {
      this.add(set, gradients);
      sgdSteps(gpu, pairs, learningRate);
      return;
    }
    const parameters = new Map(pairs.map(({ parameter, gradient }) => [gradient as Operand, parameter]));
    this.#record(set, gradients, { parameters, scale: -learningRate, most: tensorsBeside(gpu, 1) });
  }

  /**
   * As {@link add} of the gradients and then `groupedSgdSteps`, of stacks: the same bits, in one reading of the gradients where an
   * invocation has a chunk of them by itself.
   * @throws as those
   */
  groupedStep(set: number, { pairs, learningRates }: GroupedSgdArguments): void {
    const gradients = pairs.map(({ gradient }) => gradient);
    const gpu = this.#gpu;
    const { stacked } = this.#args;
    const isOne =
      isLone(gpu.tuning) &&
      learningRates.length === stacked &&
      this.#fits(gradients) &&
      pairs.every(
        ({ parameter, gradient }) =>
          parameter.length === gradient.length && (gradient.length / stacked) % 4 === 0,
      );
    if (!isOne) {
      this.add(set, gradients);
      groupedSgdSteps(gpu, { pairs, learningRates });
      return;
    }
    const parameters = new Map(pairs.map(({ parameter, gradient }) => [gradient as Operand, parameter]));
    this.#record(set, gradients, { parameters, learningRates, most: tensorsBeside(gpu, 2) });
  }

  /** Whether tensors are bound as they are and summed in chunks and their sums. */
  #fits(tensors: readonly Tensor[]): boolean {
    const longest = (RUN * this.#gpu.tuning.invocationsPerRow) ** 3;
    const { stacked } = this.#args;
    return (
      tensors.length > 0 &&
      tensors.every(
        ({ byteLength, length }) =>
          byteLength <= this.#gpu.maxBindingBytes && length % stacked === 0 && length / stacked <= longest,
      )
    );
  }

  #record(set: number, tensors: readonly Tensor[], step?: SgdStep): void {
    const { out, outIndex, sets, stacked } = this.#args;
    const lengths = tensors.map(({ length }) => length / stacked);
    const wholes = tensors.map((x, i) => [{ x, length: lengths[i] as number }]);
    const { parts, counts, stride } = chunksOf(this.#gpu, wholes);
    if (!this.#fits(tensors)) {
      const place = { tensors, out, outIndex: outIndex + set * stacked };
      if (stacked > 1) groupedL2Norm(this.#gpu, place);
      else l2Norm(this.#gpu, place);
      return;
    }
    if (this.#partial && String(counts) !== String(this.#counts))
      throw new RangeError('L2Norms: tensors of other lengths than those of the set before');
    this.#counts = counts;
    this.#partial ??= this.#gpu.tensor([Math.max(sets * stacked * stride, 1)], { label: 'l2-norm.partial' });
    const first = set * stacked * stride;
    recordSquares(this.#gpu, parts, { partial: this.#partial, first, stacked, stride }, step);
  }

  /** Records what is left to do. */
  finish(): void {
    const { out, outIndex, stacked } = this.#args;
    const stride = this.#counts.reduce((a, b) => a + b, 0);
    const partial = this.#partial;
    if (!partial) return;
    const places = { out, outIndex, outStride: 1 };
    recordSums(this.#gpu, this.#counts, { partial, stacked: this.#args.sets * stacked, stride }, places);
    this.dispose();
  }

  /** Gives back what was kept meanwhile; a second call does nothing. */
  dispose(): void {
    this.#partial?.dispose();
    this.#partial = undefined;
  }
}

/** Every kernel of {@link l2Norm} under a tuning, but for those of long sums. */
export function l2NormKernels(tuning: Tuning): Kernel[] {
  if (isLone(tuning)) return loneNormKernels(MOST);
  const { invocationsPerRow: size } = tuning;
  const counts = [1, 2, 3, MOST];
  return [
    ...counts.map((groups) => squaresKernel({ size, groups })),
    ...counts.map((groups) => squaresKernel({ size, groups, step: true })),
    sumsKernel(size),
  ];
}

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
