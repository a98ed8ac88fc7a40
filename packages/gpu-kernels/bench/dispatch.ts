import { parseArgs } from 'node:util';
import { dawn } from '../src/platform/node/dawn.ts';
import { acquireGpu } from '../src/device/acquire.ts';
import { describeAdapter } from '../src/device/description.ts';
import { Gpu } from '../src/runtime/gpu.ts';
import { defineKernel, grid } from '../src/runtime/kernel.ts';
import type { ParameterForm } from '../src/runtime/parameter-form.ts';

/** CPU time of recording and submitting dispatches, this thread's alone: the adapter's own work is on other threads. */
const { values } = parseArgs({
  options: {
    /** `null` is Dawn's backend that does nothing: what remains is our part and Dawn's. */
    adapter: { type: 'string', default: 'null' },
    dispatches: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '7' },
  },
});
const dispatches = Number(values.dispatches);
// Node 24, which measurements run on, has it; the types are those of the oldest Node that the packages run on.
const here = process as typeof process & { threadCpuUsage: typeof process.cpuUsage };

const kernels = Array.from({ length: 20 }, (_, i) =>
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

async function open(parameters: ParameterForm): Promise<Gpu> {
  if (values.adapter !== 'null') {
    const { device, adapter } = await acquireGpu({ adapter: values.adapter });
    return Gpu.fromDevice(device, adapter, { parameters, keepDevice: true });
  }
  const adapter = await (await dawn(['backend=null'])).requestAdapter();
  if (!adapter) throw new Error('Dawn has no null backend here');
  return Gpu.fromDevice(await adapter.requestDevice(), describeAdapter(adapter.info, 'given'), {
    parameters,
  });
}

console.log('µs of CPU time a dispatch, best round: recording, submitting, other threads');
for (const parameters of ['immediate', 'uniform'] as const) {
  const gpu = await open(parameters);
  const tensors = Array.from({ length: 21 }, () => [gpu.tensor([256]), gpu.tensor([256])] as const);
  for (const count of [1, kernels.length]) {
    const record = (i: number): void => {
      const [x, y] = tensors[i % count]!;
      const [out] = tensors[(i % count) + 1]!;
      gpu.dispatch(
        kernels[i % count]!,
        { x, y, out },
        { count: 1, factor: 2, shift: -1, stride: 1 },
        grid(1),
      );
    };
    await run(gpu, record, `${parameters}, ${count} kernel${count === 1 ? '' : 's'}`);
  }
  for (const tensor of tensors.flat()) tensor.dispose();
  gpu.dispose();
}
process.exit(0);

async function run(gpu: Gpu, record: (i: number) => void, name: string): Promise<void> {
  const best = [Infinity, Infinity, Infinity];
  // Submits that happen inside of recording are taken out of it.
  const { queue } = gpu.device;
  const submit = queue.submit.bind(queue);
  let submitting = 0;
  queue.submit = (buffers) => {
    const before = here.threadCpuUsage();
    submit(buffers);
    submitting += microseconds(here.threadCpuUsage(before));
  };
  for (let round = 0; round < Number(values.rounds); round++) {
    await gpu.finish();
    submitting = 0;
    const [all, before] = [process.cpuUsage(), here.threadCpuUsage()];
    for (let i = 0; i < dispatches; i++) record(i);
    gpu.flush();
    const recording = microseconds(here.threadCpuUsage(before)) - submitting;
    await gpu.finish();
    const rest = microseconds(process.cpuUsage(all)) - recording - submitting;
    for (const [i, spent] of [recording, submitting, rest].entries())
      best[i] = Math.min(best[i]!, spent / dispatches);
  }
  queue.submit = submit;
  console.log(name.padEnd(24), best.map((value) => value.toFixed(2).padStart(8)).join(''));
}

function microseconds({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
