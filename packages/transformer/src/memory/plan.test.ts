import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { Objective } from '../decoder/loss-gradient.ts';
import { familyOf } from '../families/registry.ts';
import { FineTuning } from '../fine-tuning.ts';
import { loadModel } from '../model.ts';
import { writeRandomCheckpoint } from '../random-checkpoint.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import { WEIGHT_DTYPES } from '../weights/storage.ts';
import { type DeviceLimits, checkMemoryPlan } from './check.ts';
import { type MemoryPlan, planMemory } from './plan.ts';
import type { Workload } from './workload.ts';

/** fairseq-dense models as the hub has them. */
function fairseqDense(layers: number, width: number): ReturnType<ReturnType<typeof familyOf>['readConfig']> {
  const json = {
    ...{ model_type: 'xglm', num_layers: layers, d_model: width, attention_heads: 32, ffn_dim: 4 * width },
    ...{ vocab_size: 50_264, max_position_embeddings: 2048, bos_token_id: 0, eos_token_id: 2 },
  };
  return familyOf(json, 'config.json').readConfig(json, 'config.json');
}

/** Sixty queries of 34 tokens with five options, probed at their last token. */
const BATCH = Array.from({ length: 60 }, () => ({
  tokens: Array<number>(34).fill(7),
  probes: [{ row: 33, firstKey: 1 }],
  logProbs: Array.from({ length: 5 }, (_, token) => ({ row: 32, token })),
}));
/** A context as long as fits before them, and demonstrations longer than those of the paper's datasets are on average. */
const PAPER = {
  batches: [BATCH],
  context: { tokens: 2014, batches: [BATCH] },
  training: {
    kinds: [{ objective: 'output' }, { objective: 'layerwise' }],
    steps: 32,
    tokens: 400,
    releasedNorms: false,
  },
} as const satisfies Omit<Workload, 'dtype'>;

describe("models of the paper's size", () => {
  const plan = (
    layers: number,
    width: number,
    dtype: Workload['dtype'],
    maxBindingBytes = 2 ** 31,
  ): MemoryPlan => planMemory(fairseqDense(layers, width), { ...PAPER, dtype }, { maxBindingBytes });

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
    budgetName: 'a budget of 6 GiB',
  };
  const check = (dtype: Workload['dtype'], changes: Partial<DeviceLimits>): void =>
    checkMemoryPlan(plan(24, 2048, dtype, changes.maxBindingBytes), { ...limits, ...changes });

  it('what fits is let through', () => {
    expect(() => check('float32', {})).not.toThrow();
    expect(() => check('float16-storage', { budgetBytes: 8e9 })).not.toThrow();
  });

  it('what does not fit is refused with what is too large and by how much', () => {
    const refusal = (dtype: Workload['dtype'], changes: Partial<DeviceLimits>): unknown => {
      try {
        check(dtype, changes);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(refusal('float32', { budgetBytes: 6 * 2 ** 30 })).toMatchObject({
      code: 'memory-budget',
      message: expect.stringMatching(
        /^this needs [78]\.\d\d GiB on the device, more than a budget of 6 GiB \(weights 4\.9\d GiB, evaluation .*, in context .*, K\/V copy 768\.\d\d MiB, training .*\)$/,
      ),
    });
    expect(refusal('float32', { maxBufferBytes: 2 ** 28 })).toMatchObject({
      code: 'buffer-limit',
      message: 'embedding.tokens needs 411762688 bytes in one buffer, and this adapter allows 268435456',
    });
    expect(refusal('float16-storage', { maxBindingBytes: 2 ** 23 })).toMatchObject({
      code: 'binding-limit',
      message: expect.stringMatching(
        /^evaluating 2040 tokens at once: kernel .* spans 16711680 bytes; this adapter binds at most 8388608$/,
      ),
    });
  });

  it('is planned at once', () => {
    const start = performance.now();
    plan(24, 2048, 'float32');
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('of every family', () => {
  const TOKENS = Array.from({ length: 30 }, (_, i) => (i * 7) % 37);
  // Heads of 32, of which the texts of kernels are kept.
  const SIZES = { hidden_size: 64, intermediate_size: 320, ffn_dim: 320, num_hidden_layers: 2 };
  const OWN_SIZES: Readonly<Record<string, object>> = {
    'opt, projected embeddings before a final norm, no biases': { ...SIZES, word_embed_proj_dim: 32 },
    gpt2: { n_embd: 96, n_layer: 2, n_inner: 320 },
    'gpt_neox, parallel residual, half of each head rotated': { ...SIZES, rotary_pct: 0.5 },
    xglm: { d_model: 64, ffn_dim: 320, num_layers: 2 },
    'llama, grouped queries, heads wider than hidden_size': { ...SIZES, head_dim: 32 },
  };
  const gpu = useGpu();
  const directory = mkdtempSync(join(tmpdir(), 'icl-gd-plan-'));
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it.each(Object.keys(TINY_MODELS))('%s allocates what was planned, to the byte', async (name) => {
    const json = { ...TINY_MODELS[name], ...(OWN_SIZES[name] ?? SIZES) };
    await writeRandomCheckpoint(directory, json, { seed: 1, dtype: 'float32' });
    for (const dtype of WEIGHT_DTYPES) {
      for (const objective of ['output', 'layerwise'] satisfies Objective[]) {
        const targets = TOKENS.slice(1).map((token, row) => ({ row, token }));
        const top = [{ row: 29, k: 50 }];
        const request = { tokens: TOKENS, probes: [{ row: 29, firstKey: 0 }], logProbs: targets, top };
        const batches = [[request]];
        const training = { kinds: [{ objective }], steps: 1, tokens: 30, releasedNorms: false };
        const config = familyOf(json, '').readConfig(json, '');
        const plan = planMemory(config, { dtype, batches, training }, gpu());
        gpu().pool.limits = { planned: Infinity, budget: Infinity };
        gpu().pool.trim();
        gpu().pool.resetPeak();
        const { weights, uploads, overlay, training: step, evaluation } = plan;
        const used = weights + overlay + Math.max(step, evaluation);
        expect(plan.peak).toBe(Math.max(used, weights + uploads));
        // The budget makes every allocation beyond the plan fail.
        gpu().pool.limits = { planned: used, budget: used };
        using model = await loadModel(gpu(), directory, { dtype });
        expect(gpu().pool.allocatedBytes).toBe(plan.weights);
        const options = { objective, learningRate: 0.01, group: 'attention.kv', steps: 1 } as const;
        const tuning = new FineTuning(model, options);
        tuning.step(TOKENS);
        const { model: tuned } = await tuning.finish();
        await tuned.evaluate([request]);
        tuned.dispose();
        expect(gpu().pool.peakBytes).toBe(used);
      }
    }
  });
});
