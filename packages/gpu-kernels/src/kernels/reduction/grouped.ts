import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, defineKernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { pointwiseGrid } from '../pointwise.ts';
import { workgroupReduction } from '../row-kernel.ts';
import type { RowGroups } from '../row-groups.ts';
import { defineSideBySide, runsOf, sideBySide } from '../side-by-side.ts';
import { ROWS_PER_CHUNK, columnInvocations, columnWidths, isColumnsWide } from './column-sum.ts';
import { RUN } from './reduction.ts';

/** Operands and options of {@link groupedColumnSums}. */
export interface GroupedColumnSumArguments {
  /** float32 [R, C], within the binding limit. */
  readonly x: Tensor;
  /** float32 [G, C]. */
  readonly out: Tensor;
  /** out += instead of out =. */
  readonly accumulate?: boolean;
}

/**
 * out[g, c] = sum over the rows r of group g of x[r, c], 0 for a group of none; up to three tensors in a dispatch, with the
 * bits of `columnSum` group by group.
 * @throws RangeError for sizes that do not agree
 */
export function groupedColumnSums(
  gpu: Gpu,
  groups: RowGroups,
  sums: readonly GroupedColumnSumArguments[],
): void {
  const { rows, counts } = groups;
  if (counts.length === 0) return;
  for (const { x, out } of sums) {
    if (out.length % counts.length === 0 && x.length * counts.length === rows * out.length) continue;
    throw new RangeError(
      `groupedColumnSums: ${x.label} [${x.shape.join(', ')}] and ${out.label} [${out.shape.join(', ')}] do not match ${counts.length} groups of ${rows} rows`,
    );
  }
  for (const run of runsOf(sums, MOST_SUMS)) {
    const matrices = run.map(({ out }) => ({ rows, columns: out.length / counts.length }));
    const wide = isColumnsWide(gpu.tuning, matrices);
    const perElement = wide ? 4 : 1;
    const { storage, params, count } = sideBySide(
      run.map(({ x, out }) => ({ count: out.length, storage: { x, out } })),
      perElement,
    );
    for (const [i, { accumulate = false }] of run.entries()) {
      params[`columns${i}`] = matrices[i]!.columns / perElement;
      params[`accumulate${i}`] = Number(accumulate);
    }
    const kernel = groupedColumnSumKernel({ matrices: run.length, wide });
    const workgroups = pointwiseGrid(count, columnInvocations(wide));
    gpu.dispatch(kernel, { ...storage, groups: groups.table }, params, workgroups);
  }
}

/** Operands and options of {@link groupedSum}. */
export interface GroupedSumArguments {
  /** float32 [R]. */
  readonly x: Tensor;
  /** G runs of the R elements. */
  readonly groups: RowGroups;
  /** float32 [G]: a factor on each group's sum. */
  readonly scales: Tensor;
  /** float32. */
  readonly out: Tensor;
  /** Element of out that receives the first group's sum; 0 if absent. */
  readonly outIndex?: number;
  /** From there to the next group's; 1 if absent. */
  readonly outStride?: number;
}

/**
 * out[outIndex + g outStride] = scales[g] times the sum of group g's elements of x, in one dispatch, with the bits of `sum`
 * group by group.
 * @throws RangeError for sizes that do not agree, or elements that are not there
 */
export function groupedSum(gpu: Gpu, args: GroupedSumArguments): void {
  const { x, groups, scales, out, outIndex = 0, outStride = 1 } = args;
  const { length } = groups.counts;
  if (length === 0) return;
  if (x.length < groups.rows || scales.length < length || out.length <= outIndex + (length - 1) * outStride) {
    throw new RangeError(
      `groupedSum: ${x.label} of ${x.length}, ${scales.label} of ${scales.length} or ${out.label} of ${out.length} is too small for ${length} groups of ${groups.rows} elements`,
    );
  }
  const size = gpu.tuning.invocationsPerRow;
  const longest = (RUN * size) ** 2;
  const tooLong = groups.counts.find((count) => count > longest);
  if (tooLong !== undefined)
    throw new RangeError(`groupedSum: a group of ${tooLong} elements; at most ${longest} are summed`);
  gpu.dispatch(
    groupedSumKernel(size),
    { x, groups: groups.table, scales, out },
    { groupCount: length, outIndex, outStride },
    grid(length),
  );
}

/** Every kernel of grouped reductions under a tuning. */
export function groupedReductionKernels(tuning: Tuning): Kernel[] {
  const columnSums = columnWidths(tuning).flatMap((wide) =>
    [1, 2, MOST_SUMS].map((matrices) => groupedColumnSumKernel({ matrices, wide })),
  );
  return [...columnSums, groupedSumKernel(tuning.invocationsPerRow)];
}

/** Matrices and their sums that eight bindings hold beside the table of groups. */
const MOST_SUMS = 3;

/** An invocation for each group and column of each matrix: chunks of rows, and the sum of theirs. */
const groupedColumnSumKernel = memoizeKernel(
  ({ matrices, wide }: { readonly matrices: number; readonly wide: boolean }) => {
    const element = wide ? 'vec4<f32>' : 'f32';
    return defineSideBySide<'x' | 'out', string>({
      label: `reduction.grouped-column-sums${wide ? '.vec4' : ''}`,
      groups: matrices,
      invocations: columnInvocations(wide),
      shared: { groups: 'vec4<u32>' },
      storage: { x: element, out: `&${element}` },
      params: Object.fromEntries(
        Array.from({ length: matrices }, (_, i) => [
          [`columns${i}`, 'u32'] as const,
          [`accumulate${i}`, 'u32'] as const,
        ]).flat(),
      ),
      body: ({ x, out }, i) => `
      let group = groups[j / params.columns${i}];
      let c = j % params.columns${i};
      var result = ${element}();
      for (var start = group.x; start < group.y; start += ${ROWS_PER_CHUNK}u) {
        var sum = ${element}();
        for (var r = start; r < min(start + ${ROWS_PER_CHUNK}u, group.y); r++) {
          sum += ${x}[r * params.columns${i} + c];
        }
        result += sum;
      }
      if (params.accumulate${i} != 0u) { result += ${out}[j]; }
      ${out}[j] = result;`,
    });
  },
);

/** A workgroup for each group: chunks as workgroups of the ungrouped sum have them, and then the chunks' sums likewise. */
const groupedSumKernel = memoizeKernel((size: number) =>
  defineKernel({
    label: `reduction.grouped-sum.${size}`,
    storage: { x: 'f32', groups: 'vec4<u32>', scales: 'f32', out: '&f32' },
    params: { groupCount: 'u32', outIndex: 'u32', outStride: 'u32' },
    workgroupSize: [size],
    declarations: workgroupReduction('total', size, 'a + b'),
    body: `
      if (workgroup >= params.groupCount) { return; }
      let group = groups[workgroup];
      let single = group.y - group.x <= ${RUN * size}u;
      var result = 0.0;
      var own = 0.0;
      var chunk = 0u;
      for (var start = group.x; start < group.y; start += ${RUN * size}u) {
        var sum = 0.0;
        for (var i = start + localIndex; i < min(start + ${RUN * size}u, group.y); i += ${size}u) { sum += x[i]; }
        result = total(sum, localIndex);
        if (chunk % ${size}u == localIndex) { own += result; }
        chunk++;
      }
      if (!single) { result = total(own, localIndex); }
      if (localIndex == 0u) { out[params.outIndex + workgroup * params.outStride] = result * scales[workgroup]; }`,
  }),
);
