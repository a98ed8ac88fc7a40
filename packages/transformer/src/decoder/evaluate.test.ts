import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Model, loadModel } from '../model.ts';

const TOKENS = [453, 269, 25, 286, 434, 429, 402, 286, 401];
const PROBED = 5;

const gpu = useGpu();
let model: Model;
beforeAll(async () => {
  model = await loadModel(gpu(), join(import.meta.dirname, '../../../../tests/fixtures/own-text-gpt2/model'));
});
afterAll(() => {
  model.dispose();
});

test('a row is probed as if the sequence ended there', async () => {
  const request = { probes: [{ row: PROBED, firstKey: 2 }], logProbs: [{ row: PROBED, token: 7 }] };
  const [within] = await model.evaluate([{ ...request, tokens: TOKENS }]);
  const [atEnd] = await model.evaluate([{ ...request, tokens: TOKENS.slice(0, PROBED + 1) }]);
  expect(within?.probes[0]?.attentionOutput).toHaveLength(2 * 24);
  expect(within?.probes[0]?.attentionScores).toHaveLength(2 * 3 * (PROBED - 1));
  expect(within).toEqual(atEnd);
});

test('rows probed together have the bits of each alone, in the order asked for', async () => {
  const rows = [
    { row: 6, firstKey: 2 },
    { row: 3, firstKey: 0 },
    { row: 3, firstKey: 3 },
  ];
  const other = { tokens: TOKENS.slice(2), probes: [{ row: 1, firstKey: 1 }], logProbs: [] };
  const [together] = await model.evaluate([{ tokens: TOKENS, probes: rows, logProbs: [] }, other]);
  const alone = await Promise.all(
    rows.map((row) => model.evaluate([{ tokens: TOKENS, probes: [row], logProbs: [] }])),
  );
  expect(together?.probes).toEqual(alone.map(([result]) => result?.probes[0]));
});

test('log-probabilities come in the order asked for, of any rows, more than one a row', async () => {
  const wanted = [4, 0, 4, 8].map((row, i) => ({ row, token: 10 + i }));
  const [together] = await model.evaluate([{ tokens: TOKENS, probes: [], logProbs: wanted }]);
  const alone = await Promise.all(
    wanted.map((one) => model.evaluate([{ tokens: TOKENS, probes: [], logProbs: [one] }])),
  );
  expect(new Set(together?.logProbs).size).toBe(4);
  expect([...together!.logProbs]).toEqual(alone.map(([result]) => result!.logProbs[0]));
});

test('the likeliest tokens come in the order asked for, of any rows, with the bits of their log-probabilities', async () => {
  const top = [
    { row: 4, k: 5 },
    { row: 0, k: 50 },
    { row: 4, k: 2 },
  ];
  const [result, other] = await model.evaluate([
    { tokens: TOKENS, probes: [], logProbs: [{ row: 8, token: 3 }], top },
    { tokens: TOKENS.slice(0, 1), probes: [], logProbs: [], top: [{ row: 0, k: 1_000_000 }] },
  ]);
  expect(result?.top?.map(({ ids }) => ids.length)).toEqual([5, 50, 2]);
  for (const [i, { ids, logProbs }] of result!.top!.entries()) {
    const wanted = [...ids].map((token) => ({ row: top[i]!.row, token }));
    const [asked] = await model.evaluate([{ tokens: TOKENS, probes: [], logProbs: wanted }]);
    expect(logProbs).toEqual(asked?.logProbs);
    expect([...logProbs]).toEqual([...logProbs].toSorted((a, b) => b - a));
  }
  expect(result?.top?.[2]?.ids).toEqual(result?.top?.[0]?.ids.slice(0, 2));
  expect(other?.top?.[0]?.ids).toHaveLength(model.config.vocabSize);
  expect(other?.top?.[0]?.ids.slice(0, 50)).toEqual(result?.top?.[1]?.ids);
});

test('h and m lie in arrays that the caller makes, with the same numbers', async () => {
  const request = { tokens: TOKENS, probes: [{ row: PROBED, firstKey: 2 }], logProbs: [] };
  const made: Float32Array[] = [];
  const allocate = (length: number): Float32Array => {
    made.push(new Float32Array(new SharedArrayBuffer(4 * length)));
    return made.at(-1) as Float32Array;
  };
  const [given] = await model.evaluate([request], undefined, { allocate });
  const [own] = await model.evaluate([request]);
  expect(given?.probes[0]?.attentionOutput).toBe(made[0]);
  expect(given?.probes[0]?.attentionScores).toBe(made[1]);
  expect(made).toEqual([own?.probes[0]?.attentionOutput, own?.probes[0]?.attentionScores]);
});

test('nothing asked for gives nothing', async () => {
  expect(await model.evaluate([])).toEqual([]);
  const [result] = await model.evaluate([{ tokens: TOKENS, probes: [], logProbs: [] }]);
  expect(result).toEqual({ probes: [], logProbs: new Float32Array(0) });
});

test.each([
  [{ probes: [{ row: 9, firstKey: 0 }] }, 'probed row 9 of a sequence of 9 tokens'],
  [{ probes: [{ row: -1, firstKey: 0 }] }, 'probed row -1 of a sequence of 9 tokens'],
  [{ probes: [{ row: 1, firstKey: 2 }] }, 'probed row 1 with first key 2, which is none before it'],
  [{ logProbs: [{ row: 9, token: 3 }] }, 'token 3 after row 9 of a sequence of 9 tokens'],
  [{ top: [{ row: 9, k: 3 }] }, 'likeliest tokens after row 9 of a sequence of 9 tokens'],
  [{ top: [{ row: 1, k: 0 }] }, '0 likeliest tokens, not a whole number from 1'],
  [{ logProbs: undefined }, 'logProbs is undefined, not a list; it may be empty where nothing is wanted'],
])('a row that would be another sequence’s is refused: %o', async (part, message) => {
  const whole = { tokens: TOKENS, probes: [], logProbs: [] };
  const wrong = { ...whole, ...part } as typeof whole;
  await expect(model.evaluate([whole, wrong, whole])).rejects.toThrow(
    new RangeError(`requests[1]: ${message}`),
  );
});

test('options in the place of the prefix are refused', async () => {
  const request = { tokens: TOKENS, probes: [], logProbs: [] };
  const options = { signal: AbortSignal.abort() } as unknown as undefined;
  await expect(model.evaluate([request], options)).rejects.toThrow('the second argument is a prefix');
});
