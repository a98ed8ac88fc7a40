import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { FineTuning, type Model } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { learnerSetting, settingId, trainingKindOf, trainingPasses } from '../catalogue.ts';
import { contextTokens } from '../learners/in-context.ts';
import { gradientDescent, layerCausalGradientDescent } from '../learners/gradient-descent.ts';
import { zeroShot } from '../learners/zero-shot.ts';
import { type Demonstration, type LearnerOptions, type Probe, DivergedError } from '../learner.ts';
import { probesOf } from '../probe-queries.ts';
import { DEMONSTRATIONS, loadTinyModel, sequence } from '../test-support.ts';

const QUERIES = [
  { tokens: sequence(8, 3), options: [[5], [6, 7]] },
  { tokens: sequence(15, 11), options: [[8, 9], [4]] },
];
const AT_PROMPT = { probeToken: 'prompt' } as const;
const ANSWERED = DEMONSTRATIONS.map((demonstration, i) => ({ ...demonstration, answerLength: 1 + i }));
const LEARNERS = [gradientDescent, layerCausalGradientDescent];

const gpu = useGpu();
let model: Model;
beforeAll(async () => {
  model = await loadTinyModel(gpu());
});
afterAll(() => model.dispose());

interface Given {
  readonly learnerOptions?: LearnerOptions;
  readonly learningRate?: number;
  readonly seed?: number;
  readonly releasedNorms?: boolean;
}

