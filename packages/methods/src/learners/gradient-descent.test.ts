import { expectClose, useGpu } from '@icl-gd/gpu-kernels/testing';
import {
  FineTuning,
  type FineTuningResult,
  type Model,
  type Progress,
  withHalfParameters,
} from '@icl-gd/transformer';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type AdaptOptions, type Demonstration, DivergedError, type Query } from '../learner.ts';
import { adaptedModel } from '../adapted-model.ts';
import { probesOf } from '../probe-queries.ts';
import { DEMONSTRATIONS, REORDERED, loadTinyModel, sequence } from '../test-support.ts';
import { gradientDescent, layerCausalGradientDescent } from './gradient-descent.ts';

const LEARNING_RATE = 0.05;
const QUERIES: readonly Query[] = [
  { tokens: sequence(8, 3), options: [[5], [6, 7]] },
  { tokens: sequence(15, 11), options: [[8, 9], [4]] },
];
const AT_LABEL = { probeToken: 'label' } as const;

const gpu = useGpu();
let model: Model;
beforeAll(async () => {
  model = await loadTinyModel(gpu());
});
afterAll(() => model.dispose());
afterEach(() => vi.restoreAllMocks());

describe.each([
  ['GD', gradientDescent, 'output'],
  ['LCGD', layerCausalGradientDescent, 'layerwise'],
] as const)('%s', (id, learner, objective) => {
  const adapt = (demonstrations: readonly Demonstration[], options: AdaptOptions = {}) =>
    learner.adapt(model, demonstrations, { learningRate: LEARNING_RATE, ...options });

  /** The same training, step by step, on key and value projections. */
  async function byHand(releasedNorms: boolean) {
    const tuning = new FineTuning(model, {
      objective,
      learningRate: LEARNING_RATE,
      group: 'attention.kv',
      steps: DEMONSTRATIONS.length,
      releasedNorms,
    });
    for (const { tokens } of DEMONSTRATIONS) tuning.step([model.config.bosTokenId as number, ...tokens]);
    return await tuning.finish();
  }

  test('takes one step a demonstration, in their order, each after BOS', async () => {
    const adapted = await adapt(DEMONSTRATIONS);
    const { model: tuned, steps } = await byHand(false);
    expect(adapted.training).toEqual(steps);
    expect(adapted.training).toHaveLength(DEMONSTRATIONS.length);
    expect(await adapted.probe(QUERIES, AT_LABEL)).toEqual(await probesOf(tuned).probe(QUERIES, AT_LABEL));
    expect(adapted.context).toBeUndefined();
    adapted.dispose();
    tuned.dispose();
  });

  test('reports before each step the loss of its demonstration under the model of the steps before', async () => {
    const { training, dispose } = await adapt(DEMONSTRATIONS);
    for (const [i, { tokens }] of DEMONSTRATIONS.entries()) {
      const before = await adapt(DEMONSTRATIONS.slice(0, i));
      const [probe] = await before.probe([{ tokens: [], options: [tokens] }], AT_LABEL);
      const losses = training![i]!.losses;
      expect(losses).toHaveLength(model.config.layers);
      expectClose([losses.at(-1)!], [-probe!.optionLogProbs[0]!], REORDERED);
      if (objective === 'output') expect(new Set(losses).size).toBe(1);
      else expect(new Set(losses).size).toBe(losses.length);
      before.dispose();
    }
    dispose();
  });

  test('a step lowers the loss by rate · ‖gradient‖² to first order', async () => {
    const rate = 1e-3;
    const [demonstration] = DEMONSTRATIONS as readonly [Demonstration];
    const { training, dispose } = await adapt([demonstration, demonstration], { learningRate: rate });
    const [first, second] = training!;
    const squared = first!.gradientNorms.map((norm) => norm ** 2);
    // Of LCGD the first layer alone: the others' input changes with the step too.
    const expected =
      rate * (objective === 'output' ? squared.reduce((a, b) => a + b, 0) : (squared[0] as number));
    const at = objective === 'output' ? -1 : 0;
    const decrease = first!.losses.at(at)! - second!.losses.at(at)!;
    expect(decrease / expected).toBeGreaterThan(0.9);
    expect(decrease / expected).toBeLessThan(1.1);
    dispose();
  });

  test('without demonstrations nothing is changed', async () => {
    const adapted = await adapt([]);
    expect(adapted.training).toEqual([]);
    expect(await adapted.probe(QUERIES, AT_LABEL)).toEqual(await probesOf(model).probe(QUERIES, AT_LABEL));
    adapted.dispose();
  });

  test('half weights are the trained ones, rounded after the training', async () => {
    const [full, half] = [await adapt(DEMONSTRATIONS), await adapt(DEMONSTRATIONS, { halfWeights: true })];
    const { model: tuned } = await byHand(false);
    const rounded = withHalfParameters(tuned, 'attention.kv');
    expect(half.training).toEqual(full.training);
    const probes = await half.probe(QUERIES, AT_LABEL);
    expect(probes).toEqual(await probesOf(rounded).probe(QUERIES, AT_LABEL));
    expect(probes).not.toEqual(await full.probe(QUERIES, AT_LABEL));
    for (const each of [full, half, rounded, tuned]) each.dispose();
  });

  test('reports the released norms if asked to, and changes nothing else by that', async () => {
    const [plain, released] = [
      await adapt(DEMONSTRATIONS),
      await adapt(DEMONSTRATIONS, { releasedNorms: true }),
    ];
    const { model: tuned, steps } = await byHand(true);
    expect(released.training).toEqual(steps);
    for (const [i, { releasedGradientNorms, ...others }] of released.training!.entries()) {
      expect(releasedGradientNorms).toHaveLength(model.config.layers);
      expect(others).toEqual(plain.training![i]);
    }
    for (const each of [plain, released, tuned]) each.dispose();
  });

  test('reports the gradient norms under every definition if asked to, and changes nothing else by that', async () => {
    using plain = await adapt(DEMONSTRATIONS);
    using full = await adapt(DEMONSTRATIONS, { gradientNormVariants: true });
    for (const [i, { gradientNormVariants, ...others }] of full.training!.entries()) {
      expect(others).toEqual(plain.training![i]);
      const own = gradientNormVariants!.find(
        ({ parameters, reduction, gradients }) =>
          parameters === 'kv' && reduction === 'mean' && gradients === 'reset',
      );
      expect(own?.norms).toEqual(others.gradientNorms);
    }
  });

  test('tells its progress in demonstrations taken in', async () => {
    const onProgress = vi.fn<(done: Progress) => void>();
    (await adapt(DEMONSTRATIONS, { onProgress })).dispose();
    expect(onProgress.mock.calls).toEqual([1, 2, 3].map((finished) => [{ finished, total: 3 }]));
  });

  test('needs a learning rate', async () => {
    const failure = await learner.adapt(model, DEMONSTRATIONS).catch((error: unknown) => error);
    expect(failure).toEqual(new RangeError(`${id} needs a learning rate`));
  });

  test.each<[string, AdaptOptions & { readonly learningRate: number }, RegExp]>([
    [
      'a rate that float32 cannot hold',
      { learningRate: 1e39 },
      /learning rate 1e\+39 diverged: float32 cannot hold/,
    ],
    [
      'weights that grow beyond all sense',
      { learningRate: 1e6 },
      /learning rate 1000000 diverged: its weights grew to \d.* times/,
    ],
    [
      'weights that leave the finite numbers',
      { learningRate: 3e38 },
      /learning rate 3e\+38 diverged: at step 1 its loss/,
    ],
  ])('%s: a DivergedError, and nothing is left', async (_, options, message) => {
    const live = gpu().pool.live;
    const failure = await adapt(DEMONSTRATIONS, options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DivergedError);
    expect((failure as Error).message).toMatch(message);
    expect((failure as Error).message.startsWith(`${id} with learning rate`)).toBe(true);
    expect(gpu().pool.live).toEqual(live);
  });

  /** The training as it was, but for what `change` says of its end. */
  function endAs(change: (result: FineTuningResult) => Partial<FineTuningResult>): void {
    const { finish } = FineTuning.prototype;
    vi.spyOn(FineTuning.prototype, 'finish').mockImplementation(async function (this: FineTuning) {
      const result = await finish.call(this);
      return { ...result, ...change(result) };
    });
  }

  test.each([
    ['losses', Number.NaN, 1],
    ['losses', Number.POSITIVE_INFINITY, 2],
    ['gradientNorms', Number.POSITIVE_INFINITY, 0],
  ] as const)('%s that hold %s in any layer are a divergence at their step: %i', async (list, value, at) => {
    endAs(({ steps }) => ({
      steps: steps.map((step, i) => (i === at ? { ...step, [list]: step[list].with(2, value) } : step)),
    }));
    await expect(adapt(DEMONSTRATIONS)).rejects.toThrow(
      new DivergedError(
        `${id} with learning rate ${LEARNING_RATE} diverged: at step ${at} its loss or gradient is no longer finite`,
      ),
    );
  });

  test('weights may grow to a hundred times their norm, no further', async () => {
    endAs(() => ({ growth: 100 }));
    (await adapt(DEMONSTRATIONS)).dispose();
    vi.restoreAllMocks();
    for (const growth of [101, Number.POSITIVE_INFINITY, Number.NaN]) {
      endAs(() => ({ growth }));
      await expect(adapt(DEMONSTRATIONS)).rejects.toThrow(
        `diverged: its weights grew to ${growth.toPrecision(2)} times their norm`,
      );
      vi.restoreAllMocks();
    }
  });

  test('leaves nothing where the device has no room for the rounded weights', async () => {
    const live = gpu().pool.live;
    const { model: tuned } = await byHand(false);
    vi.spyOn(gpu(), 'tensor').mockImplementation(() => {
      throw new Error('no room');
    });
    expect(() => adaptedModel(tuned, { halfWeights: true })).toThrow('no room');
    vi.restoreAllMocks();
    expect(gpu().pool.live).toEqual(live);
  });

  test.each([
    [{ tokens: [] }, /two tokens or more/],
    [{ tokens: sequence(192, 3) }, /193 tokens does not fit tiny's context of 192/],
    [{ tokens: [10, 470] }, /token 470 is outside/],
  ])('refuses a demonstration that does not fit the model, and leaves nothing: %#', async (bad, message) => {
    const live = gpu().pool.live;
    const failure = await adapt([...DEMONSTRATIONS, bad]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RangeError);
    expect((failure as Error).message).toMatch(message);
    expect(gpu().pool.live).toEqual(live);
  });

  test('refuses a model without BOS, by the key of its configuration, and leaves nothing', async () => {
    const live = gpu().pool.live;
    const config = { ...model.config, bosTokenId: null };
    const without = Object.create(model, { config: { value: config } }) as Model;
    await expect(learner.adapt(without, DEMONSTRATIONS, { learningRate: LEARNING_RATE })).rejects.toThrow(
      'tiny: config.json has no bos_token_id',
    );
    expect(gpu().pool.live).toEqual(live);
  });
});
