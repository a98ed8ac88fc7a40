import type { ContextPrefix, EvaluationRequest, EvaluationResult, Model } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { DivergedError, type ProbeToken, type Query } from './learner.ts';
import { probeBatches, probesOf } from './probe-queries.ts';

const BOS = 99;
const BOTH: readonly ProbeToken[] = ['label', 'prompt'];

/** h names the probed row, the log-probability of a token is minus its id. */
function answer({ tokens, probes, logProbs, top }: EvaluationRequest): EvaluationResult {
  return {
    ...(top
      ? {
          top: top.map(({ row, k }) => ({
            ids: new Uint32Array(k).fill(tokens[row] as number),
            logProbs: new Float32Array(k).fill(-row),
          })),
        }
      : {}),
    probes: probes.map(({ row, firstKey }) => ({
      attentionOutput: Float32Array.of(row, 1),
      attentionScores: new Float32Array(2 * 3 * (row - firstKey + 1)),
    })),
    logProbs: Float32Array.from(logProbs, ({ token }) => -token),
  };
}

/** A model of two layers and three heads without a device, and what it was asked. */
function fakeModel(respond = answer, bosTokenId: number | null = BOS) {
  const asked: { tokens: (readonly number[])[]; prefix: ContextPrefix | undefined }[] = [];
  const model = {
    name: 'fake',
    config: { layers: 2, heads: 3, bosTokenId },
    evaluate: (requests: readonly EvaluationRequest[], prefix?: ContextPrefix) => {
      asked.push({ tokens: requests.map(({ tokens }) => tokens), prefix });
      return Promise.resolve(requests.map(respond));
    },
  } as unknown as Model;
  return { model, asked };
}

/** Queries of one request each, with this many tokens. */
const ofLengths = (...lengths: number[]): Query[] =>
  lengths.map((length) => ({ tokens: Array.from({ length }, () => 5), options: [[1], [2]] }));

/** How many queries lie in each batch. */
const sizes = (lengths: number[], tokenBudget: number): number[] =>
  probeBatches(ofLengths(...lengths), { probeTokens: ['prompt'], tokenBudget }, true).map(
    (batch) => batch.length,
  );

const PREFIX = {} as ContextPrefix;

test('an option’s log-probability is the mean over its tokens, options in class order', async () => {
  const query = { tokens: [10, 11], options: [[7], [1, 2, 6], [1, 8]] };
  const [probe] = await probesOf(fakeModel().model).probe([query], { probeToken: 'prompt' });
  expect(probe?.optionLogProbs).toEqual([-7, -3, -4.5]);
});

test('a probe counts the tokens of the query up to the probed one, without BOS and context', async () => {
  const queries = [
    { tokens: [10, 11], options: [[7, 8, 9], [1]] },
    { tokens: [10, 11, 12, 13], options: [[7], [2]] },
  ];
  for (const prefix of [undefined, PREFIX]) {
    const { probe } = probesOf(fakeModel().model, prefix);
    const lengths = async (probeToken: ProbeToken) =>
      (await probe(queries, { probeToken })).map(({ queryLength }) => queryLength);
    expect(await lengths('prompt')).toEqual([2, 4]);
    expect(await lengths('label')).toEqual([5, 5]);
  }
});

test('BOS comes before every query, but for queries behind a prefix, which is handed on', async () => {
  const bare = fakeModel();
  await probesOf(bare.model).probe(ofLengths(1, 2), { probeToken: 'prompt' });
  const behind = fakeModel();
  await probesOf(behind.model, PREFIX).probe(ofLengths(1, 2), { probeToken: 'prompt' });
  expect(bare.asked).toEqual([
    {
      tokens: [
        [BOS, 5],
        [BOS, 5, 5],
      ],
      prefix: undefined,
    },
  ]);
  expect(behind.asked.map(({ tokens }) => tokens)).toEqual([[[5], [5, 5]]]);
  expect(behind.asked[0]?.prefix).toBe(PREFIX);
});

