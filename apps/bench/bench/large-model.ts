import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { acquireGpu } from '@icl-gd/gpu-kernels';
import {
  WEIGHT_DTYPES,
  checkMemoryPlan,
  describeMemoryPlan,
  describeModel,
  formatBytes,
  loadModel,
  planMemory,
  writeRandomCheckpoint,
} from '@icl-gd/transformer';
import { choose } from '../src/cli/choose.ts';
import { writeEmbeddedDatasets } from '../src/synthetic/language/datasets.ts';
import { BOS, EOS, vocabulary, writeTokenizer } from '../src/synthetic/language/tokenizer.ts';

const USAGE = `usage:
  npm run bench:large -w apps/bench -- write --dir <dir> [--shape 1.3B|2.7B|small] [--stored float16|float32] [--seed <n>]
      writes <dir>/model (random weights, streamed; the embedded model's tokenizer) and <dir>/data
  npm run bench:large -w apps/bench -- load --dir <dir> [--dtype float32|float16-storage] [--adapter <name>]
      plans, loads and runs the model, and prints times and the peak of host memory
then, one cell of the experiment:
  icl-gd run --preset embedded --variants trained --model <dir>/model --data <dir>/data --datasets syn-sst2 --seeds 0 --out <out>`;

/** fairseq-dense models; the vocabulary of all is GPT-2's with fairseq's extra tokens. */
const SHAPES = {
  '1.3B': { num_layers: 24, d_model: 2048, attention_heads: 32, ffn_dim: 8192 },
  '2.7B': { num_layers: 32, d_model: 2560, attention_heads: 32, ffn_dim: 10_240 },
  small: { num_layers: 2, d_model: 512, attention_heads: 8, ffn_dim: 2048 },
} as const;
const ROWS = { trainRows: 120, validationRows: 60 };
const PROMPT = Array.from({ length: 32 }, (_, i) => 3 + i * 11);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string' },
    shape: { type: 'string', default: '1.3B' },
    stored: { type: 'string', default: 'float16' },
    seed: { type: 'string', default: '0' },
    dtype: { type: 'string', default: 'float32' },
    adapter: { type: 'string', default: 'auto' },
  },
});
const [command] = positionals;
if (values.dir === undefined || (command !== 'write' && command !== 'load')) {
  console.error(USAGE);
  process.exit(2);
}
if (command === 'write') await write(values.dir);
else await load(values.dir);
// Dawn's bindings would keep the process alive.
process.exit();

async function write(dir: string): Promise<void> {
  const shape = choose('--shape', values.shape, Object.keys(SHAPES) as (keyof typeof SHAPES)[]);
  const dtype = choose('--stored', values.stored, ['float16', 'float32'] as const);
  const seed = Number(values.seed);
  const start = performance.now();
  await writeTokenizer(join(dir, 'model'));
  const config = {
    ...{ architectures: ['XGLMForCausalLM'], model_type: 'xglm', activation_function: 'gelu' },
    ...SHAPES[shape],
    ...{
      max_position_embeddings: 2048,
      vocab_size: 50_264,
      scale_embedding: true,
      tie_word_embeddings: true,
    },
    ...{ bos_token_id: vocabulary().get(BOS), eos_token_id: vocabulary().get(EOS) },
  };
  await writeRandomCheckpoint(join(dir, 'model'), config, { seed, dtype });
  await writeEmbeddedDatasets(join(dir, 'data'), { seed, ...ROWS });
  console.log(`written in ${seconds(start)} s, peak of host memory ${formatBytes(peakResidentBytes())}`);
}

async function load(dir: string): Promise<void> {
  const directory = join(dir, 'model');
  const dtype = choose('--dtype', values.dtype, WEIGHT_DTYPES);
  const { config, parameterCount } = await describeModel(directory);
  const gpu = await acquireGpu({ adapter: values.adapter, log: console.log });
  const limits = {
    adapter: gpu.adapter,
    maxBufferBytes: gpu.device.limits.maxBufferSize,
    maxBindingBytes: gpu.maxBindingBytes,
    budgetBytes: Infinity,
    budgetName: '',
  };
  const targets = PROMPT.slice(1).map((token, row) => ({ row, token }));
  const request = { tokens: PROMPT, probes: [{ row: PROMPT.length - 1, firstKey: 0 }], logProbs: targets };
  const plan = planMemory(config, { dtype, batches: [[request]] }, limits);
  console.log(`${parameterCount} parameters; largest binding ${formatBytes(limits.maxBindingBytes)}`);
  console.log(`plan in ${dtype}: ${formatBytes(plan.peak)} (${describeMemoryPlan(plan)})`);
  checkMemoryPlan(plan, limits);
  const before = peakResidentBytes();
  let start = performance.now();
  const model = await loadModel(gpu, directory, { dtype });
  const loaded = seconds(start);
  // Memory of a software adapter is the host's.
  const device = gpu.adapter.kind === 'software' ? gpu.pool.allocatedBytes : 0;
  const host = peakResidentBytes() - before - device;
  const largest = config.vocabSize * config.dModel * 4;
  console.log(`loaded in ${loaded} s; on the device ${formatBytes(gpu.pool.allocatedBytes)}`);
  console.log(
    `peak of host memory while loading, beyond ${formatBytes(before)} before: ${formatBytes(Math.max(0, host))} = ${(host / largest).toFixed(2)} x the largest tensor in float32 (${formatBytes(largest)})`,
  );
  start = performance.now();
  const [result] = await model.evaluate([request]);
  const logProbs = Array.from(result?.logProbs ?? []);
  const nll = -logProbs.reduce((sum, logProb) => sum + logProb, 0) / targets.length;
  console.log(`one sequence of ${PROMPT.length} tokens in ${seconds(start)} s, mean nll ${nll.toFixed(4)}`);
  console.log(`peak on the device ${formatBytes(gpu.pool.peakBytes)}, planned ${formatBytes(plan.peak)}`);
  model.dispose();
  gpu.dispose();
}

function seconds(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}

/** The most memory that the process ever had resident (Linux's VmHWM; elsewhere what it has now). */
function peakResidentBytes(): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return Number(line?.[1]) * 1024;
  } catch {
    return process.memoryUsage().rss;
  }
}
