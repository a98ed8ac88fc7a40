import { DivergedError, type Query, inContext, zeroShot } from '@icl-gd/methods';
import type { Model, Progress } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { fakeModel } from '../testing/fake-model.ts';

const [BOS, EOS] = [1, 2];
const QUERIES: Query[] = [
  { tokens: [11, 12, 13], options: [[21, 22], [23]] },
  { tokens: [14], options: [[24], [25, 26, 27]] },
  { tokens: [15, 16], options: [[24], [25]] },
];
const DEMONSTRATIONS = [[31, 32], [33]].map((tokens) => ({ tokens }));
const CONTEXT = [BOS, 31, 32, EOS, 33, EOS];

/** What the model records at the last of these tokens, and towards which of them. */
async function recordedAt(model: Model, context: readonly number[], tokens: readonly number[], own: number) {
  const prefix = context.length === 0 ? undefined : model.prefix(context);
  const row = tokens.length - 1;
  const [result] = await model.evaluate(
    [{ tokens, probes: [{ row, firstKey: tokens.length - own }], logProbs: [] }],
    prefix,
  );
  return result!.probes[0]!;
}

/** Log-probability of a token after others. */
async function logProbAfter(
  model: Model,
  context: readonly number[],
  tokens: readonly number[],
  token: number,
) {
  const prefix = context.length === 0 ? undefined : model.prefix(context);
  const [result] = await model.evaluate(
    [{ tokens, probes: [], logProbs: [{ row: tokens.length - 1, token }] }],
    prefix,
  );
  return result!.logProbs[0]!;
}

test.each([
  ['zero-shot, after BOS', zeroShot, [], [BOS]],
  ['in-context, after BOS and every demonstration with its EOS', inContext, CONTEXT, []],
] as const)(
  '%s: h, m and mean log-probabilities are those of the query by itself',
  async (_, learner, context, before) => {
    const model = fakeModel('trained');
    const adapted = await learner.adapt(model, DEMONSTRATIONS);
    const probes = await adapted.probeTokens(QUERIES, { probeTokens: ['prompt', 'label'], tokenBudget: 12 });
    for (const [i, { tokens, options }] of QUERIES.entries()) {
      for (const [probeToken, fed] of [
        ['prompt', tokens],
        ['label', [...tokens, ...(options[0] as number[])]],
      ] as const) {
        const probe = probes.get(probeToken)![i]!;
        const recorded = await recordedAt(model, context, [...before, ...fed], fed.length);
        expect(probe.queryLength, probeToken).toBe(fed.length);
        expect(probe.attentionOutput, probeToken).toEqual(recorded.attentionOutput);
        expect(probe.attentionScores, probeToken).toEqual(recorded.attentionScores);
        for (const [o, option] of options.entries()) {
          let sum = 0;
          for (const [at, token] of option.entries())
            sum += await logProbAfter(model, context, [...before, ...tokens, ...option.slice(0, at)], token);
          expect(probe.optionLogProbs[o], `${probeToken}, option ${o}`).toBeCloseTo(sum / option.length, 6);
        }
      }
    }
  },
);

test('numbers do not depend on how queries are packed, and finished ones are counted', async () => {
  const adapted = await inContext.adapt(fakeModel('trained'), DEMONSTRATIONS);
  const at = async (tokenBudget?: number) => {
    const counted: number[] = [];
    const probes = await adapted.probe(QUERIES, {
      ...{ probeToken: 'label', onProgress: ({ finished }: Progress) => counted.push(finished) },
      ...(tokenBudget === undefined ? {} : { tokenBudget }),
    });
    return { probes, counted };
  };
  const whole = await at();
  expect(whole.counted).toEqual([3]);
  // They feed 5, 2 + 3 and 3 tokens: the last two just fill a budget of 8.
  for (const [budget, counted] of [
    [1, [1, 2, 3]],
    [8, [1, 3]],
  ] as const) {
    const packed = await at(budget);
    expect(packed.probes).toEqual(whole.probes);
    expect(packed.counted, `${budget}`).toEqual(counted);
  }
});

test('the context and its demonstrations are said', async () => {
  const adapted = await inContext.adapt(fakeModel('trained'), DEMONSTRATIONS);
  expect(adapted.context).toEqual({ demonstrations: 2, tokens: CONTEXT });
  expect((await zeroShot.adapt(fakeModel('trained'), DEMONSTRATIONS)).context).toBeUndefined();
});

test.each(['attentionOutput', 'attentionScores', 'logProbs'] as const)(
  'a number of %s that is not finite is a divergence',
  async (which) => {
    const model = fakeModel('trained');
    const spoil = (values: Float32Array): Float32Array => values.with(values.length - 1, NaN);
    const evaluate: Model['evaluate'] = async (requests, prefix) =>
      (await model.evaluate(requests, prefix)).map((result) =>
        which === 'logProbs'
          ? { ...result, logProbs: spoil(result.logProbs) }
          : { ...result, probes: result.probes.map((own) => ({ ...own, [which]: spoil(own[which]) })) },
      );
    const adapted = await zeroShot.adapt({ ...model, evaluate } as Model, []);
    await expect(adapted.probe(QUERIES, { probeToken: 'prompt' })).rejects.toThrow(DivergedError);
  },
);
