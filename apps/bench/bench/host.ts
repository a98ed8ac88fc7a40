/**
 * What the host does beside the device, in nanoseconds of CPU an element of h, on a model with the proportions of
 * fairseq-dense-1.3B and few layers, and what share that is of the batch that a fast GPU is expected to take.
 *
 *   npm run bench:host -w apps/bench -- [--adapter auto] [--examples 256]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { acquireGpu } from '@icl-gd/gpu-kernels';
import { type Probe, type Query, zeroShot } from '@icl-gd/methods';
import { type LayerScores, bootstrapLayerMeanInterval, builtInMetrics } from '@icl-gd/metrics';
import { type Model, Pcg64, loadModel, writeRandomCheckpoint } from '@icl-gd/transformer';
import { writeProbes } from '../src/experiment/probe-file.ts';
import { scoreComparison } from '../src/experiment/scoring/score-work.ts';
import { Scoring } from '../src/experiment/scoring/scoring.ts';
import { SharedMemory, inSharedMemory } from '../src/experiment/scoring/shared-probes.ts';
import { uniformsOf } from '../src/experiment/uniforms.ts';

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: 'auto' },
    examples: { type: 'string', default: '256' },
  },
});
const LAYERS = 2;
const KEYS = 30;
const SHAPE = { layers: LAYERS, heads: 32, dModel: 2048 };
/** What is expected of an H100: 2,048 tokens of the whole model, to the last layer and back. */
const EXPECTED = { seconds: 0.13, queries: 68, layers: 24 };
const ELEMENTS = EXPECTED.queries * EXPECTED.layers * SHAPE.dModel;

const READINGS = 20;

const random = new Pcg64(0);
const examples = Number(values.examples);

/** Nanoseconds of CPU that this thread spent. */
function threadNanoseconds(): number {
  const { user, system } = (process as unknown as { threadCpuUsage(): NodeJS.CpuUsage }).threadCpuUsage();
  return (user + system) * 1000;
}

/** For what is shorter than the steps in which a thread's time is kept. */
const clockNanoseconds = (): number => performance.now() * 1e6;

/** The least of some rounds: what else runs on the machine only adds. */
async function least(rounds: number, work: () => unknown): Promise<number> {
  let shortest = Infinity;
  for (let i = 0; i < rounds; i++) {
    const start = threadNanoseconds();
    await work();
    shortest = Math.min(shortest, threadNanoseconds() - start);
  }
  return shortest;
}

function line(what: string, nanoseconds: number, note = ''): void {
  const share = (100 * nanoseconds * ELEMENTS) / (EXPECTED.seconds * 1e9);
  console.log(
    `${what.padEnd(44)} ${nanoseconds.toFixed(2).padStart(8)} ns  ${share.toFixed(1).padStart(6)} %  ${note}`,
  );
}

