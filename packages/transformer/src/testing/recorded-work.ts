import type { Gpu, Kernel } from '@icl-gd/gpu-kernels';

/** What was recorded on a device: each costs host time, and copies, clears and writes also end a compute pass. */
export interface RecordedWork {
  /** Dispatches by kernel label. */
  readonly dispatches: ReadonlyMap<string, number>;
  readonly total: number;
  readonly copies: number;
  readonly clears: number;
}

/** Counts what work records on a Gpu, and on those that are made of it by `with` meanwhile. */
export function recordedWork(gpu: Gpu, work: () => void): RecordedWork {
  const dispatches = new Map<string, number>();
  let [total, copies, clears] = [0, 0, 0];
  const counting = (own: Gpu): Gpu => {
    const { dispatch, copy, clear, with: derive } = own;
    return Object.assign(own, {
      dispatch(kernel: Kernel, ...args: Rest<typeof dispatch>) {
        dispatches.set(kernel.label, (dispatches.get(kernel.label) ?? 0) + 1);
        total++;
        dispatch.call(own, kernel, ...args);
      },
      copy(...args: Parameters<typeof copy>) {
        copies++;
        copy.apply(own, args);
      },
      clear(...args: Parameters<typeof clear>) {
        clears++;
        clear.apply(own, args);
      },
      with: (...args: Parameters<typeof derive>) => counting(derive.apply(own, args)),
    });
  };
  counting(gpu);
  try {
    work();
  } finally {
    for (const name of ['dispatch', 'copy', 'clear', 'with']) Reflect.deleteProperty(gpu, name);
  }
  return { dispatches, total, copies, clears };
}

type Rest<F extends (first: never, ...rest: never[]) => unknown> = F extends (
  first: never,
  ...rest: infer R
) => unknown
  ? R
  : never;
