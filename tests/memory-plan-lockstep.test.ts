import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import {
  DivergedError,
  type LearnerSetting,
  type ProbeTokensOptions,
  adaptTogether,
  gradientDescent,
  layerCausalGradientDescent,
  learnerSetting,
  probeBatches,
  probeTogether,
  settingId,
  trainingKindOf,
} from '@icl-gd/methods';
import {
  type DecoderConfig,
  type Workload,
  describeModel,
  loadModel,
  lockstepCells,
  planMemory,
} from '@icl-gd/transformer';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { sequence } from './sequences.ts';

const DIRECTORY = join(import.meta.dirname, 'fixtures/own-text-xglm/model');
const DEMONSTRATIONS = [20, 70, 41].map((length) => ({ tokens: sequence(length, 7), answerLength: 2 }));
const QUERIES = [9, 30, 12].map((length) => ({ tokens: sequence(length, 3), options: [[5], [6, 7]] }));
const PROBING: ProbeTokensOptions = { probeTokens: ['label', 'prompt'], tokenBudget: 64 };

const gpu = useGpu();
let config: DecoderConfig;
beforeAll(async () => {
  ({ config } = await describeModel(DIRECTORY));
});
beforeEach(() => {
  gpu().pool.trim();
  gpu().pool.resetPeak();
});

function workloadOf(setting: LearnerSetting, cells: number): Workload {
  return {
    dtype: 'float32',
    batches: probeBatches(QUERIES, PROBING, false),
    training: {
      kinds: [trainingKindOf(setting)!],
      ...{ steps: DEMONSTRATIONS.length, tokens: 71, releasedNorms: false, cells },
    },
  };
}

const settings = [
  learnerSetting(gradientDescent),
  learnerSetting(gradientDescent, { params: 'mlp' }),
  learnerSetting(layerCausalGradientDescent),
  learnerSetting(layerCausalGradientDescent, { at: 'residual', params: 'o' }),
  learnerSetting(gradientDescent, { params: 'all' }),
].map((setting) => ({ id: settingId(setting), setting }));

it.each(settings)('cells of $id need together what the plan says, to the byte', async ({ setting }) => {
  // Where cells cannot train together only one is there at a time.
  const cells = setting.options['params'] === 'all' ? 1 : 3;
  const { weights, uploads, overlay, training, evaluation, peak } = planMemory(
    config,
    workloadOf(setting, 3),
    gpu(),
  );
  const used = weights + overlay + Math.max(training, evaluation);
  expect(peak).toBe(Math.max(used, weights + uploads));
  // The budget makes every allocation beyond the plan fail.
  gpu().pool.limits = { planned: used, budget: used };
  using model = await loadModel(gpu(), DIRECTORY);
  const together = Array.from({ length: cells }, (_, i) => ({
    demonstrations: DEMONSTRATIONS,
    options: { learningRate: 0.01 + 0.001 * i, learnerOptions: setting.options },
  }));
  const results = await adaptTogether(setting.learner, model, together);
  for (const result of results) {
    if (result instanceof DivergedError) throw result;
    await result.probeTokens(QUERIES, PROBING);
  }
  for (const result of results) if (!(result instanceof DivergedError)) result.dispose();
  expect(gpu().pool.peakBytes).toBe(used);
});

it('cells that are probed together need what the plan says, to the byte', async () => {
  const setting = learnerSetting(gradientDescent);
  const alone = workloadOf(setting, 3);
  const options = { ...PROBING, tokenBudget: 2048 };
  const [batch = []] = probeBatches(QUERIES, options, false);
  const training = { ...alone.training!, steps: 0, together: [[batch], [batch, batch, batch]] };
  const { weights, overlay, peak } = planMemory(config, { ...alone, training }, gpu());
  expect(peak).toBeGreaterThan(
    planMemory(config, { ...alone, training: { ...training, together: [] } }, gpu()).peak,
  );
  gpu().pool.limits = { planned: peak, budget: peak };
  using model = await loadModel(gpu(), DIRECTORY);
  const together = [0.01, 0.02, 0.03].map((learningRate) => ({
    demonstrations: [],
    options: { learningRate },
  }));
  const results = await adaptTogether(setting.learner, model, together);
  gpu().pool.trim();
  gpu().pool.resetPeak();
  expect(gpu().pool.live.bytes).toBe(weights + overlay);
  const cells = results.map((adapted) => {
    if (adapted instanceof DivergedError) throw adapted;
    return { adapted, queries: QUERIES };
  });
  await probeTogether(cells, options);
  for (const { adapted } of cells) adapted.dispose();
  expect(gpu().pool.peakBytes).toBe(peak);
});

it('cells that changed different parameters are probed together within the plan, which copies all of them for each', async () => {
  const [one, other] = [learnerSetting(gradientDescent), learnerSetting(gradientDescent, { params: 'mlp' })];
  const alone = workloadOf(one, 4);
  const options = { ...PROBING, tokenBudget: 2048 };
  const [batch = []] = probeBatches(QUERIES, options, false);
  const kinds = [trainingKindOf(one)!, trainingKindOf(other)!];
  const training = { ...alone.training!, kinds, steps: 0, together: [[batch, batch, batch, batch]] };
  const { peak } = planMemory(config, { ...alone, training }, gpu());
  gpu().pool.limits = { planned: peak, budget: peak };
  using model = await loadModel(gpu(), DIRECTORY);
  const adapted = await Promise.all(
    [one, other, other, other].map(({ learner, options: learnerOptions }) =>
      learner.adapt(model, [], { learningRate: 0.01, learnerOptions }),
    ),
  );
  await probeTogether(
    adapted.map((own) => ({ adapted: own, queries: QUERIES })),
    options,
  );
  for (const own of adapted) own.dispose();
  expect(gpu().pool.peakBytes).toBeLessThanOrEqual(peak);
});

it('as many cells train together as a budget has room for, and one more would not fit', () => {
  const setting = learnerSetting(gradientDescent);
  const bytesOf = (cells: number): number => planMemory(config, workloadOf(setting, cells), gpu()).peak;
  const fit = (budgetBytes: number, most: number, maxBufferBytes = Infinity): number => {
    const { adapter, maxBindingBytes } = gpu();
    const limits = { adapter, maxBindingBytes, maxBufferBytes, budgetBytes, budgetName: 'a test' };
    return lockstepCells(config, workloadOf(setting, 1), limits, most);
  };
  for (const cells of [2, 7, 40]) {
    const bytes = bytesOf(cells);
    expect(fit(bytes, 100)).toBe(cells);
    expect(fit(bytes - 1, 100)).toBe(cells - 1);
    expect(fit(bytes, cells - 1)).toBe(cells - 1);
  }
  expect(fit(bytesOf(1) - 1, 100)).toBe(1);
  expect(fit(Infinity, 100)).toBe(100);
  const { dModel } = config;
  expect(fit(Infinity, 100, 9 * 4 * dModel ** 2)).toBe(9);
});
