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

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** GFLOP/s of a matrix product of 512³, the yardstick of the same run. */
async function matmulRate(device: Gpu): Promise<number> {
  using scope = device.scope();
  const [a, b, c] = [0, 1, 2].map(() => scope.upload(new Float32Array(512 * 512).fill(0.5), [512, 512]));
  if (!a || !b || !c) throw new Error('unreachable');
  const times: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    times.push(
      await secondsOf(() => {
        matmul(device, { a: matrix(a), b: matrix(b), c: matrix(c) });
        return device.finish();
      }),
    );
  }
  return (2 * 512 ** 3) / 1e9 / Math.min(...times);
}

const first = await training.step();
const times: number[] = [];
let last = first;
for (let i = 0; i < STEPS; i++) times.push(await secondsOf(async () => (last = await training.step())));
const best = Math.min(...times);
const parameterCount = specs.reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);
const flops = 6 * (parameterCount - config.contextLength * config.dModel) * tokens.length;
const rate = await matmulRate(gpu);
console.log(
  `training step: ${best.toFixed(3)} s best of ${STEPS} (loss ${first.toFixed(3)} -> ${last.toFixed(3)})`,
);
console.log(`tokens per second: ${(tokens.length / best).toFixed(0)}`);
console.log(
  `share of the matmul rate (${rate.toFixed(1)} GFLOP/s): ${((100 * flops) / 1e9 / best / rate).toFixed(0)} %`,
);
training.dispose();
gpu.dispose();