async function adapt(
  learner: typeof gradientDescent,
  { learningRate = 0.05, ...given }: Given,
  demonstrations: readonly Demonstration[] = ANSWERED,
) {
  using adapted = await learner.adapt(model, demonstrations, { learningRate, ...given });
  const { training, directionsOnly } = adapted;
  return { probes: await adapted.probe(QUERIES, AT_PROMPT), training, directionsOnly };
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe.each(LEARNERS)('$id', (learner) => {
  test('its defaults are what it does without options', async () => {
    const defaults = { noise: false, loss: 'sequence', batch: 'one', steps: 1, tangent: false };
    const rest = { params: 'kv', optimizer: 'sgd', ...(learner.id === 'LCGD' ? { at: 'layer' } : {}) };
    const given = { ...defaults, ...rest };
    expect(await adapt(learner, { learnerOptions: given })).toEqual(await adapt(learner, {}));
    const typed = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
    expect(settingId(learnerSetting(learner, typed))).toBe(learner.id);
  });

  test('loss=label trains on the answers alone, each of its own length', async () => {
    const tuning = new FineTuning(model, {
      ...{ objective: learner.objective!, learningRate: 0.05, group: 'attention.kv', steps: 3 },
    });
    await tuning.steps(
      ANSWERED.map(({ tokens, answerLength }) => ({
        tokens: [model.config.bosTokenId as number, ...tokens],
        predicted: answerLength,
      })),
    );
    const { model: tuned, steps } = await tuning.finish();
    const expected = await probesOf(tuned).probe(QUERIES, AT_PROMPT);
    tuned.dispose();
    const label = await adapt(learner, { learnerOptions: { loss: 'label' } });
    expect(label.training).toEqual(steps);
    expect(label.probes).toEqual(expected);
    await expect(adapt(learner, { learnerOptions: { loss: 'label' } }, DEMONSTRATIONS)).rejects.toThrow(
      `${learner.id}, loss: demonstrations[0] has no answerLength`,
    );
  });

  test('batch=full takes as many steps as it is told, and the order of the demonstrations does not matter', async () => {
    const options = { learnerOptions: { batch: 'full', steps: 2 }, releasedNorms: true };
    const found = await adapt(learner, options);
    expect(found.training).toHaveLength(2);
    expect(found.training?.[0]?.releasedGradientNorms).toBeUndefined();
    expect(found.training?.[1]?.losses.at(-1)).toBeLessThan(found.training![0]!.losses.at(-1)!);
    expect(await adapt(learner, options, ANSWERED.toReversed())).toEqual(found);
    const one = await adapt(learner, {});
    expect((await adapt(learner, {}, ANSWERED.toReversed())).probes).not.toEqual(one.probes);
  });

  test('its tangent is the limit of full batches at small rates, in any order, and needs no rate', async () => {
    const learnerOptions = { tangent: true };
    const tangent = await learner.adapt(model, ANSWERED, { learnerOptions });
    const { training, directionsOnly } = tangent;
    const found = await tangent.probe(QUERIES, AT_PROMPT);
    expect(await tangent.probe(QUERIES, { ...AT_PROMPT, tokenBudget: 1 })).toEqual(found);
    await expect(tangent.probeTokens(QUERIES, { probeTokens: 'prompt' as never })).rejects.toThrow(
      'probeTokens is string, not a list of prompt, label',
    );
    tangent.dispose();
    expect([training, directionsOnly]).toEqual([undefined, true]);
    expect((await adapt(learner, { learnerOptions }, ANSWERED.toReversed())).probes).toEqual(found);
    using base = await zeroShot.adapt(model, []);
    const zsl = await base.probe(QUERIES, AT_PROMPT);
    expect(found.map(({ optionLogProbs }) => optionLogProbs)).toEqual(
      zsl.map(({ optionLogProbs }) => optionLogProbs),
    );
    const small = await adapt(learner, { learnerOptions: { batch: 'full' }, learningRate: 0.01 });
    const { layers } = model.config;
    for (const [i, probe] of found.entries()) {
      for (let layer = 0; layer < layers; layer++) {
        const part = ({ attentionOutput: h }: Probe): number[] => [
          ...h.subarray((layer * h.length) / layers, ((layer + 1) * h.length) / layers),
        ];
        const change = (to: Probe): number[] => part(to).map((value, j) => value - part(zsl[i]!)[j]!);
        const [along, step] = [change(probe), change(small.probes[i]!)];
        expect(dot(along, step) / Math.sqrt(dot(along, along) * dot(step, step))).toBeGreaterThan(0.999);
        // About as long as h in the layer where it is longest, nowhere much longer.
        const own = part(zsl[i]!);
        expect(dot(along, along)).toBeLessThan(9 * dot(own, own));
      }
    }
  });

  test('a tangent that is aborted while its step is chosen leaves nothing on the device', async () => {
    const live = gpu().pool.live;
    const [controller, reason] = [new AbortController(), new Error('enough')];
    const adapting = learner.adapt(model, ANSWERED, {
      learnerOptions: { tangent: true },
      signal: controller.signal,
      onProgress: ({ finished, total }) => finished === total && controller.abort(reason),
    });
    await expect(adapting).rejects.toBe(reason);
    expect(gpu().pool.live).toEqual(live);
  });

  test('noise reports the training of the learner, and is by the seed', async () => {
    const plain = await adapt(learner, {});
    const noisy = (seed?: number) =>
      adapt(learner, { learnerOptions: { noise: true }, ...(seed === undefined ? {} : { seed }) });
    const found = await noisy(1);
    expect(found.training).toEqual(plain.training);
    expect(found.probes).not.toEqual(plain.probes);
    expect(await noisy(1)).toEqual(found);
    expect((await noisy(2)).probes).not.toEqual(found.probes);
    expect(await noisy()).toEqual(await noisy(0));
  });

  test('noise of other options is other noise: its changes of weights are not alike', async () => {
    const change = async (learnerOptions: LearnerOptions): Promise<number[]> => {
      using adapted = await learner.adapt(model, ANSWERED, { learnerOptions, learningRate: 0.05, seed: 1 });
      const changes = await adapted.weightChanges!(0);
      return changes.flatMap(({ before, after }) => [...after.map((value, i) => value - before[i]!)]);
    };
    const [one, other] = [await change({ noise: true }), await change({ noise: true, loss: 'label' })];
    expect(Math.abs(dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other)))).toBeLessThan(0.2);
  });

  test.each(['q', 'o', 'mlp', 'all'])('params=%s trains other parameters', async (params) => {
    const { probes, training } = await adapt(learner, { learnerOptions: { params } });
    expect(probes).not.toEqual((await adapt(learner, {})).probes);
    expect(training?.at(-1)?.gradientNorms.every((norm) => norm > 0)).toBe(true);
  });

  test.each<[LearnerOptions, string]>([
    [{ steps: 3 }, 'steps: needs batch=full'],
    [{ tangent: true, batch: 'full' }, 'batch: a tangent is of the full batch'],
    [{ tangent: true, steps: 2 }, 'steps: a tangent takes no steps'],
    [{ tangent: true, optimizer: 'adam' }, 'optimizer: a tangent is along the gradient'],
    [{ tangent: true, noise: true }, 'noise: a tangent changes no weights'],
    [{ batch: 'half' }, 'batch: '],
    [{ batch: 'full', steps: 0 }, 'steps: '],
  ])('refuses what does not combine, by the name of the option: %j', async (learnerOptions, message) => {
    await expect(adapt(learner, { learnerOptions })).rejects.toThrow(`${learner.id}, ${message}`);
    const typed = Object.entries(learnerOptions).map(([name, value]) => [name, String(value)]);
    expect(() => learnerSetting(learner, Object.fromEntries(typed))).toThrow(/"path": \[/);
  });

  test('an option that it has not is refused', async () => {
    await expect(adapt(learner, { learnerOptions: { stepps: 1 } })).rejects.toThrow(
      `${learner.id} has no option stepps: noise, loss, batch`,
    );
  });

  test('a gradient that is zero has no direction, nor has one along which h does not change', async () => {
    const values = new Map<string, Float32Array>();
    for (const name of [0, 1, 2].map((layer) => `layers.${layer}.attention.output.weight`)) {
      const tensor = model.parameters.get(name);
      values.set(name, await gpu().read(tensor));
      gpu().clear(tensor);
    }
    try {
      await expect(adapt(learner, { learnerOptions: { tangent: true } })).rejects.toThrow(
        new DivergedError(`${learner.id}[tangent]: the gradient is zero`),
      );
      // h is the biases alone now, whatever the feed-forward blocks do.
      await expect(adapt(learner, { learnerOptions: { tangent: true, params: 'mlp' } })).rejects.toThrow(
        new DivergedError(`${learner.id}[tangent]: h does not change along the gradient, whatever the step`),
      );
    } finally {
      for (const [name, own] of values) gpu().write(model.parameters.get(name), own);
    }
  });
});

