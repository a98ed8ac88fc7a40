import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gpu, acquireGpu } from '@icl-gd/gpu-kernels';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Objective } from '../decoder/loss-gradient.ts';
import { familyOf } from '../families/registry.ts';
import { FineTuning } from '../fine-tuning.ts';
import { loadModel } from '../model.ts';
import { writeRandomCheckpoint } from '../random-checkpoint.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import { WEIGHT_DTYPES } from '../weights/storage.ts';
import { type DeviceLimits, type MemoryPlan, type Workload, checkMemoryPlan, planMemory } from './plan.ts';

/** fairseq-dense models as the hub has them. */
function fairseqDense(layers: number, width: number): ReturnType<ReturnType<typeof familyOf>['readConfig']> {
  const json = {
    ...{ model_type: 'xglm', num_layers: layers, d_model: width, attention_heads: 32, ffn_dim: 4 * width },
    ...{ vocab_size: 50_264, max_position_embeddings: 2048, bos_token_id: 0, eos_token_id: 2 },
  };
  return familyOf(json, 'config.json').readConfig(json, 'config.json');
}

/** A full context, and demonstrations longer than those of the paper's datasets are on average. */
const PAPER = {
  batches: [{ tokens: 2048, probes: 60, keys: 2048, targets: 300 }],
  context: { tokens: 2048, batches: [{ tokens: 2048, probes: 60, keys: 2048, targets: 300 }] },
  training: { objectives: ['output', 'layerwise'], tokens: 400, releasedNorms: false },
} as const satisfies Omit<Workload, 'dtype'>;

describe("models of the paper's size", () => {
  const plan = (layers: number, width: number, dtype: Workload['dtype']): MemoryPlan =>
    planMemory(fairseqDense(layers, width), { ...PAPER, dtype }, { maxBindingBytes: 2 ** 31 });

  it.each([
    ['1.3B', 24, 2048, 'float32', 12e9],
    ['1.3B', 24, 2048, 'float16-storage', 8e9],
    ['2.7B', 32, 2560, 'float16-storage', 16e9],
  ] as const)(
    'fairseq-dense-%s fits: %i layers of %i in %s within %d bytes',
    (_, layers, d, dtype, bytes) => {
      const { peak, weights } = plan(layers, d, dtype);
      expect(peak).toBeLessThan(bytes);
      expect(peak).toBeGreaterThan(weights);
    },
  );

  const limits: DeviceLimits = {
    maxBufferBytes: 2 ** 32,
    maxBindingBytes: 2 ** 31,
    budgetBytes: Infinity,
    budgetName: '--memory-budget 6',
  };
  const check = (dtype: Workload['dtype'], changes: Partial<DeviceLimits>): void =>
    checkMemoryPlan(plan(24, 2048, dtype), { ...PAPER, dtype }, { ...limits, ...changes });

  it('what fits is let through', () => {
    expect(() => check('float32', {})).not.toThrow();
    expect(() => check('float16-storage', { budgetBytes: 8e9 })).not.toThrow();
  });

  it('what does not fit is refused in one line that says what to do', () => {
    expect(() => check('float32', { budgetBytes: 6 * 2 ** 30 })).toThrow(
      /^this needs [78]\.\d\d GiB on the device, more than --memory-budget 6 \(weights 4\.9\d GiB, evaluation .*, in context .*, K\/V copy 768\.\d\d MiB, training .*\): use --dtype float16-storage, lower --token-budget or --shots, or take a smaller model$/,
    );
    expect(() => check('float32', { maxBufferBytes: 2 ** 28 })).toThrow(
      /^embedding\.tokens needs 411762688 bytes in one buffer, and this adapter allows 268435456: use --dtype/,
    );
    expect(() => check('float16-storage', { maxBindingBytes: 2 ** 23 })).toThrow(
      /^the states of a batch need 16777216 bytes at once, .* binds at most 8388608: lower --token-budget$/,
    );
  });
});

describe('of every family', () => {
  const TOKENS = Array.from({ length: 30 }, (_, i) => (i * 7) % 37);
  const SIZES = { hidden_size: 96, intermediate_size: 320, ffn_dim: 320, num_hidden_layers: 2 };
  const OWN_SIZES: Readonly<Record<string, object>> = {
    'opt, projected embeddings before a final norm, no biases': { ...SIZES, word_embed_proj_dim: 64 },
    gpt2: { n_embd: 96, n_layer: 2, n_inner: 320 },
    xglm: { d_model: 96, ffn_dim: 320, num_layers: 2 },
    'llama, grouped queries, heads wider than hidden_size': { ...SIZES, head_dim: 32 },
  };
  let gpu: Gpu;
  const directory = mkdtempSync(join(tmpdir(), 'icl-gd-plan-'));
  beforeAll(async () => {
    gpu = await acquireGpu({ adapter: process.env['ICL_GD_ADAPTER'] ?? 'auto' });
  });
  afterAll(() => {
    gpu.dispose();
    rmSync(directory, { recursive: true });
  });

  it.each(Object.keys(TINY_MODELS))('%s allocates what was planned and not much less', async (name) => {
    const json = { ...TINY_MODELS[name], ...(OWN_SIZES[name] ?? SIZES) };
    await writeRandomCheckpoint(directory, json, { seed: 1, dtype: 'float32' });
    for (const dtype of WEIGHT_DTYPES) {
      for (const objective of ['output', 'layerwise'] satisfies Objective[]) {
        const targets = TOKENS.slice(1).map((token, row) => ({ row, token }));
        const batches = [{ tokens: 30, probes: 1, keys: 30, targets: 29 }];
        const training = { objectives: [objective], tokens: 30, releasedNorms: false };
        const config = familyOf(json, '').readConfig(json, '');
        const plan = planMemory(config, { dtype, batches, training }, gpu);
        gpu.pool.limits = { planned: Infinity, budget: Infinity };
        gpu.pool.trim();
        gpu.pool.resetPeak();
        gpu.pool.limits = { planned: plan.peak, budget: plan.peak };
        using model = await loadModel(gpu, directory, { dtype });
        expect(gpu.pool.allocatedBytes).toBe(plan.weights);
        const options = { objective, learningRate: 0.01, group: 'attention.kv', steps: 1 } as const;
        const tuning = new FineTuning(model, options);
        tuning.step(TOKENS);
        const { model: tuned } = await tuning.finish();
        await tuned.evaluate([{ tokens: TOKENS, probes: [{ row: 29, firstKey: 0 }], logProbs: targets }]);
        tuned.dispose();
        const used = gpu.pool.peakBytes - plan.weights;
        expect(used / (plan.overlay + Math.max(plan.training, plan.evaluation))).toBeGreaterThan(0.7);
      }
    }
  });
});
