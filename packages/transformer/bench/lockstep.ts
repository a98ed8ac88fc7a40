import { acquireGpu } from '@icl-gd/gpu-kernels';
import { parseArgs } from 'node:util';
import { withPositions } from '../src/decoder/positions.ts';
import { gptNeoX } from '../src/families/gpt-neox.ts';
import { FineTuning } from '../src/fine-tuning.ts';
import { type LockstepCell, LockstepFineTuning } from '../src/index.ts';
import { Model } from '../src/model.ts';
import { parameterSpecs } from '../src/parameters.ts';
import { Pcg64 } from '../src/random/pcg64.ts';
import { initialParameter } from '../src/weights/initialise.ts';
import { ParameterSet } from '../src/weights/parameter-set.ts';

/* Cells of the embedded model's shape, fine-tuned in lockstep against one by one, in turns. */

const { values: given } = parseArgs({
  options: {
    adapter: { type: 'string', default: 'auto' },
    cells: { type: 'string', default: '18' },
    rounds: { type: 'string', default: '5' },
    /** Where the time of steps in lockstep goes, by kernel, instead of the comparison. */
    profile: { type: 'boolean', default: false },
  },
});
const STEPS = 8;

const config = gptNeoX.readConfig(
  {
    ...{ hidden_size: 64, intermediate_size: 128, num_attention_heads: 4, num_hidden_layers: 4 },
    ...{ vocab_size: 196, max_position_embeddings: 1024, bos_token_id: 0, eos_token_id: 1 },
    ...{ rotary_pct: 0.5, use_parallel_residual: false, tie_word_embeddings: true },
  },
  'bench',
);
const gpu = await acquireGpu({ adapter: given.adapter, profile: given.profile, log: console.log });
const specs = parameterSpecs(config);
const parameters = new Map(
  specs.map(({ name, shape }) => [name, gpu.upload(initialParameter(specs, name, 0), shape)]),
);
const model = new Model(
  gpu,
  'the embedded shape',
  config,
  withPositions(gpu, config, new ParameterSet(parameters)),
);

const random = new Pcg64(0);
const integer = (below: number): number => Math.floor(random.random() * below);
const cells: LockstepCell[] = Array.from({ length: Number(given.cells) }, () => ({
  learningRate: 0.01,
  sequences: Array.from({ length: STEPS }, () =>
    Array.from({ length: 26 + integer(9) }, () => integer(config.vocabSize)),
  ),
}));

type Objective = 'output' | 'layerwise';

async function together(objective: Objective): Promise<void> {
  using tuning = new LockstepFineTuning(model, { objective, group: 'attention.kv', cells });
  for (const result of await tuning.run()) result.model.dispose();
}

async function oneByOne(objective: Objective): Promise<void> {
  for (const { learningRate, sequences } of cells) {
    using tuning = new FineTuning(model, { objective, group: 'attention.kv', learningRate, steps: STEPS });
    await tuning.steps(sequences);
    (await tuning.finish()).model.dispose();
  }
}

/** Seconds by the clock and of the CPU, of all threads. */
async function secondsOf(work: () => Promise<unknown>): Promise<{ clock: number; cpu: number }> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { clock: (performance.now() - start) / 1e3, cpu: (user + system) / 1e6 };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

async function printProfile(objective: Objective): Promise<void> {
  await together(objective);
  const { cpu } = await secondsOf(() => together(objective));
  console.log(
    `${objective}, ${cells.length} cells: ${((cpu / STEPS) * 1e3).toFixed(1)} ms of CPU time a step`,
  );
  const profile = gpu.profile();
  await together(objective);
  const { kernels } = await profile.end();
  for (const { label, calls, ms } of kernels) {
    const each = [calls / STEPS, ms / STEPS, (1e3 * ms) / calls].map((value) => value.toFixed(2).padStart(9));
    console.log(`${label.padEnd(72)} ${each[0]} calls ${each[1]} ms a step ${each[2]} µs a call`);
  }
}

for (const objective of ['output', 'layerwise'] as const) {
  if (given.profile) {
    await printProfile(objective);
    continue;
  }
  await together(objective);
  await oneByOne(objective);
  const rounds: { alone: { clock: number; cpu: number }; lockstep: { clock: number; cpu: number } }[] = [];
  for (let i = 0; i < Number(given.rounds); i++)
    rounds.push({
      alone: await secondsOf(() => oneByOne(objective)),
      lockstep: await secondsOf(() => together(objective)),
    });
  for (const kind of ['clock', 'cpu'] as const) {
    const ratios = rounds.map(({ alone, lockstep }) => alone[kind] / lockstep[kind]);
    const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2));
    const seconds = [rounds.map(({ alone }) => alone[kind]), rounds.map(({ lockstep }) => lockstep[kind])]
      .map((each) => median(each).toFixed(2))
      .join(' s one by one, ');
    console.log(
      `${objective === 'output' ? 'GD' : 'LCGD'}, ${cells.length} cells, ${kind}: ${seconds} s in lockstep: ${median(ratios).toFixed(2)} x (${least} to ${most})`,
    );
  }
}
model.dispose();
gpu.dispose();
