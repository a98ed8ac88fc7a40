import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gpu } from '@icl-gd/gpu-kernels';
import type { Demonstration, Query } from '@icl-gd/methods';
import { type Model, loadModel, parameterSpecs, writeRandomCheckpoint } from '@icl-gd/transformer';
import { noise } from './operations.ts';
import type { PythonWorker } from './python-worker.ts';

/** GPT-2 with 25.9 M parameters, and room for the context. */
const CONFIG = {
  ...{ architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', activation_function: 'gelu_new' },
  ...{ n_layer: 8, n_embd: 512, n_head: 8, n_inner: 1600, n_positions: 2048, vocab_size: 6400 },
  ...{ layer_norm_epsilon: 1e-5, bos_token_id: 1, eos_token_id: 2, tie_word_embeddings: true },
};
/** 32 film reviews with their labels: a context of 1,601 tokens. */
const SIZES = { demonstrations: 32, tokens: 49 };
/** Positive and negative, a token each. */
const OPTIONS = [[100], [200]] as const;

/** One cell of the experiment: a model with random weights, demonstrations and queries of random tokens. */
export interface Cell {
  readonly model: Model;
  readonly learningRate: number;
  readonly demonstrations: readonly Demonstration[];
  readonly context: readonly number[];
  readonly queries: readonly Query[];
}

export async function openCell(gpu: Gpu, queries: number): Promise<Cell> {
  const model = await randomModel(gpu);
  const { bos_token_id: bos, eos_token_id: eos } = CONFIG;
  const ids = Array.from(noise(SIZES.tokens * (SIZES.demonstrations + queries), 7), (value) =>
    Math.floor(300 + (value + 0.5) * (CONFIG.vocab_size - 300)),
  );
  const text = (i: number): number[] => ids.slice(i * SIZES.tokens, (i + 1) * SIZES.tokens);
  const demonstrations = Array.from({ length: SIZES.demonstrations }, (_, i) => ({ tokens: text(i) }));
  return {
    model,
    learningRate: 0.01,
    demonstrations,
    context: [bos, ...demonstrations.flatMap(({ tokens }) => [...tokens, eos])],
    queries: Array.from({ length: queries }, (_, i) => ({
      tokens: text(SIZES.demonstrations + i),
      options: OPTIONS,
    })),
  };
}

async function randomModel(gpu: Gpu): Promise<Model> {
  const folder = mkdtempSync(join(tmpdir(), 'icl-gd-peers-'));
  try {
    await writeRandomCheckpoint(folder, CONFIG, { seed: 0, dtype: 'float32' });
    return await loadModel(gpu, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a request to PyTorch says of the cell: its model, demonstrations and context. */
export async function requestOf(
  { model, learningRate, demonstrations, context }: Cell,
  worker: PythonWorker,
): Promise<Readonly<Record<string, unknown>>> {
  const parameters = [];
  for (const { name, shape } of parameterSpecs(model.config)) {
    const values = (await model.gpu.read(model.parameters.get(name))) as Float32Array;
    parameters.push({ name, shape, file: worker.file(values) });
  }
  return {
    ...{ parameters, learningRate, context, bos: CONFIG.bos_token_id, eos: CONFIG.eos_token_id },
    ...{ layers: CONFIG.n_layer, heads: CONFIG.n_head, normEpsilon: CONFIG.layer_norm_epsilon },
    demonstrations: demonstrations.map(({ tokens }) => tokens),
  };
}

/** Queries as PyTorch is told them. */
export function queriesFor(queries: readonly Query[]): readonly unknown[] {
  return queries.map(({ tokens, options }) => ({ tokens, options: options.flat() }));
}
