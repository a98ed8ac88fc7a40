import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { type EvaluationResult, type Model, loadModel } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const gpu = useGpu();

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs((a[i] as number) - (b[i] as number)));
  return worst;
}

describe.each(['own-text-gpt2', 'own-text-xglm'])('%s', (fixture) => {
  let model: Model;
  beforeAll(async () => {
    model = await loadModel(gpu(), join(import.meta.dirname, 'fixtures', fixture, 'model'));
  });
  afterAll(() => model.dispose());

  const sequence = (length: number, step: number): number[] =>
    Array.from({ length }, (_, i) => (17 + i * step) % 400);
  const request = (tokens: number[], firstKey = 0) => ({
    tokens,
    probes: [{ row: tokens.length - 1, firstKey }],
    logProbs: [
      { row: tokens.length - 1, token: 5 },
      { row: tokens.length - 1, token: 300 },
      { row: 0, token: 42 },
    ],
  });

  it('gives a packed batch the same bits as one sequence at a time', async () => {
    const requests = [sequence(33, 7), sequence(2, 3), sequence(70, 11)].map((tokens) => request(tokens));
    const packed = await model.evaluate(requests);
    for (const [i, single] of requests.entries()) {
      const [alone] = (await model.evaluate([single])) as [EvaluationResult];
      expect(packed[i]).toEqual(alone);
    }
  });

  it('gives a query behind a prefix the same numbers as full recomputation', async () => {
    const context = sequence(90, 13);
    const query = sequence(21, 5);
    using prefix = model.prefix(context);
    const [behind] = (await model.evaluate([request(query)], prefix)) as [EvaluationResult];
    const whole = [...context, ...query];
    const [full] = (await model.evaluate([
      {
        tokens: whole,
        probes: [{ row: whole.length - 1, firstKey: context.length }],
        logProbs: request(query).logProbs.map(({ row, token }) => ({ row: context.length + row, token })),
      },
    ])) as [EvaluationResult];
    const [own, wanted] = [behind.probes[0]!, full.probes[0]!];
    expect(largestDifference(own.attentionOutput, wanted.attentionOutput)).toBeLessThan(1e-4);
    expect(largestDifference(own.attentionScores, wanted.attentionScores)).toBeLessThan(1e-4);
    expect(largestDifference(behind.logProbs, full.logProbs)).toBeLessThan(1e-4);
  });

  it('sums probabilities over the vocabulary to one', async () => {
    const tokens = sequence(9, 3);
    const logProbs = Array.from({ length: model.config.vocabSize }, (_, token) => ({ row: 8, token }));
    const [result] = (await model.evaluate([{ tokens, probes: [], logProbs }])) as [EvaluationResult];
    expect(result.logProbs.reduce((sum, value) => sum + Math.exp(value), 0)).toBeCloseTo(1, 5);
  });

  it('refuses tokens outside the vocabulary and sequences past the context', async () => {
    await expect(model.evaluate([{ tokens: [100_000], probes: [], logProbs: [] }])).rejects.toThrow(
      /token 100000/,
    );
    await expect(model.evaluate([{ tokens: sequence(3000, 1), probes: [], logProbs: [] }])).rejects.toThrow(
      /context of/,
    );
  });

  it('leaves nothing on the device', async () => {
    const before = gpu().pool.live;
    using prefix = model.prefix(sequence(12, 7));
    await model.evaluate([request(sequence(5, 3))], prefix);
    prefix.dispose();
    expect(gpu().pool.live).toEqual(before);
  });
});