async function withModel(work: (model: Model) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'icl-gd-host-'));
  try {
    const config = {
      ...{ architectures: ['XGLMForCausalLM'], model_type: 'xglm', activation_function: 'gelu' },
      ...{ num_layers: LAYERS, d_model: SHAPE.dModel, attention_heads: SHAPE.heads, ffn_dim: 256 },
      ...{ vocab_size: 512, max_position_embeddings: 2048, scale_embedding: true, tie_word_embeddings: true },
      ...{ bos_token_id: 0, eos_token_id: 2 },
    };
    await writeRandomCheckpoint(folder, config, { seed: 0, dtype: 'float16' });
    using gpu = await acquireGpu({ adapter: values.adapter, log: console.log });
    using model = await loadModel(gpu, folder);
    await work(model);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measureProbing(model: Model): Promise<void> {
  const tokens = (): number[] =>
    Array.from({ length: KEYS - 1 }, () => 3 + Math.floor(500 * random.random()));
  const queries: Query[] = Array.from({ length: 16 }, () => ({ tokens: tokens(), options: [[3], [4]] }));
  const adapted = await zeroShot.adapt(model, []);
  let [recording, read] = [0, 0];
  const evaluate = model.evaluate.bind(model);
  model.evaluate = (...given) => {
    const start = clockNanoseconds();
    const results = evaluate(...given);
    recording += clockNanoseconds() - start;
    return results;
  };
  const readAll = model.gpu.readAll.bind(model.gpu);
  model.gpu.readAll = async (...given) => {
    const results = await readAll(...given);
    read = clockNanoseconds();
    return results;
  };
  const probe = (allocate?: SharedMemory['take']): Promise<unknown> =>
    adapted.probeTokens(queries, { probeTokens: ['label'], tokenBudget: 16 * (KEYS + 1), allocate });
  await probe();
  const ofRecording: number[] = [];
  const measured = async (allocate?: () => SharedMemory['take']): Promise<number> => {
    let rest = Infinity;
    for (let i = 0; i < 7; i++) {
      recording = 0;
      await probe(allocate?.());
      rest = Math.min(rest, clockNanoseconds() - read);
      ofRecording.push(recording);
    }
    return rest / (queries.length * LAYERS * SHAPE.dModel);
  };
  const plain = await measured();
  const shared = await measured(() => new SharedMemory().take);
  const perLayer = Math.min(...ofRecording) / LAYERS;
  line(
    'recording a batch',
    (perLayer * EXPECTED.layers) / ELEMENTS,
    `${(perLayer / 1e3).toFixed(0)} µs a layer`,
  );
  line('cutting, looking for what is not finite', plain);
  line('  the same into shared memory', shared);
  adapted.dispose();
  // Of what the device has done already: while it works, waiting for it takes time that nothing else wants.
  const numbers = 1 << 21;
  using tensor = model.gpu.upload(new Float32Array(numbers), [numbers]);
  const readOften = async (): Promise<void> => {
    for (let i = 0; i < READINGS; i++) await readAll([tensor]);
  };
  const perNumber = (await least(3, readOften)) / READINGS / numbers;
  line('reading', perNumber * (1 + (SHAPE.heads * KEYS) / SHAPE.dModel));
}

const draw = (length: number): Float32Array => Float32Array.from({ length }, () => random.random() - 0.5);
const probesOf = (count = examples, layers = LAYERS): Probe[] =>
  Array.from({ length: count }, () => ({
    attentionOutput: draw(layers * SHAPE.dModel),
    attentionScores: draw(layers * SHAPE.heads * KEYS),
    ...{ queryLength: KEYS, optionLogProbs: [-1, -2] },
  }));

async function measureScoring(): Promise<void> {
  const [zsl, icl, ft] = [probesOf(), probesOf(), probesOf()].map((own) => inSharedMemory(own)) as [
    readonly Probe[],
    readonly Probe[],
    readonly Probe[],
  ];
  const elements = examples * LAYERS * SHAPE.dModel;
  line('copying to shared memory', (await least(5, () => inSharedMemory(zsl.map(unshared)))) / elements);
  const comparison = { of: 'learner', inapplicableMetrics: [] } as const;
  let total = 0;
  const each: [string, number][] = [];
  for (const metric of builtInMetrics.layerMetrics) {
    if (metric.of !== 'learner') continue;
    const alone = { ...builtInMetrics, layerMetrics: [metric] };
    const own = await least(3, () => scoreComparison(comparison, { icl, zsl, ft }, SHAPE, alone));
    each.push([metric.id, own / elements]);
    total += own / elements;
  }
  line('scoring a learner in the main thread', total);
  for (const [id, own] of each) line(`  ${id}`, own);
  const threads = new Scoring({ leastNumbers: 0 });
  const work = { comparison, probes: { icl, zsl, ft }, shape: SHAPE, metrics: builtInMetrics, seed: 0 };
  await threads.records(work);
  line(
    '  in threads: what is left to the main thread',
    (await least(3, () => threads.records(work))) / elements,
  );
  threads.dispose();
}

function unshared(probe: Probe): Probe {
  return {
    ...probe,
    attentionOutput: probe.attentionOutput.slice(),
    attentionScores: probe.attentionScores.slice(),
  };
}

async function measureFiles(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'icl-gd-host-'));
  try {
    const { layers } = EXPECTED;
    const probes = probesOf(64, layers);
    const parts = { environment: { model: 'm' }, choices: {} };
    const address = { cell: { setting: 'ZSL' }, parts, key: 'k' } as unknown as Parameters<
      typeof writeProbes
    >[1];
    const content = {
      ...{ config: { ...SHAPE, layers }, model: 'made up', probes, training: [] },
      validationRows: probes.map((_, i) => i),
      gold: probes.map(() => 0),
    };
    const own = await least(5, () => writeProbes(join(folder, 'probes.safetensors'), address, content));
    line('writing h and m to a file', own / (probes.length * layers * SHAPE.dModel));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measureIntervals(): Promise<void> {
  const layer = (): LayerScores['perExample'][number] =>
    Array.from({ length: 2000 }, () => ({ sum: random.random(), count: 1 }));
  const perExample = Array.from({ length: EXPECTED.layers }, layer);
  const own = await least(3, () =>
    bootstrapLayerMeanInterval(perExample, { resamples: 1000, level: 0.95, random: uniformsOf(0n) }),
  );
  console.log(`interval of a metric, 24 layers of 2,000 examples: ${(own / 1e6).toFixed(0)} ms`);
}

console.log(
  `${'CPU of the main thread'.padEnd(44)} an element of h; share of a batch of ${EXPECTED.queries} queries of ${EXPECTED.seconds} s`,
);
await withModel(measureProbing);
await measureScoring();
await measureFiles();
await measureIntervals();
process.exit();