test('a model without BOS is refused by the key of its configuration, but needs none behind a prefix', async () => {
  const { model, asked } = fakeModel(answer, null);
  const probe = { probeToken: 'prompt' } as const;
  await expect(probesOf(model).probe(ofLengths(1), probe)).rejects.toThrow(/^fake: .*bos_token_id/);
  expect(asked).toEqual([]);
  expect(await probesOf(model, PREFIX).probe(ofLengths(1), probe)).toHaveLength(1);
});

test('every query has its own answers, however many sequences each of a batch takes', async () => {
  const queries: Query[] = [
    { tokens: [10], options: [[1, 2], [3, 4], [5]] },
    { tokens: [10, 11], options: [[20], [30]] },
    {
      tokens: [10, 11, 12],
      options: [
        [6, 8],
        [7, 9],
      ],
    },
  ];
  const { model, asked } = fakeModel();
  const probes = await probesOf(model).probeTokens(queries, { probeTokens: BOTH });
  expect(asked.map(({ tokens }) => tokens.length)).toEqual([2 + 1 + 2]);
  expect([...probes.keys()]).toEqual(BOTH);
  for (const probeToken of BOTH)
    expect(probes.get(probeToken)?.map(({ optionLogProbs }) => optionLogProbs)).toEqual([
      [-1.5, -3.5, -5],
      [-20, -30],
      [-7, -8],
    ]);
  const rows = (probeToken: ProbeToken) =>
    probes.get(probeToken)?.map(({ attentionOutput }) => attentionOutput[0]);
  expect(rows('prompt')).toEqual([1, 2, 3]);
  expect(rows('label')).toEqual([3, 3, 5]);
});

test('no queries give no probes, and ask for nothing', async () => {
  const { model, asked } = fakeModel();
  expect(await probesOf(model).probe([], { probeToken: 'label' })).toEqual([]);
  const both = await probesOf(model).probeTokens([], { probeTokens: BOTH });
  expect([...both]).toEqual([
    ['label', []],
    ['prompt', []],
  ]);
  expect(asked).toEqual([]);
});

test('a batch holds as many queries in their order as the token budget has room for, a longer one alone', () => {
  expect(sizes([3, 3, 4], 10)).toEqual([3]);
  expect(sizes([3, 3, 5], 10)).toEqual([2, 1]);
  expect(sizes([1, 12, 1, 1], 10)).toEqual([1, 1, 2]);
  expect(sizes([4, 4, 4, 4, 4], 8)).toEqual([2, 2, 1]);
  expect(sizes([2, 2], 1)).toEqual([1, 1]);
  expect(sizes([], 10)).toEqual([]);
});

test('BOS and every sequence of a query count towards the budget', () => {
  const batches = (query: Query, tokenBudget: number, behindPrefix: boolean) =>
    probeBatches([query, query], { probeTokens: ['prompt'], tokenBudget }, behindPrefix).length;
  const [single] = ofLengths(4) as [Query];
  expect([8, 10].map((budget) => batches(single, budget, true))).toEqual([1, 1]);
  expect([8, 9, 10].map((budget) => batches(single, budget, false))).toEqual([2, 2, 1]);
  const several = {
    tokens: [10, 11],
    options: [
      [1, 2],
      [3, 4],
    ],
  };
  expect([11, 12].map((budget) => batches(several, budget, true))).toEqual([2, 1]);
});

test('2048 tokens are the budget if none is given', async () => {
  const { model, asked } = fakeModel();
  await probesOf(model, PREFIX).probe(ofLengths(1000, 1048, 1000, 1049), { probeToken: 'prompt' });
  expect(asked.map(({ tokens }) => tokens.length)).toEqual([2, 1, 1]);
});

test('the batches of a memory plan are those put before the model', async () => {
  const queries: Query[] = [
    ...ofLengths(3, 4, 2, 6),
    {
      tokens: [8, 9],
      options: [
        [1, 2],
        [3, 4],
      ],
    },
  ];
  for (const prefix of [undefined, PREFIX]) {
    const { model, asked } = fakeModel();
    const options = { probeTokens: BOTH, tokenBudget: 12 };
    await probesOf(model, prefix).probeTokens(queries, options);
    const planned = probeBatches(queries, options, prefix !== undefined);
    expect(planned.map((batch) => batch.map(({ tokens }) => tokens.length))).toEqual(
      asked.map(({ tokens }) => tokens.map(({ length }) => length)),
    );
    expect(planned.length).toBeGreaterThan(2);
  }
});

