import { expectClose, useGpu } from '@icl-gd/gpu-kernels/testing';
import type { Model } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { learners } from './catalogue.ts';
import type { Probe, ProbeToken, Query } from './learner.ts';
import { DEMONSTRATIONS, REORDERED, loadTinyModel, sequence } from './test-support.ts';

const BOTH: readonly ProbeToken[] = ['label', 'prompt'];
const QUERIES: readonly Query[] = [3, 11, 7, 20].map((length, i) => ({
  tokens: sequence(length, 3 + i),
  options: i % 2 === 0 ? [[5], [6]] : [[6, 7, 8], [6, 9], [5]],
}));
const OPTIONS = { learningRate: 0.05 };

const gpu = useGpu();
let model: Model;
beforeAll(async () => {
  model = await loadTinyModel(gpu());
});
afterAll(() => model.dispose());

describe.each(learners.map((learner) => [learner.id, learner] as const))('%s', (_, learner) => {
  test('several probe tokens at once give the bits of each alone, in the order asked for', async () => {
    const adapted = await learner.adapt(model, DEMONSTRATIONS, OPTIONS);
    const together = await adapted.probeTokens(QUERIES, { probeTokens: BOTH });
    expect([...together.keys()]).toEqual(BOTH);
    for (const probeToken of BOTH)
      expect(together.get(probeToken)).toEqual(await adapted.probe(QUERIES, { probeToken }));
    adapted.dispose();
  });

  test('the token budget changes no bit', async () => {
    const adapted = await learner.adapt(model, DEMONSTRATIONS, OPTIONS);
    const probe = (tokenBudget: number) => adapted.probe(QUERIES, { probeToken: 'label', tokenBudget });
    const alone = await probe(1);
    for (const budget of [20, 1000]) expect(await probe(budget)).toEqual(alone);
    adapted.dispose();
  });

  test('the given model stays as it is, and nothing is left of the adapted one once it is disposed', async () => {
    const ask = () =>
      model.evaluate([
        { tokens: sequence(12, 9), probes: [{ row: 11, firstKey: 0 }], logProbs: [{ row: 5, token: 3 }] },
      ]);
    const before = await ask();
    const live = gpu().pool.live;
    const adapted = await learner.adapt(model, DEMONSTRATIONS, {
      ...OPTIONS,
      halfWeights: true,
      releasedNorms: true,
    });
    await adapted.probe(QUERIES, { probeToken: 'label' });
    expect(await ask()).toEqual(before);
    adapted.dispose();
    expect(gpu().pool.live).toEqual(live);
    expect(await ask()).toEqual(before);
  });
});

/** What a query asks for, of the model itself: one sequence for each number, `context` before the query. */
async function byHand(
  context: readonly number[],
  { tokens, options }: Query,
): Promise<Omit<Probe, 'queryLength'>> {
  const start = [...context, ...tokens];
  const row = start.length - 1;
  const logProb = async (before: readonly number[], token: number): Promise<number> => {
    const [result] = await model.evaluate([
      { tokens: before, probes: [], logProbs: [{ row: before.length - 1, token }] },
    ]);
    return result!.logProbs[0]!;
  };
  const optionLogProbs: number[] = [];
  for (const option of options) {
    let total = 0;
    for (const [i, token] of option.entries())
      total += await logProb([...start, ...option.slice(0, i)], token);
    optionLogProbs.push(total / option.length);
  }
  const [result] = await model.evaluate([
    { tokens: start, probes: [{ row, firstKey: context.length }], logProbs: [] },
  ]);
  return { ...result!.probes[0]!, optionLogProbs };
}

function expectSameProbe(actual: Probe, expected: Omit<Probe, 'queryLength'>): void {
  expectClose(actual.attentionOutput, expected.attentionOutput, REORDERED);
  expectClose(actual.attentionScores, expected.attentionScores, REORDERED);
  expectClose(actual.optionLogProbs, expected.optionLogProbs, REORDERED);
}

const bos = () => model.config.bosTokenId as number;
const eos = () => model.config.eosTokenId as number;
const learnerOf = (id: string) => learners.find((learner) => learner.id === id)!;
const probeAtPrompt = { probeToken: 'prompt' } as const;

describe('zero-shot', () => {
  test('is the model itself after BOS, whatever the demonstrations', async () => {
    const adapted = await learnerOf('ZSL').adapt(model, DEMONSTRATIONS);
    const probes = await adapted.probe(QUERIES, probeAtPrompt);
    for (const [i, query] of QUERIES.entries()) expectSameProbe(probes[i]!, await byHand([bos()], query));
    expect(probes).toEqual(await (await learnerOf('ZSL').adapt(model, [])).probe(QUERIES, probeAtPrompt));
    expect(adapted.context).toBeUndefined();
    expect(adapted.training).toBeUndefined();
  });
});

describe('in-context learning', () => {
  test('puts BOS and the demonstrations in their order, each with EOS, before every query', async () => {
    const adapted = await learnerOf('ICL').adapt(model, DEMONSTRATIONS);
    const context = [bos(), ...DEMONSTRATIONS.flatMap(({ tokens }) => [...tokens, eos()])];
    expect(eos()).not.toBe(bos());
    expect(adapted.context).toEqual({ demonstrations: DEMONSTRATIONS.length, tokens: context });
    expect(adapted.training).toBeUndefined();
    const probes = await adapted.probe(QUERIES, probeAtPrompt);
    for (const [i, query] of QUERIES.entries()) expectSameProbe(probes[i]!, await byHand(context, query));
    adapted.dispose();
  });

  test('without demonstrations is zero-shot', async () => {
    const adapted = await learnerOf('ICL').adapt(model, []);
    expect(adapted.context).toEqual({ demonstrations: 0, tokens: [bos()] });
    const zeroShot = await (await learnerOf('ZSL').adapt(model, [])).probe(QUERIES, probeAtPrompt);
    for (const [i, probe] of (await adapted.probe(QUERIES, probeAtPrompt)).entries()) {
      expectSameProbe(probe, zeroShot[i]!);
      expect(probe.queryLength).toBe(zeroShot[i]!.queryLength);
    }
    adapted.dispose();
  });

  test('refuses demonstrations that do not fit the context window, and leaves nothing', async () => {
    const live = gpu().pool.live;
    const long = { tokens: sequence(model.config.contextLength - 1, 3) };
    await expect(learnerOf('ICL').adapt(model, [long])).rejects.toThrow(RangeError);
    expect(gpu().pool.live).toEqual(live);
  });

  test.each(['bosTokenId', 'eosTokenId'] as const)('refuses a model without %s', async (key) => {
    const config = { ...model.config, [key]: null };
    const without = Object.create(model, { config: { value: config } }) as Model;
    const name = key === 'bosTokenId' ? 'bos_token_id' : 'eos_token_id';
    await expect(learnerOf('ICL').adapt(without, DEMONSTRATIONS)).rejects.toThrow(
      `tiny: config.json has no ${name}`,
    );
  });
});
