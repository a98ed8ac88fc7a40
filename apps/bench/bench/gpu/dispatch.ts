import { type Gpu, acquireGpu, defineKernel, grid, kernelTexts } from '@icl-gd/gpu-kernels';
import { TURNS, dispatchCosts } from '../../../../packages/gpu-kernels/bench/dispatch-costs.ts';
import { kernelCatalogue } from '../../../../packages/gpu-kernels/src/kernels/catalogue.ts';
import { type Plan, type Row, type Step, open, round } from './step.ts';

const FORMS = ['immediate', 'uniform'] as const;

/** What each dispatch, submit, write and buffer costs the host, gaps between dispatches, and compiling everything. */
export const dispatches: Step = {
  title: 'What a dispatch costs',
  seconds: 120,
  async run(plan, report) {
    const { quick, adapter } = plan;
    const [count, rounds] = quick ? [500, 1] : [10_000, 3];
    for (const checks of ['all checks', 'no validation'] as const)
      for (const parameters of FORMS) {
        const dawn = checks === 'all checks' ? [] : (['no-validation'] as const);
        const gpu = await acquireGpu({ adapter, parameters, dawn });
        for (const kernels of TURNS) {
          const costs = await dispatchCosts(gpu, { kernels, dispatches: count, rounds });
          const name = `${parameters}, ${kernels} in turn, ${checks}`;
          report({
            ...{ what: 'dispatch', name, recording_us: round(costs.recording) },
            ...{ submitting_us: round(costs.submitting), others_us: round(costs.others) },
          });
        }
        gpu.dispose();
      }
    const gpu = await open(plan);
    for (const row of await gaps(gpu, plan)) report(row);
    for (const row of await hostCosts(gpu, plan)) report(row);
    report(await compiling(gpu, plan));
    gpu.dispose();
  },
};

const ONE = defineKernel({
  label: 'bench.one',
  storage: { x: 'f32', out: '&f32' },
  params: { factor: 'f32' },
  workgroupSize: [64],
  body: 'out[localIndex] = params.factor * x[localIndex];',
});

/** Microseconds of the clock a dispatch, where each reads what the one before wrote, and where none does. */
async function gaps(gpu: Gpu, { quick }: Plan): Promise<Row[]> {
  using scope = gpu.scope();
  const tensors = Array.from({ length: 2 }, () => scope.upload(new Float32Array(64), [64]));
  const apart = Array.from({ length: 64 }, () => scope.tensor([64], 'out'));
  const [x, y] = tensors as [(typeof tensors)[0], (typeof tensors)[0]];
  const count = quick ? 200 : 10_000;
  const clock = async (record: (i: number) => void): Promise<number> => {
    let best = Infinity;
    for (let repeat = 0; repeat < 3; repeat++) {
      await gpu.finish();
      const start = performance.now();
      for (let i = 0; i < count; i++) record(i);
      await gpu.finish();
      best = Math.min(best, (1e3 * (performance.now() - start)) / count);
    }
    return round(best);
  };
  const run = (from: typeof x, to: typeof x): void =>
    gpu.dispatch(ONE, { x: from, out: to }, { factor: 1 }, grid(1));
  return [
    {
      what: 'gap',
      name: 'dependent dispatches',
      us: await clock((i) => (i % 2 === 0 ? run(x, y) : run(y, x))),
    },
    { what: 'gap', name: 'independent dispatches', us: await clock((i) => run(x, apart[i % apart.length]!)) },
  ];
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** Microseconds of the clock of what is not a dispatch. */
async function hostCosts(gpu: Gpu, { quick }: Plan): Promise<Row[]> {
  const { device } = gpu;
  const times = quick ? 3 : 50;
  const best = async (work: () => unknown): Promise<number> => {
    let least = Infinity;
    for (let i = 0; i < times; i++) {
      await gpu.finish();
      const start = performance.now();
      await work();
      least = Math.min(least, performance.now() - start);
    }
    return round(1e3 * least);
  };
  using scope = gpu.scope();
  const small = new Float32Array((64 * KIB) / 4);
  const target = scope.tensor([small.length], 'target');
  const large = scope.tensor([(16 * MIB) / 4], 'large');
  gpu.clear(large);
  const made: GPUBuffer[] = [];
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const costs = [
    ['submitting nothing', () => device.queue.submit([])],
    ['writing 64 KiB', () => gpu.write(target, small)],
    ['making a buffer of 16 MiB', () => void made.push(device.createBuffer({ size: 16 * MIB, usage }))],
    [
      'waiting for a dispatch',
      () => (gpu.dispatch(ONE, { x: target, out: large }, { factor: 1 }, grid(1)), gpu.finish()),
    ],
    ['reading 4 KiB', () => gpu.read(target, 0, KIB)],
    ['reading 16 MiB', () => gpu.read(large)],
  ] as const;
  const rows: Row[] = [];
  for (const [name, work] of costs) rows.push({ what: 'host', name, us: await best(work) });
  for (const buffer of made) buffer.destroy();
  return rows;
}

/** All kernels that the adapter's tuning may run, on a device that has compiled none; the driver may know them from before. */
async function compiling(gpu: Gpu, { quick }: Plan): Promise<Row> {
  const kernels = kernelCatalogue([gpu.tuning])
    .map(({ kernel }) => kernel)
    .slice(0, quick ? 10 : undefined);
  const start = performance.now();
  await gpu.warm(kernels);
  const seconds = (performance.now() - start) / 1e3;
  return {
    what: 'compile',
    name: `${kernels.length} of ${kernelTexts([gpu.tuning]).size} kernels`,
    seconds: round(seconds),
  };
}
