import type { Gpu, Kernel } from '@icl-gd/gpu-kernels';

/** What was recorded on a device: each costs host time, and copies, clears and writes also end a compute pass. */
export interface RecordedWork {
  /** Dispatches by kernel label. */
  readonly dispatches: ReadonlyMap<string, number>;
  readonly total: number;
  readonly copies: number;
  readonly clears: number;
}

/** Counts what work records on a Gpu itself, not on others that were made of it by `with`. */
export function recordedWork(gpu: Gpu, work: () => void): RecordedWork {
  const dispatches = new Map<string, number>();
  let [total, copies, clears] = [0, 0, 0];
  const { dispatch, copy, clear } = gpu;
  Object.assign(gpu, {
    dispatch(kernel: Kernel, ...args: Rest<typeof dispatch>) {
      dispatches.set(kernel.label, (dispatches.get(kernel.label) ?? 0) + 1);
      total++;
      dispatch.call(gpu, kernel, ...args);
    },
    copy(...args: Parameters<typeof copy>) {
      copies++;
      copy.apply(gpu, args);
    },
    clear(...args: Parameters<typeof clear>) {
      clears++;
      clear.apply(gpu, args);
    },
  });
  try {
    work();
  } finally {
    for (const name of ['dispatch', 'copy', 'clear']) Reflect.deleteProperty(gpu, name);
  }
  return { dispatches, total, copies, clears };
}

type Rest<F extends (first: never, ...rest: never[]) => unknown> = F extends (
  first: never,
  ...rest: infer R
) => unknown
  ? R
  : never;
