import { type AdaptOptions, type Demonstration, DivergedError, type Learner } from '@icl-gd/methods';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { FAKE_LEARNERS, fakeModel } from '../testing/fake-model.ts';
import { predict, probeSetting, unlessDiverged } from './probe-setting.ts';
import { demonstrationsFor, runSetting } from './setting.ts';

const PREPARED: PreparedRun = {
  ...{ dataset: 'mr', seed: 5, permutation: 1, longestItem: 9, gold: [0, 1] },
  ...{ trainRows: [1, 2, 3], fineTuningRows: [3, 1, 2], validationRows: [17, 4] },
  demonstrations: [1, 2, 3].map((token) => ({ tokens: [token] })),
  fineTuningDemonstrations: [3, 1, 2].map((token) => ({ tokens: [token] })),
  queries: [[11, 12], [13]].map((tokens) => ({ tokens, options: [[7], [8]] })),
  context: { tokens: [0, 1, 9, 2, 9], demonstrations: 2 },
};
const OPTIONS = { probeTokens: ['label'] as const, learningRate: 0.5, releasedNorms: true };
const GD = FAKE_LEARNERS[0] as Learner;

const probe = (...optionLogProbs: number[]) => ({
  ...{ attentionOutput: new Float32Array(), attentionScores: new Float32Array(), queryLength: 0 },
  optionLogProbs,
});

test('the prediction is the likeliest option, the first of equals', () => {
  expect(
    predict([probe(-3, -1, -2), probe(-1, -1, -1), probe(-2, -1, -1), probe(-0.5, -4)]).map(
      ({ predicted }) => predicted,
    ),
  ).toEqual([1, 0, 1, 0]);
  expect(predict([probe(-3, -1)])).toEqual([{ predicted: 1, optionLogProbs: [-3, -1] }]);
});

/** What the learner was given. */
async function given(
  change: Partial<Learner>,
  options: Readonly<Record<string, string>> = {},
  more: Partial<Parameters<typeof probeSetting>[3]> = {},
): Promise<{ demonstrations: readonly Demonstration[]; options: AdaptOptions; disposed: number }> {
  const seen: { demonstrations: readonly Demonstration[]; options: AdaptOptions }[] = [];
  let disposed = 0;
  const learner: Learner = {
    ...GD,
    ...change,
    async adapt(model, demonstrations, adaptOptions) {
      seen.push({ demonstrations, options: adaptOptions ?? {} });
      const adapted = await GD.adapt(model, demonstrations, adaptOptions);
      return { ...adapted, dispose: () => void disposed++ };
    },
  };
  await probeSetting(
    fakeModel('trained'),
    runSetting(learner, options),
    PREPARED,
    { ...OPTIONS, ...more },
    () => {},
  );
  return { ...seen[0]!, disposed };
}

test('each learner gets the demonstrations that it needs, in its order', async () => {
  const tokens = (list: readonly Demonstration[]) => list.map(({ tokens: own }) => own[0]);
  for (const [needs, expected] of [
    ['none', []],
    ['context', [1, 2]],
    ['all', [3, 1, 2]],
  ] as const) {
    expect(tokens(demonstrationsFor(runSetting({ ...GD, needs }), PREPARED))).toEqual(expected);
    expect(tokens((await given({ needs })).demonstrations)).toEqual(expected);
  }
});

test('a learning rate is known to learners that train alone; its own options and rounding to all', async () => {
  const schema = z.object({ scale: z.string().default('1') });
  const trained = await given({ options: schema }, { scale: '2' }, { halfWeights: true });
  expect(trained.options).toMatchObject({
    ...{ learningRate: 0.5, releasedNorms: true, halfWeights: true, learnerOptions: { scale: '2' } },
  });
  expect(trained.disposed).toBe(1);
  const { objective: _, ...without } = GD;
  const untrained = await given({ ...without, objective: undefined } as unknown as Partial<Learner>);
  expect(untrained.options).toMatchObject({ halfWeights: false, learnerOptions: {} });
  expect(untrained.options).not.toHaveProperty('learningRate');
  expect(untrained.options).not.toHaveProperty('releasedNorms');
});

test('work is told as it is done: demonstrations of learners that train, then queries', async () => {
  const told: number[] = [];
  const setting = runSetting(GD);
  await probeSetting(fakeModel('t'), setting, PREPARED, { ...OPTIONS, tokenBudget: 1 }, (n) => told.push(n));
  expect(told).toEqual([1, 1, 1, 1, 1]);
  told.length = 0;
  const { objective: _, ...untrained } = GD;
  await probeSetting(fakeModel('t'), runSetting(untrained), PREPARED, OPTIONS, (n) => told.push(n));
  expect(told).toEqual([2]);
});

test('what training reported is kept step by step', async () => {
  const { training } = await probeSetting(
    ...([fakeModel('trained'), runSetting(GD), PREPARED, OPTIONS, () => {}] as const),
  );
  const adapted = await GD.adapt(fakeModel('trained'), PREPARED.fineTuningDemonstrations, OPTIONS);
  expect(training).toEqual(adapted.training);
  expect(training).toHaveLength(3);
});

test.each(['losses', 'gradientNorms', 'releasedGradientNorms'] as const)(
  'training that reports %s that are not finite has diverged, and leaves nothing behind',
  async (what) => {
    let disposed = 0;
    const learner: Learner = {
      ...GD,
      async adapt(model, demonstrations, options) {
        const adapted = await GD.adapt(model, demonstrations, options);
        const training = adapted.training?.map((step, i) => (i === 1 ? { ...step, [what]: [1, NaN] } : step));
        return { ...adapted, ...(training ? { training } : {}), dispose: () => void disposed++ };
      },
    };
    const work = () => probeSetting(fakeModel('trained'), runSetting(learner), PREPARED, OPTIONS, () => {});
    await expect(work()).rejects.toThrow(DivergedError);
    expect(await unlessDiverged(work)).toEqual({
      diverged: expect.stringMatching(/^GD diverged: at step 1/),
    });
    expect(disposed).toBe(2);
  },
);

test('only divergence is an outcome', async () => {
  await expect(unlessDiverged(() => Promise.reject(new RangeError('other')))).rejects.toThrow('other');
  expect(await unlessDiverged(async () => 3)).toBe(3);
});

test.each([
  [
    'losses of another number of layers',
    { losses: [1], gradientNorms: [1, 2] },
    /^GD: step 0 has 1, 2, 2 losses/,
  ],
  [
    'a gradient norm below 0',
    { losses: [1, 1], gradientNorms: [1, -2] },
    /^GD: step 0 has a gradient norm below 0/,
  ],
])('a learner that reports %s is refused by name', async (_, step, message) => {
  const learner: Learner = {
    ...GD,
    adapt: async (...own) => ({ ...(await GD.adapt(...own)), training: [step] }),
  };
  const refused = probeSetting(fakeModel('trained'), runSetting(learner), PREPARED, OPTIONS, () => {});
  await expect(refused).rejects.toMatchObject({ name: 'UserError', message: expect.stringMatching(message) });
});
