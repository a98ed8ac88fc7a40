import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import {
  type AdaptOptions,
  type Query,
  attentionBatches,
  contextTokens,
  gradientDescent,
  inContext,
  trainingKindOf,
} from '@icl-gd/methods';
import { type Workload, describeModel, loadModel, planMemory } from '@icl-gd/transformer';
import { beforeEach, expect, it } from 'vitest';
import { sequence } from './sequences.ts';

const DEMONSTRATIONS = [20, 70, 41].map((length) => ({ tokens: sequence(length, 7) }));
const QUERIES: Query[] = Array.from({ length: 24 }, (_, i) => ({
  tokens: sequence(9 + (i % 25), 3 + i),
  options: [[5], [6, 7, 8]],
}));

const gpu = useGpu();
beforeEach(() => {
  gpu().pool.trim();
  gpu().pool.resetPeak();
});

const directory = join(import.meta.dirname, 'fixtures', 'own-text-xglm', 'model');

const CASES = [
  { learner: inContext, options: {} },
  { learner: gradientDescent, options: {} },
  { learner: gradientDescent, options: { optimizer: 'adam', params: 'all' } },
].flatMap((setting) => [64, 512].map((tokenBudget) => ({ ...setting, id: setting.learner.id, tokenBudget })));

it.each(CASES)(
  'attention to demonstrations of $id $options with $tokenBudget tokens a batch needs what the plan says, to the byte',
  async ({ learner, options: learnerOptions, tokenBudget }) => {
    const { config } = await describeModel(directory);
    const options = { probeToken: 'label', tokenBudget } as const;
    const keepTrainingQueries = [0, 2];
    const kind = trainingKindOf({ learner, options: learnerOptions });
    const context = contextTokens(DEMONSTRATIONS, config.bosTokenId ?? 0, config.eosTokenId ?? 0);
    const workload: Workload = {
      ...{ dtype: 'float32', batches: [] },
      ...(kind
        ? { training: { kinds: [kind], steps: 3, tokens: 71, releasedNorms: false } }
        : { context: { tokens: context.length, batches: [] } }),
      queryScores: {
        keptTokens: 61,
        batches: kind ? attentionBatches(QUERIES, options, false) : [],
        inContext: attentionBatches(QUERIES, options, true),
      },
    };
    const plan = planMemory(config, workload, gpu());
    // The budget makes every allocation beyond the plan fail.
    gpu().pool.limits = { planned: plan.peak, budget: plan.peak };
    using model = await loadModel(gpu(), directory);
    const adapt: AdaptOptions = kind ? { learningRate: 0.01, keepTrainingQueries, learnerOptions } : {};
    const adapted = await learner.adapt(model, DEMONSTRATIONS, adapt);
    await adapted.attentionToDemonstrations?.(QUERIES, options);
    adapted.dispose();
    expect(plan.queryScores).toBeGreaterThan(0);
    expect(gpu().pool.peakBytes).toBe(plan.peak);
  },
);

it('a step whose queries are kept feeds the last token, too, and the plan has room for its row', async () => {
  const { config } = await describeModel(directory);
  // One token more than a size of buffers holds.
  const demonstrations = [{ tokens: sequence(64, 7) }];
  const [queries, options] = [QUERIES.slice(0, 1), { probeToken: 'label', tokenBudget: 64 } as const];
  const workload: Workload = {
    ...{ dtype: 'float32', batches: [] },
    training: {
      kinds: [trainingKindOf({ learner: gradientDescent, options: {} })!],
      ...{ steps: 1, tokens: 65, releasedNorms: false },
    },
    queryScores: { keptTokens: 64, batches: attentionBatches(queries, options, false), inContext: [] },
  };
  const plan = planMemory(config, workload, gpu());
  gpu().pool.limits = { planned: plan.peak, budget: plan.peak };
  using model = await loadModel(gpu(), directory);
  const adapt = { learningRate: 0.01, keepTrainingQueries: [0] };
  const adapted = await gradientDescent.adapt(model, demonstrations, adapt);
  await adapted.attentionToDemonstrations?.(queries, options);
  adapted.dispose();
  expect(gpu().pool.peakBytes).toBe(plan.peak);
});
