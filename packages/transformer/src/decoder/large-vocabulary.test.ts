import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gpu } from '@icl-gd/gpu-kernels';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { loadModel, passOver } from '../model.ts';
import { parameterSpecs } from '../parameters.ts';
import { writeRandomCheckpoint } from '../random-checkpoint.ts';
import { referenceDecoder } from '../testing/reference-decoder.ts';
import { familyOf } from '../families/registry.ts';
import { WEIGHT_DTYPES } from '../weights/storage.ts';
import { embed } from './embedding.ts';

const WIDTH = 2048;
const VOCABULARY = 50_257;
const BINDING_BYTES = 128 * 2 ** 20;
/** Embedding and unembedding of fairseq-dense-1.3B; a single layer with a narrow feed-forward block. */
const CONFIG = {
  model_type: 'xglm',
  ...{ num_layers: 1, d_model: WIDTH, attention_heads: 32, ffn_dim: 64, max_position_embeddings: 32 },
  ...{ vocab_size: VOCABULARY, bos_token_id: 0, eos_token_id: 2 },
};
/** First and last rows of what 128 MiB hold in float32 and in float16, and a few between. */
const ROWS = [0, 1, 777, 16_383, 16_384, 30_000, 32_767, 32_768, 40_001, 49_151, 49_152, 50_255, 50_256];
const TOKENS = [0, 50_256, 16_383, 16_384, 32_768, 777];
/** float32 against float64 at a width of 2048; logits and embeddings are of order 1. */
const TOLERANCE = 2e-5;

const device = useGpu();
let gpu: Gpu;
const directory = mkdtempSync(join(tmpdir(), 'icl-gd-large-'));
beforeAll(async () => {
  // As lavapipe, whatever this adapter binds.
  gpu = device().with({ maxBindingBytes: BINDING_BYTES });
  await writeRandomCheckpoint(directory, CONFIG, { seed: 1, dtype: 'float16' });
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Parameters by decoder name, of the embedding only `ROWS`: the reference then knows these tokens alone. */
async function sampledParameters(): Promise<Map<string, Float32Array>> {
  const family = familyOf(CONFIG, 'config.json');
  const config = family.readConfig(CONFIG, 'config.json');
  const sources = family.sources(config);
  await using checkpoint = await Checkpoint.open(directory);
  const values = new Map<string, Float32Array>();
  for (const { name } of parameterSpecs(config)) {
    const stored = sources.get(name)?.tensors[0] as string;
    if (name !== 'embedding.tokens') {
      values.set(name, await checkpoint.read(stored));
      continue;
    }
    const sample = new Float32Array(ROWS.length * WIDTH);
    for (const [i, row] of ROWS.entries())
      sample.set(await checkpoint.readRows(stored, row, row + 1), i * WIDTH);
    values.set(name, sample);
  }
  return values;
}

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  return Math.max(...Array.from(expected, (value, i) => Math.abs(value - (actual[i] ?? NaN))));
}

it.each(WEIGHT_DTYPES)(
  'rows of an embedding beyond the binding limit, and their logits, are those of float64: %s',
  async (dtype) => {
    const values = await sampledParameters();
    const model = await loadModel(gpu, directory, { dtype });
    const { config } = model;
    const table = values.get('embedding.tokens') as Float32Array;

    expect(model.parameters.get('embedding.tokens').byteLength).toBeGreaterThan(BINDING_BYTES);

    using pass = passOver(model, [TOKENS]);
    const embedded = await gpu.read(embed(pass));
    const positions = await gpu.read(pass.positionTable);
    const expected = Float64Array.from({ length: TOKENS.length * WIDTH }, (_, i) => {
      const [t, c] = [Math.floor(i / WIDTH), i % WIDTH];
      const row = ROWS.indexOf(TOKENS[t] as number);
      return (
        Math.sqrt(WIDTH) * (table[row * WIDTH + c] ?? NaN) +
        (positions[(t + config.positions.offset) * WIDTH + c] ?? NaN)
      );
    });
    expect(largestDifference(embedded, expected)).toBeLessThan(1e-6);

    const logits = await model.nextTokenLogits(TOKENS);
    const request = {
      tokens: TOKENS,
      probes: [],
      logProbs: ROWS.map((token) => ({ row: TOKENS.length - 1, token })),
    };
    const [result] = await model.evaluate([request]);
    model.dispose();
    gpu.pool.trim();

    const reference = referenceDecoder(
      { ...config, vocabSize: ROWS.length },
      (name) => values.get(name),
      TOKENS.map((token) => ROWS.indexOf(token)),
    );
    // Over the sampled rows alone, so that only differences of log-probabilities can be compared.
    const logProbs = reference.layerLogProbs.at(-1)?.at(-1) ?? new Float64Array(0);
    const fromFirst = (numbers: ArrayLike<number>): number[] =>
      Array.from(numbers, (value) => value - (numbers[0] ?? NaN));
    const sampled = ROWS.map((row) => logits[row] ?? NaN);
    expect(logits).toHaveLength(VOCABULARY);
    expect(largestDifference(fromFirst(sampled), fromFirst(logProbs))).toBeLessThan(TOLERANCE);
    expect(largestDifference(fromFirst(result?.logProbs ?? []), fromFirst(logProbs))).toBeLessThan(TOLERANCE);
    // Random weights leave the distribution far from uniform.
    expect(Math.max(...fromFirst(logProbs)) - Math.min(...fromFirst(logProbs))).toBeGreaterThan(1);
  },
  60_000,
);
