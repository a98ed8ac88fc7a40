import type { Gpu } from '../runtime/gpu.ts';
import { type Kernel, type KernelText, type ParameterType, defineKernel, grid } from '../runtime/kernel.ts';
import type { Operand } from '../runtime/tensor.ts';
import type { Tuning } from '../runtime/tuning.ts';
import { definePointwise, pointwiseGrid } from './pointwise.ts';

/** Numbers of a row that an invocation visits where it takes a run of them. */
const RUN = 64;
/** Runs of a workgroup. */
const RUNS = 8;

type Element = 'f32' | 'vec4<f32>';

interface RowRunsText<S extends string, P extends string> {
  readonly label: string;
  readonly storage: (element: Element) => KernelText<S, P>['storage'];
  readonly params?: Readonly<Record<P, ParameterType>>;
  /** WGSL: what all elements of a row have in common, declared by its number `row`. */
  readonly ofRow: string;
  /** WGSL of element `c` of `row`, which is element `i` of all; `element` is its type, of one number or four. */
  readonly ofElement: (element: Element) => string;
}

/**
 * A kernel over the elements of rows of `params.width`, whose work is each element's own. An invocation takes one of them on
 * GPUs. On software adapters it takes a run of a row, so that divisions, and what is looked up for a row, are done once: they
 * cost as much as several elements there.
 */
export interface RowRunsKernel<S extends string, P extends string> {
  readonly one: Kernel<S, P | 'count' | 'width'>;
  /** Runs of single numbers. */
  readonly run: Kernel<S, P | 'count' | 'width' | 'runs'>;
  /** Runs of vectors of four. */
  readonly wideRun: Kernel<S, P | 'count' | 'width' | 'runs'>;
}

export function defineRowRuns<S extends string, P extends string = never>(
  text: RowRunsText<S, P>,
): RowRunsKernel<S, P> {
  const { label, storage, ofRow, ofElement } = text;
  const own: Record<string, ParameterType> = { width: 'u32', ...text.params };
  const runs = (element: Element): Kernel<S, P | 'count' | 'width' | 'runs'> => {
    const length = element === 'f32' ? RUN : RUN / 4;
    return defineKernel<S, P | 'count' | 'width' | 'runs'>({
      label: `${label}.run${element === 'f32' ? '' : '.vec4'}`,
      storage: storage(element),
      params: { count: 'u32', runs: 'u32', ...own } as Record<P | 'count' | 'width' | 'runs', ParameterType>,
      workgroupSize: [RUNS],
      body: `
        let run = workgroup * ${RUNS}u + localIndex;
        if (run >= params.count) { return; }
        let row = run / params.runs;
        let first = run % params.runs * ${length}u;
        ${ofRow}
        let end = min(first + ${length}u, params.width);
        for (var c = first; c < end; c++) {
          let i = row * params.width + c;
          ${ofElement(element)}
        }`,
    });
  };
  return {
    one: definePointwise<S, P | 'width'>({
      label,
      storage: storage('f32'),
      params: own as Record<P | 'width', ParameterType>,
      body: `
        let row = i / params.width;
        let c = i % params.width;
        ${ofRow}
        ${ofElement('f32')}`,
    }),
    run: runs('f32'),
    wideRun: runs('vec4<f32>'),
  };
}

/** Whether under a tuning one invocation does by itself what belongs to a row, or takes a run of one. */
export function hasLoneRows({ normLanes }: Pick<Tuning, 'normLanes'>): boolean {
  return normLanes === 1;
}

/** Those of a {@link defineRowRuns} kernel's variants that run under a tuning. */
export function rowRunsKernels<S extends string, P extends string>(
  tuning: Pick<Tuning, 'normLanes'>,
  { one, run, wideRun }: RowRunsKernel<S, P>,
): Kernel[] {
  return hasLoneRows(tuning) ? [run, wideRun] : [one];
}

/**
 * Records a {@link defineRowRuns} kernel.
 * @param rows how many, of `width` numbers each
 * @param perElement numbers that an element of its storage has: 4 if all that is bound by elements can be bound by four of them,
 *   and takes runs, else 1
 */
export function dispatchRowRuns<S extends string, P extends string>(
  gpu: Gpu,
  kernel: RowRunsKernel<S, P>,
  { rows, width, perElement }: { readonly rows: number; readonly width: number; readonly perElement: 1 | 4 },
  storage: Readonly<Record<S, Operand>>,
  params: Readonly<Record<P, number>>,
): void {
  // An empty tensor could not be bound by vectors.
  if (rows * width === 0) return;
  if (!hasLoneRows(gpu.tuning)) {
    const count = rows * width;
    const all = { ...params, count, width } as Record<P | 'count' | 'width', number>;
    gpu.dispatch(kernel.one, storage, all, pointwiseGrid(count));
    return;
  }
  const runs = Math.ceil(width / RUN);
  const all = { ...params, count: rows * runs, runs, width: width / perElement };
  gpu.dispatch(
    perElement === 4 ? kernel.wideRun : kernel.run,
    storage,
    all as Record<P | 'count' | 'width' | 'runs', number>,
    grid(Math.ceil((rows * runs) / RUNS)),
  );
}