test('progress is told after each batch, in queries finished, when the next is with the model already', async () => {
  const finished: number[] = [];
  const { model, asked } = fakeModel();
  await probesOf(model, PREFIX).probe(ofLengths(4, 4, 4, 4, 9), {
    probeToken: 'prompt',
    tokenBudget: 8,
    onProgress: ({ finished: count, total }) => {
      expect(asked).toHaveLength(Math.min(finished.length + 2, 3));
      expect(total).toBe(5);
      finished.push(count);
    },
  });
  expect(finished).toEqual([2, 4, 5]);
});

test('a probe has the likeliest tokens after the prompt where they are asked for, at both probed tokens', async () => {
  const queries = [
    { tokens: [10, 11], options: [[7, 8, 9], [1]] },
    { tokens: [12], options: [[7], [1, 2]] },
  ];
  const { probe, probeTokens } = probesOf(fakeModel().model);
  const plain = await probe(queries, { probeToken: 'prompt' });
  expect(plain.map((own) => 'nextTokens' in own)).toEqual([false, false]);
  const probes = await probeTokens(queries, { probeTokens: BOTH, nextTokens: 2 });
  for (const token of BOTH)
    expect(probes.get(token)?.map(({ nextTokens }) => nextTokens)).toEqual([
      { ids: Uint32Array.of(11, 11), logProbs: Float32Array.of(-2, -2) },
      { ids: Uint32Array.of(12, 12), logProbs: Float32Array.of(-1, -1) },
    ]);
  for (const nextTokens of [-1, 0.5, Number.NaN])
    await expect(probe(queries, { probeToken: 'prompt', nextTokens })).rejects.toThrow(
      new RangeError(`nextTokens is ${nextTokens}, not a whole number from 0`),
    );
});

test.each<[string, (result: EvaluationResult) => void]>([
  ['h', ({ probes }) => probes[0]?.attentionOutput.fill(Number.NaN, 1)],
  ['m', ({ probes }) => probes[0]?.attentionScores.fill(Number.NEGATIVE_INFINITY, 5, 6)],
  ['the second probed token’s h', ({ probes }) => probes[1]?.attentionOutput.fill(Number.POSITIVE_INFINITY)],
  ['a log-probability', ({ logProbs }) => logProbs.fill(Number.NEGATIVE_INFINITY, 1, 2)],
  ['a likeliest token', ({ top }) => top?.[0]?.logProbs.fill(Number.NaN, 1)],
])('%s that is not finite is a DivergedError naming the model', async (_, spoil) => {
  const { model } = fakeModel((request) => {
    const result = answer(request);
    if (request.tokens.length === 1 + 3 + 1) spoil(result);
    return result;
  });
  const probing = (lengths: number[]) =>
    probesOf(model).probeTokens(ofLengths(...lengths), { probeTokens: BOTH, nextTokens: 2 });
  await expect(probing([1, 2, 4])).resolves.toBeInstanceOf(Map);
  const failure = await probing([1, 3]).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DivergedError);
  expect(failure).toMatchObject({
    name: 'DivergedError',
    message: 'fake: what the model computes is no longer finite',
  });
});

test('who probes may say where h and m are written to', async () => {
  const { model } = fakeModel();
  const given: unknown[] = [];
  const evaluate = model.evaluate.bind(model);
  model.evaluate = (requests, prefix, options) => {
    given.push(options?.allocate);
    return evaluate(requests, prefix, options);
  };
  const allocate = (length: number): Float32Array => new Float32Array(length);
  const options = { tokenBudget: 8, allocate };
  await probesOf(model).probe(ofLengths(4, 5), { ...options, probeToken: 'prompt' });
  await probesOf(model).probeTokens(ofLengths(4), { ...options, probeTokens: ['prompt'] });
  expect(given).toEqual([allocate, allocate, allocate]);
});
