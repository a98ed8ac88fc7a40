import type { Gpu } from '../src/runtime/gpu.ts';
import { defineKernel, grid } from '../src/runtime/kernel.ts';

// Node 24, which measurements run on, has it; the types are those of the oldest Node that the packages run on.
const here = process as typeof process & { threadCpuUsage: typeof process.cpuUsage };

/** As many as a step of training has. */
const KERNELS = Array.from({ length: 20 }, (_, i) =>
  defineKernel({
    label: `bench.add-${i}`,
    storage: { x: 'f32', y: 'f32', out: '&f32' },
    params: { count: 'u32', factor: 'f32', shift: 'i32', stride: 'u32' },
    workgroupSize: [64],
    body: `
  let i = workgroup * 64u + localIndex;
  if (i < params.count) { out[i * params.stride] = params.factor * x[i] + y[i] + f32(params.shift) + ${i}; }`,
  }),
);

/** Numbers of kernels that are dispatched in turn. */
export const TURNS = [1, KERNELS.length] as const;

/** Microseconds of CPU time that a dispatch takes: recording, submitting, and on threads of the driver. */
export interface DispatchCosts {
  readonly recording: number;
  readonly submitting: number;
  readonly others: number;
}

/** What a dispatch of three bindings and four parameters costs, in the best round. */
export async function dispatchCosts(
  gpu: Gpu,
  {
    kernels,
    dispatches,
    rounds,
  }: { readonly kernels: number; readonly dispatches: number; readonly rounds: number },
): Promise<DispatchCosts> {
  using scope = gpu.scope();
  const tensors = Array.from(
    { length: kernels + 1 },
    () => [scope.tensor([256], 'x'), scope.tensor([256], 'y')] as const,
  );
  const record = (i: number): void => {
    const [x, y] = tensors[i % kernels]!;
    const [out] = tensors[(i % kernels) + 1]!;
    const params = { count: 1, factor: 2, shift: -1, stride: 1 };
    gpu.dispatch(KERNELS[i % kernels]!, { x, y, out }, params, grid(1));
  };
  const best = { recording: Infinity, submitting: Infinity, others: Infinity };
  // Submits that happen inside of recording are taken out of it.
  const { queue } = gpu.device;
  const submit = queue.submit.bind(queue);
  let submitting = 0;
  queue.submit = (buffers) => {
    const before = here.threadCpuUsage();
    submit(buffers);
    submitting += microseconds(here.threadCpuUsage(before));
  };
  try {
    for (let round = 0; round < rounds; round++) {
      await gpu.finish();
      submitting = 0;
      const [all, before] = [process.cpuUsage(), here.threadCpuUsage()];
      for (let i = 0; i < dispatches; i++) record(i);
      gpu.flush();
      const recording = microseconds(here.threadCpuUsage(before)) - submitting;
      await gpu.finish();
      const rest = microseconds(process.cpuUsage(all)) - recording - submitting;
      const spent = { recording, submitting, others: rest };
      for (const name of ['recording', 'submitting', 'others'] as const)
        best[name] = Math.min(best[name], spent[name] / dispatches);
    }
  } finally {
    queue.submit = submit;
  }
  return best;
}

function microseconds({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
