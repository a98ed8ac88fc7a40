import { join } from 'node:path';
import { type Gpu, acquireGpu } from '@icl-gd/gpu-kernels';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Model, loadModel } from '../model.ts';

const TOKENS = [453, 269, 25, 286, 434, 429, 402, 286, 401];
const PROBED = 5;

let gpu: Gpu;
let model: Model;
beforeAll(async () => {
  gpu = await acquireGpu({ adapter: process.env['ICL_GD_ADAPTER'] ?? 'auto' });
  model = await loadModel(gpu, join(import.meta.dirname, '../../../../tests/fixtures/own-text-gpt2/model'));
});
afterAll(() => {
  model.dispose();
  gpu.dispose();
});

test('a row is probed as if the sequence ended there', async () => {
  const request = { probe: { row: PROBED, firstKey: 2 }, logProbs: [{ row: PROBED, token: 7 }] };
  const [within] = await model.evaluate([{ ...request, tokens: TOKENS }]);
  const [atEnd] = await model.evaluate([{ ...request, tokens: TOKENS.slice(0, PROBED + 1) }]);
  expect(within?.attentionOutput).toHaveLength(2 * 24);
  expect(within?.attentionScores).toHaveLength(2 * 3 * (PROBED - 1));
  expect(within).toEqual(atEnd);
});

test('log-probabilities come in the order asked for, of any rows, more than one a row', async () => {
  const wanted = [4, 0, 4, 8].map((row, i) => ({ row, token: 10 + i }));
  const [together] = await model.evaluate([{ tokens: TOKENS, logProbs: wanted }]);
  const alone = await Promise.all(wanted.map((one) => model.evaluate([{ tokens: TOKENS, logProbs: [one] }])));
  expect(new Set(together?.logProbs).size).toBe(4);
  expect([...together!.logProbs]).toEqual(alone.map(([result]) => result!.logProbs[0]));
});

test('nothing asked for gives nothing', async () => {
  expect(await model.evaluate([])).toEqual([]);
  const empty = new Float32Array(0);
  const [result] = await model.evaluate([{ tokens: TOKENS, logProbs: [] }]);
  expect(result).toEqual({ attentionOutput: empty, attentionScores: empty, logProbs: empty });
});