test('what LCGD reads of a layer makes a difference, and gives the feed-forward blocks no gradient', async () => {
  const at = (where: string) => adapt(layerCausalGradientDescent, { learnerOptions: { at: where } });
  const [layer, residual, attention] = [await at('layer'), await at('residual'), await at('attention')];
  expect(residual.probes).not.toEqual(layer.probes);
  expect(attention.probes).not.toEqual(residual.probes);
  await expect(
    adapt(layerCausalGradientDescent, { learnerOptions: { at: 'residual', params: 'mlp' } }),
  ).rejects.toThrow('LCGD, params: with at=residual the feed-forward blocks have no gradient');
  expect(Object.keys(gradientDescent.options?.shape ?? {})).not.toContain('at');
});

test('names have the options in one order, flags bare; plans know what is trained and how often', () => {
  const typed = {
    optimizer: 'adam',
    at: 'attention',
    steps: '3',
    batch: 'full',
    loss: 'label',
    noise: 'true',
  };
  const setting = learnerSetting(layerCausalGradientDescent, typed);
  expect(settingId(setting)).toBe('LCGD[noise,loss=label,batch=full,steps=3,at=attention,optimizer=adam]');
  expect(trainingKindOf(setting)).toEqual({
    ...{ objective: 'layerwise', group: 'attention.kv', readout: 'attention' },
    ...{ optimizer: 'adam', fullBatchSteps: 3 },
  });
  expect(trainingPasses(setting)).toBe(3);
  const tangent = learnerSetting(gradientDescent, { tangent: 'true', params: 'mlp' });
  expect(settingId(tangent)).toBe('GD[tangent,params=mlp]');
  expect(trainingKindOf(tangent)).toEqual({ objective: 'output', group: 'feedForward', direction: true });
  expect([trainingPasses(tangent), trainingPasses(learnerSetting(zeroShot))]).toEqual([1, 0]);
  expect(trainingKindOf(learnerSetting(zeroShot))).toBeUndefined();
});

test('ZSL[positions=icl] stands where ICL’s query does; without demonstrations it is ZSL, bit for bit', async () => {
  const probe = async (demonstrations: readonly Demonstration[], learnerOptions: LearnerOptions = {}) => {
    using adapted = await zeroShot.adapt(model, demonstrations, { learnerOptions });
    return await adapted.probe(QUERIES, AT_PROMPT);
  };
  const [bos, eos] = [model.config.bosTokenId!, model.config.eosTokenId!];
  const positionOffset = contextTokens(DEMONSTRATIONS, bos, eos).length - 1;
  const shifted = await probesOf(model, undefined, { positionOffset }).probe(QUERIES, AT_PROMPT);
  expect(await probe(DEMONSTRATIONS, { positions: 'icl' })).toEqual(shifted);
  const plain = await probe([]);
  expect(await probe([], { positions: 'icl' })).toEqual(plain);
  expect(await probe(DEMONSTRATIONS, { positions: 'own' })).toEqual(plain);
  expect(shifted[0]!.attentionOutput).not.toEqual(plain[0]!.attentionOutput);
  await expect(probe([{ tokens: sequence(180, 3) }], { positions: 'icl' })).rejects.toThrow(
    /tokens from position 181 on does not fit tiny's context of 192/,
  );
  await expect(probe([], { positions: 'own ' })).rejects.toThrow('ZSL, positions: ');
});
