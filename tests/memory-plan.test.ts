import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import {
  type Learner,
  type LearnerSetting,
  type ProbeTokensOptions,
  type Query,
  contextTokens,
  gradientDescent,
  layerCausalGradientDescent,
  learnerSetting,
  learners,
  needsOf,
  probeBatches,
  settingId,
  trainingKindOf,
  zeroShot,
} from '@icl-gd/methods';
import {
  WEIGHT_DTYPES,
  type Workload,
  describeModel,
  loadModel,
  planMemory,
  withHalfParameters,
} from '@icl-gd/transformer';
import { beforeEach, describe, expect, it } from 'vitest';
import { sequence } from './sequences.ts';

const DEMONSTRATIONS = [20, 70, 41].map((length) => ({ tokens: sequence(length, 7), answerLength: 2 }));
const QUERIES: Query[] = Array.from({ length: 24 }, (_, i) => ({
  tokens: sequence(9 + (i % 25), 3 + i),
  options: [[5], [6, 7, 8]],
}));

/** What decides about memory: what is trained and kept, how often. */
const OPTIONS: readonly (readonly [Learner, ...Readonly<Record<string, string>>[]])[] = [
  [zeroShot, { positions: 'icl' }],
  [
    gradientDescent,
    { tangent: 'true' },
    { tangent: 'true', params: 'mlp' },
    { batch: 'full', steps: '3' },
    { optimizer: 'adam' },
    { params: 'all', noise: 'true', loss: 'label' },
  ],
  [
    layerCausalGradientDescent,
    { tangent: 'true', at: 'attention' },
    { batch: 'full', optimizer: 'adam', params: 'o' },
    { at: 'residual', params: 'all' },
    { at: 'attention', params: 'q' },
  ],
];

const gpu = useGpu();
/** Labels of the kernels in the plans so far. */
const planned = new Set<string>();
beforeEach(() => {
  gpu().pool.trim();
  gpu().pool.resetPeak();
});

describe.each(['own-text-gpt2', 'own-text-xglm'])('%s', (fixture) => {
  const directory = join(import.meta.dirname, 'fixtures', fixture, 'model');

  async function workloadOf(
    setting: LearnerSetting,
    dtype: Workload['dtype'],
    releasedNorms: boolean,
    options: ProbeTokensOptions,
  ): Promise<Workload> {
    const { config } = await describeModel(directory);
    const tokens = contextTokens(DEMONSTRATIONS, config.bosTokenId ?? 0, config.eosTokenId ?? 0).length;
    const inContext = setting.learner.id === 'ICL';
    const kind = trainingKindOf(setting);
    return {
      dtype,
      batches: inContext ? [] : probeBatches(QUERIES, options, false),
      ...(needsOf(setting) === 'context' && !inContext ? { positionOffset: tokens - 1 } : {}),
      ...(inContext ? { context: { tokens, batches: probeBatches(QUERIES, options, true) } } : {}),
      ...(kind || setting.learner.copiesKeyValueWeights
        ? {
            training: {
              kinds: kind ? [kind] : [],
              steps: DEMONSTRATIONS.length,
              tokens: 71,
              // Both keep what they add up, at once.
              ...{ releasedNorms, gradientNormVariants: releasedNorms },
            },
          }
        : {}),
    };
  }

  const inEachWay = learners.flatMap((learner) =>
    WEIGHT_DTYPES.flatMap((dtype) =>
      [64, 512].map((tokenBudget) => ({ learner, typed: {}, dtype, tokenBudget })),
    ),
  );
  const withOptions = (fixture === 'own-text-xglm' ? OPTIONS : []).flatMap(([learner, ...ways]) =>
    ways.map((typed) => ({ learner, typed, dtype: 'float32' as const, tokenBudget: 512 })),
  );
  const cases = [...inEachWay, ...withOptions].map((each) => ({
    ...each,
    id: settingId(learnerSetting(each.learner, each.typed)),
    releasedNorms: each.dtype === 'float32' && !('batch' in each.typed),
  }));

  it.each(cases)(
    '$id in $dtype with $tokenBudget tokens a batch needs what the plan says, to the byte',
    async ({ learner, typed, dtype, tokenBudget, releasedNorms }) => {
      const options: ProbeTokensOptions = { probeTokens: ['label', 'prompt'], tokenBudget, nextTokens: 50 };
      const setting = learnerSetting(learner, typed);
      const workload = await workloadOf(setting, dtype, releasedNorms, options);
      const { config } = await describeModel(directory);
      const plan = planMemory(config, workload, gpu());
      const { weights, uploads, evaluation, inContext, overlay, training } = plan;
      const used = weights + Math.max(inContext, overlay + Math.max(training, evaluation));
      expect(plan.peak).toBe(Math.max(used, weights + uploads));
      // The budget makes every allocation beyond the plan fail.
      gpu().pool.limits = { planned: used, budget: used };
      using model = await loadModel(gpu(), directory, { dtype });
      expect(gpu().pool.allocatedBytes).toBe(plan.weights);
      const adapted = await learner.adapt(model, DEMONSTRATIONS, {
        learningRate: 0.01,
        ...{ releasedNorms, gradientNormVariants: releasedNorms },
        learnerOptions: setting.options,
      });
      await adapted.probeTokens(QUERIES, options);
      adapted.dispose();
      expect(gpu().pool.peakBytes).toBe(used);
      for (const { label } of plan.kernels) planned.add(label);
    },
  );

  it('plans list the kernels that ran, save what is chosen for batches that are not the largest', () => {
    const ran = gpu().pipelines.kernels.map(({ label }) => label);
    expect(planned.size).toBeGreaterThan(20);
    // Rounded copies, of the test below with the fixture before, are made when a model is loaded.
    const unplanned = ran.filter((label) => !planned.has(label) && label !== 'elementwise.round-to-half');
    // Other tiles of products, and column sums of few rows, which are joined.
    const withoutSize = (label: string): string =>
      label.replace(/\d+x\d+x\d+/, '').replace(/column-sums(.*)\.\d$/, 'column-sum$1');
    const kinds = new Set([...planned].map(withoutSize));
    expect(
      unplanned.filter((label) => withoutSize(label) === label || !kinds.has(withoutSize(label))),
    ).toEqual([]);
  });

  it.each([64, 512])(
    'copies rounded to float16 need what the plan says, with %i tokens a batch',
    async (tokenBudget) => {
      const options: ProbeTokensOptions = { probeTokens: ['label'], tokenBudget };
      const { training, ...workload } = await workloadOf(
        learnerSetting(gradientDescent),
        'float32',
        false,
        options,
      );
      const { config } = await describeModel(directory);
      const plan = planMemory(config, { ...workload, training: { ...training!, halfCopies: true } }, gpu());
      const copy = plan.overlay / 3;
      const used = plan.weights + Math.max(2 * copy + plan.training, 3 * copy + plan.evaluation);
      expect(plan.peak).toBe(Math.max(used, plan.weights + plan.uploads));
      gpu().pool.limits = { planned: used, budget: used };
      using model = await loadModel(gpu(), directory);
      using rounded = withHalfParameters(model, 'attention.kv');
      const adapted = await gradientDescent.adapt(rounded, DEMONSTRATIONS, {
        learningRate: 0.01,
        halfWeights: true,
      });
      await adapted.probeTokens(QUERIES, options);
      adapted.dispose();
      expect(gpu().pool.peakBytes).toBe(used);
    },
  );
});
