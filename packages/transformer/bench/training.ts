import { type Gpu, acquireGpu, matmul, matrix } from '@icl-gd/gpu-kernels';
import { SmallTraining } from './training-step.ts';

const STEPS = 5;

const adapter = process.argv[process.argv.indexOf('--adapter') + 1];
const gpu = await acquireGpu({
  adapter: process.argv.includes('--adapter') && adapter ? adapter : 'auto',
  log: console.log,
});
const training = new SmallTraining(gpu);
const { config, specs, tokens } = training;

/** CPU time of the whole process is what counts on software adapters, where other work disturbs the clock. */
interface Seconds {
  readonly cpu: number;
  readonly clock: number;
}

async function secondsOf(work: () => Promise<unknown>): Promise<Seconds> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(used);
  return { cpu: (user + system) / 1e6, clock: (performance.now() - start) / 1000 };
}

function least(times: readonly Seconds[]): Seconds {
  return {
    cpu: Math.min(...times.map(({ cpu }) => cpu)),
    clock: Math.min(...times.map(({ clock }) => clock)),
  };
}

/** Seconds of a matrix product of 512³, the yardstick of the same run. */
async function matmulTime(device: Gpu): Promise<Seconds> {
  using scope = device.scope();
  const [a, b, c] = [0, 1, 2].map(() => scope.upload(new Float32Array(512 * 512).fill(0.5), [512, 512]));
  if (!a || !b || !c) throw new Error('unreachable');
  const products: Seconds[] = [];
  for (let i = 0; i < STEPS; i++) {
    products.push(
      await secondsOf(() => {
        matmul(device, { a: matrix(a), b: matrix(b), c: matrix(c) });
        return device.finish();
      }),
    );
  }
  return least(products);
}

const first = await training.step();
let last = first;
const times: Seconds[] = [];
for (let i = 0; i < STEPS; i++) times.push(await secondsOf(async () => (last = await training.step())));
const best = least(times);
const parameterCount = specs.reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);
const gflop = (6 * (parameterCount - config.contextLength * config.dModel) * tokens.length) / 1e9;
const product = await matmulTime(gpu);
const share = (unit: keyof Seconds): string => {
  const rate = (2 * 512 ** 3) / 1e9 / product[unit];
  return `${((100 * gflop) / best[unit] / rate).toFixed(0)} % of the matmul rate (${rate.toFixed(1)} GFLOP/s)`;
};
console.log(`training step, best of ${STEPS} (loss ${first.toFixed(3)} -> ${last.toFixed(3)}):`);
console.log(`CPU time ${best.cpu.toFixed(3)} s, ${share('cpu')}`);
console.log(
  `clock ${best.clock.toFixed(3)} s, ${share('clock')}, ${(tokens.length / best.clock).toFixed(0)} tokens/s`,
);
training.dispose();
gpu.dispose();
