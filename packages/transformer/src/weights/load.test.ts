import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { type LoadOptions, loadModel } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import { parameterSpecs } from '../parameters.ts';
import { familyOf } from '../families/registry.ts';
import { toCheckpointTensors } from './export.ts';
import { initialParameter, keepsTrained } from './initialise.ts';

const GPT2 = {
  model_type: 'gpt2',
  ...{
    n_layer: 2,
    n_embd: 12,
    n_inner: 20,
    n_head: 3,
    n_positions: 16,
    vocab_size: 30,
    bos_token_id: 0,
    eos_token_id: 1,
  },
};
const XGLM = {
  model_type: 'xglm',
  ...{
    num_layers: 2,
    d_model: 12,
    attention_heads: 2,
    ffn_dim: 20,
    max_position_embeddings: 16,
    vocab_size: 30,
    bos_token_id: 0,
    eos_token_id: 1,
  },
};
const UNTIED = { tie_word_embeddings: false };

const gpu = useGpu();
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'icl-gd-load-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function parametersOf(options?: LoadOptions): Promise<Map<string, Float32Array>> {
  using model = await loadModel(gpu(), directory, options);
  const values = new Map<string, Float32Array>();
  for (const { name, shape } of parameterSpecs(model.config)) {
    expect(model.parameters.get(name).shape).toEqual(shape);
    values.set(name, await gpu().read(model.parameters.get(name)));
  }
  return values;
}

describe.each([GPT2, { ...GPT2, ...UNTIED }, XGLM, { ...XGLM, ...UNTIED }])(
  '$model_type, tied $tie_word_embeddings',
  (json) => {
    const config = familyOf(json, '').readConfig(json, '');
    const specs = parameterSpecs(config);

    test('what is written is what is loaded, and written again', async () => {
      await writeNewModel(directory, json, 5);
      const loaded = await parametersOf();
      for (const { name } of specs) expect(loaded.get(name), name).toEqual(initialParameter(specs, name, 5));
      await using checkpoint = await Checkpoint.open(directory);
      const stored = toCheckpointTensors(familyOf(json, ''), config, (name) => loaded.get(name)!);
      expect(stored.map(({ name }) => name).toSorted()).toEqual([...checkpoint.tensors.keys()].toSorted());
      for (const { name, data, shape } of stored) {
        expect(shape).toEqual(checkpoint.tensors.get(name)?.shape);
        expect(data, name).toEqual(await checkpoint.read(name));
      }
    });

    test.each(['trained-embeddings', 'layer-norm-only', 'untrained'] as const)(
      '%s keeps what it must and draws the rest',
      async (variant) => {
        await writeNewModel(directory, json, 5);
        const loaded = await parametersOf({ variant, seed: 8 });
        for (const { name, role } of specs) {
          expect(loaded.get(name), name).toEqual(
            initialParameter(specs, name, keepsTrained(variant, role) ? 5 : 8),
          );
        }
      },
    );

    test('nothing is left on the device', async () => {
      await writeNewModel(directory, json, 5);
      const before = gpu().pool.live;
      await parametersOf();
      expect(gpu().pool.live).toEqual(before);
    });
  },
);

test("GPT-2's fused tensor holds query, key and value as columns, inputs as rows", async () => {
  await writeNewModel(directory, GPT2, 5);
  const loaded = await parametersOf();
  await using checkpoint = await Checkpoint.open(directory);
  const weight = await checkpoint.read('transformer.h.1.attn.c_attn.weight');
  const bias = await checkpoint.read('transformer.h.1.attn.c_attn.bias');
  for (const [part, projection] of ['query', 'key', 'value'].entries()) {
    const own = loaded.get(`layers.1.attention.${projection}.weight`)!;
    for (let output = 0; output < 12; output++) {
      for (let input = 0; input < 12; input++)
        expect(weight[input * 36 + part * 12 + output]).toBe(own[output * 12 + input]);
    }
    expect(bias.subarray(part * 12, part * 12 + 12)).toEqual(
      loaded.get(`layers.1.attention.${projection}.bias`),
    );
  }
});

test('a position table that the device has no room for is refused, and nothing is left on the device', async () => {
  await writeNewModel(directory, XGLM, 5);
  const { pool } = gpu();
  const before = pool.live;
  const model = await loadModel(gpu(), directory);
  const needed = pool.live.bytes;
  model.dispose();
  pool.trim();
  pool.limits = { planned: 0, budget: needed - 1 };
  await expect(loadModel(gpu(), directory)).rejects.toMatchObject({ code: 'memory-budget' });
  expect(pool.live).toEqual(before);
  pool.limits = { planned: Infinity, budget: Infinity };
});
