import { type Gpu, acquireGpu, adamWStep, matmul, matrix } from '@icl-gd/gpu-kernels';
import { Gradients } from '../src/decoder/gradients.ts';
import { recordLossGradient } from '../src/decoder/loss-gradient.ts';
import { Pass } from '../src/decoder/pass.ts';
import { nextTokenTargets, planTargets } from '../src/decoder/targets.ts';
import { gpt2 } from '../src/families/gpt2.ts';
import { parameterSpecs } from '../src/parameters.ts';
import { Pcg64 } from '../src/random/pcg64.ts';
import { initialParameter } from '../src/weights/initialise.ts';
import { ParameterSet } from '../src/weights/parameter-set.ts';

const TOKENS = 256;
const STEPS = 5;
const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, learningRate: 1e-3 };

/** One training step of a small GPT-2: forward, backward of every parameter, AdamW. */
const config = gpt2.readConfig(
  {
    n_layer: 4,
    n_embd: 256,
    n_head: 8,
    n_positions: TOKENS,
    vocab_size: 4096,
    bos_token_id: 0,
    eos_token_id: 0,
  },
  'bench',
);
const adapter = process.argv[process.argv.indexOf('--adapter') + 1];
const gpu = await acquireGpu({
  adapter: process.argv.includes('--adapter') && adapter ? adapter : 'auto',
  log: console.log,
});
const specs = parameterSpecs(config);
const upload = (name: string, values: Float32Array, shape: readonly number[]) =>
  gpu.upload(values, shape, { label: name, exact: true });
const parameters = new ParameterSet(
  new Map(specs.map(({ name, shape }) => [name, upload(name, initialParameter(specs, name, 0), shape)])),
);
const moments = specs.map(({ name, shape }) =>
  [0, 1].map(() => upload(name, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape)),
);
const random = new Pcg64(0);
const tokens = Array.from({ length: TOKENS }, () => Math.floor(random.random() * config.vocabSize));

using gradients = Gradients.ofGroup(gpu, config, 'all');
const losses = gpu.tensor([1]);

async function step(number: number): Promise<number> {
  gradients.clear();
  using pass = Pass.over({ gpu, config, parameters, sequences: [tokens], gradients });
  const targets = planTargets(pass, nextTokenTargets([tokens]));
  recordLossGradient(pass, { objective: 'output', targets, losses, lossIndex: 0 });
  for (const [i, { name }] of specs.entries()) {
    const gradient = gradients.find(name);
    const [firstMoment, secondMoment] = moments[i] ?? [];
    if (!gradient || !firstMoment || !secondMoment) throw new Error(`no gradient of ${name}`);
    adamWStep(gpu, {
      parameter: parameters.get(name),
      gradient,
      firstMoment,
      secondMoment,
      step: number,
      ...ADAMW,
    });
  }
  return (await gpu.read(losses))[0] as number;
}

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

const first = await step(1);
const times: number[] = [];
let last = first;
for (let i = 0; i < STEPS; i++) times.push(await secondsOf(async () => (last = await step(i + 2))));
const best = Math.min(...times);
const parameterCount = specs.reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);
const flops = 6 * (parameterCount - config.contextLength * config.dModel) * TOKENS;
const rate = await matmulRate(gpu);
console.log(
  `training step: ${best.toFixed(3)} s best of ${STEPS} (loss ${first.toFixed(3)} -> ${last.toFixed(3)})`,
);
console.log(`tokens per second: ${(TOKENS / best).toFixed(0)}`);
console.log(
  `share of the matmul rate (${rate.toFixed(1)} GFLOP/s): ${((100 * flops) / 1e9 / best / rate).toFixed(0)} %`,
);
gpu.dispose();
