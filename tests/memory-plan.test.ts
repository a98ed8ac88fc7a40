import { join } from 'node:path';
import { type Gpu, acquireGpu } from '@icl-gd/gpu-kernels';
import {
  type Learner,
  type ProbeOptions,
  type Query,
  contextTokens,
  gradientDescent,
  inContext,
  layerCausalGradientDescent,
  probeBatches,
  zeroShot,
} from '@icl-gd/methods';
import {
  type DeviceLimits,
  type MemoryPlan,
  WEIGHT_DTYPES,
  type Workload,
  checkMemoryPlan,
  describeModel,
  loadModel,
  planMemory,
} from '@icl-gd/transformer';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const LEARNERS: readonly Learner[] = [zeroShot, inContext, gradientDescent, layerCausalGradientDescent];
const OBJECTIVES: Partial<Record<Learner['id'], 'output' | 'layerwise'>> = {
  GD: 'output',
  LCGD: 'layerwise',
};
const sequence = (length: number, step: number): number[] =>
  Array.from({ length }, (_, i) => 2 + ((i * step) % 150));
const DEMONSTRATIONS = [20, 70, 41].map((length) => ({ tokens: sequence(length, 7) }));
const QUERIES: Query[] = Array.from({ length: 60 }, (_, i) => ({
  tokens: sequence(9 + (i % 25), 3 + i),
  options: [[5], [6, 7, 8]],
}));

let gpu: Gpu;
beforeAll(async () => {
  gpu = await acquireGpu({ adapter: process.env['ICL_GD_ADAPTER'] ?? 'auto' });
});
beforeEach(() => {
  gpu.pool.trim();
  gpu.pool.resetPeak();
});
afterAll(() => gpu.dispose());

describe.each(['own-text-gpt2', 'own-text-xglm'])('%s', (fixture) => {
  const directory = join(import.meta.dirname, 'fixtures', fixture, 'model');

  async function workloadOf(
    id: Learner['id'],
    dtype: Workload['dtype'],
    releasedNorms: boolean,
    options: ProbeOptions,
  ): Promise<Workload> {
    const { config } = await describeModel(directory);
    const tokens = contextTokens(DEMONSTRATIONS, config.bosTokenId ?? 0, config.eosTokenId ?? 0).length;
    const objective = OBJECTIVES[id];
    return {
      dtype,
      batches: id === 'ICL' ? [] : probeBatches(QUERIES, options, false),
      ...(id === 'ICL' ? { context: { tokens, batches: probeBatches(QUERIES, options, true) } } : {}),
      ...(objective ? { training: { objectives: [objective], tokens: 71, releasedNorms } } : {}),
    };
  }

  const cases = LEARNERS.flatMap((learner) =>
    WEIGHT_DTYPES.flatMap((dtype) =>
      [64, 2048].map((tokenBudget) => ({
        id: learner.id,
        learner,
        dtype,
        tokenBudget,
        releasedNorms: dtype === 'float32',
      })),
    ),
  );

  it.each(cases)(
    '$id in $dtype with $tokenBudget tokens a batch needs what the plan says',
    async ({ id, learner, dtype, tokenBudget, releasedNorms }) => {
      const options: ProbeOptions = { probeToken: 'label', tokenBudget };
      const workload = await workloadOf(id, dtype, releasedNorms, options);
      const { config } = await describeModel(directory);
      const plan = planMemory(config, workload, { maxBindingBytes: gpu.maxBindingBytes });
      // The budget makes every allocation beyond the plan fail.
      gpu.pool.limits = { planned: plan.peak, budget: plan.peak };
      using model = await loadModel(gpu, directory, { dtype });
      expect(gpu.pool.allocatedBytes).toBe(plan.weights);
      const adapted = await learner.adapt(model, DEMONSTRATIONS, { learningRate: 0.01, releasedNorms });
      await adapted.probe(QUERIES, options);
      adapted.dispose();
      expect(gpu.pool.peakBytes).toBeGreaterThan(0.6 * plan.peak);
    },
  );
});

/** fairseq-dense models as the hub has them. */
const fairseqDense = (layers: number, dModel: number): Parameters<typeof planMemory>[0] => ({
  ...{
    family: 'xglm',
    layers,
    dModel,
    heads: 32,
    kvHeads: 32,
    headDim: dModel / 32,
    dFeedForward: 4 * dModel,
  },
  ...{ vocabSize: 50264, contextLength: 2048, bosTokenId: 0, eosTokenId: 2 },
  ...{ activation: 'gelu', gatedFeedForward: false, norm: 'layer', normEpsilon: 1e-5 },
  positions: { kind: 'sinusoidal', offset: 2 },
  biases: { query: true, keyValue: true, attentionOutput: true, feedForward: true },
  ...{ parallelResidual: false, embeddingScale: Math.sqrt(dModel), attentionScale: (dModel / 32) ** -0.5 },
  tiedUnembedding: true,
});

/** A full context, and demonstrations longer than those of the paper's data sets are on average. */
const PAPER = {
  batches: [{ tokens: 2048, probes: 60, keys: 2048, targets: 300 }],
  context: { tokens: 2048, batches: [{ tokens: 2048, probes: 60, keys: 2048, targets: 300 }] },
  training: { objectives: ['output', 'layerwise'], tokens: 400, releasedNorms: false },
} as const satisfies Omit<Workload, 'dtype'>;

describe("models of the paper's size", () => {
  const plan = (layers: number, dModel: number, dtype: Workload['dtype']): MemoryPlan =>
    planMemory(fairseqDense(layers, dModel), { ...PAPER, dtype }, { maxBindingBytes: 2 ** 31 });

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
