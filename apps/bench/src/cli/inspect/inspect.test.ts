import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { inContext, zeroShot } from '@icl-gd/methods';
import {
  type Model,
  UserError,
  describeModel,
  loadModel,
  loadTokenizer,
  writeNewModel,
} from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Inspection, inspectModel } from './inspect.ts';
import { renderInspection } from './render.ts';

const FIXTURE = join(import.meta.dirname, '../../../../../tests/fixtures/own-text-gpt2');
const SHARED = process.env['ICL_GD_SHARED'];

const gpu = useGpu();
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'inspect-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true });
});

async function inspect(
  directory: string,
  tokens: readonly number[],
  greedy = 0,
): Promise<{ inspection: Inspection; model: Model }> {
  const { parameterCount } = await describeModel(directory);
  const model = await loadModel(gpu(), directory);
  try {
    return { inspection: await inspectModel(model, parameterCount, tokens, greedy), model };
  } finally {
    model.dispose();
  }
}

describe('inspectModel', () => {
  const directory = join(FIXTURE, 'model');
  const tokens = [373, 425, 453, 64, 84, 9, 220];

  it('scores a token as the softmax of the logits before it does', async () => {
    const { inspection } = await inspect(directory, tokens);
    using model = await loadModel(gpu(), directory);
    expect(inspection.nll).toHaveLength(tokens.length - 1);
    for (const [i, nll] of inspection.nll.entries()) {
      const logits = [...(await model.nextTokenLogits(tokens.slice(0, i + 1)))];
      const normalizer = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
      expect(nll).toBeCloseTo(normalizer - (logits[tokens[i + 1] as number] as number), 4);
    }
    expect(inspection.mean_nll).toBeCloseTo(
      inspection.nll.reduce((a, b) => a + b) / inspection.nll.length,
      10,
    );
    const logits = [...(await model.nextTokenLogits(tokens))];
    const ranked = logits.map((logit, id) => [id, logit]).sort(([, a], [, b]) => (b ?? 0) - (a ?? 0));
    expect(inspection.last_top5).toEqual(ranked.slice(0, 5));
  });

  it('continues with the best token each time', async () => {
    const { inspection } = await inspect(directory, tokens, 3);
    for (const [i, token] of inspection.greedy.entries()) {
      const next = await inspect(directory, [...tokens, ...inspection.greedy.slice(0, i)]);
      expect(token).toBe(next.inspection.last_top5[0]?.[0]);
    }
    expect(inspection.greedy).toHaveLength(3);
  });

  it('has no mean for a single token', async () => {
    const { inspection } = await inspect(directory, [5]);
    expect(inspection).toMatchObject({ family: 'gpt2', nll: [], mean_nll: null });
    expect(renderInspection(inspection)).toContain('none: a single token');
  });

  it.each([
    [[], 0, /no tokens/],
    [[454], 0, /token 454 is outside model's vocabulary, whose tokens are 0 to 453/],
    [[1], 10_000, /^1 token and 10000 greedy ones do not fit/],
    [[1, 2], 10_000, /2 tokens and 10000 greedy ones do not fit model's context/],
  ])('refuses %j with %i greedy tokens', async (bad, greedy, message) => {
    const refused = inspect(directory, bad, greedy);
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(message);
  });

  it('shows text where there is a tokenizer', async () => {
    const tokenizer = await loadTokenizer(directory);
    const { inspection } = await inspect(directory, tokenizer.encode('dull'), 1);
    expect(renderInspection(inspection, tokenizer)).toContain('"ll"');
  });
});

it('runs a model without BOS and EOS, which the experiment refuses by name', async () => {
  const directory = join(scratch, 'no-bos');
  const config = { model_type: 'gpt2', n_layer: 1, n_embd: 8, n_head: 2, n_positions: 16, vocab_size: 7 };
  await writeNewModel(directory, config, 1);
  const { inspection } = await inspect(directory, [1, 2, 3]);
  expect(inspection.last_top5).toHaveLength(5);
  using model = await loadModel(gpu(), directory);
  const demonstrations = [{ tokens: [1, 2] }];
  await expect(inContext.adapt(model, demonstrations)).rejects.toThrow(/config\.json has no bos_token_id/);
  const adapted = await zeroShot.adapt(model, []);
  const probing = adapted.probe([{ tokens: [1], options: [[2]] }], { probeToken: 'prompt' });
  await expect(probing).rejects.toThrow(UserError);
});

describe.each(SHARED === undefined ? [] : [join(SHARED, 'models/gpt-nano-sort')])(
  'the trained %s',
  (directory) => {
    it('gives the golden logits after every token', async () => {
      const golden: { token_ids: number[]; logits: number[][] } = JSON.parse(
        readFileSync(join(directory, 'golden.json'), 'utf8'),
      );
      using model = await loadModel(gpu(), directory);
      for (const [i, expected] of golden.logits.entries()) {
        const logits = await model.nextTokenLogits(golden.token_ids.slice(0, i + 1));
        for (const [id, logit] of expected.entries()) expect(logits[id]).toBeCloseTo(logit, 3);
      }
    });

    it('sorts', async () => {
      const { inspection } = await inspect(directory, [2, 0, 1, 1, 0, 2], 6);
      expect(inspection.greedy).toEqual([0, 0, 1, 1, 2, 2]);
      expect(inspection.parameters).toBe(85_728);
    });
  },
);

describe.each(SHARED === undefined ? [] : ['stories260K', 'minimind2-small'])('the trained %s', (name) => {
  const directory = join(SHARED ?? '', 'models', name);
  const golden: Golden = SHARED ? JSON.parse(readFileSync(join(directory, 'golden.json'), 'utf8')) : {};

  it('scores its golden text', { timeout: 120_000 }, async () => {
    const { inspection } = await inspect(directory, golden.token_ids);
    expect(inspection.nll).toHaveLength(golden.nll.length);
    for (const [i, nll] of golden.nll.entries()) expect(inspection.nll[i]).toBeCloseTo(nll, 3);
    expect(inspection.mean_nll).toBeCloseTo(golden.mean_nll, 3);
    expect(inspection.last_top5.map(([id]) => id)).toEqual(golden.last_top5.map(([id]) => id));
    for (const [i, [, logit]] of golden.last_top5.entries())
      expect(inspection.last_top5[i]?.[1]).toBeCloseTo(logit, 3);
  });

  it('continues its golden prompt', { timeout: 300_000 }, async () => {
    const { greedy_prompt: prompt, greedy_continuation: continuation } = golden;
    const { inspection } = await inspect(directory, prompt, continuation.length);
    expect(inspection.greedy).toEqual(continuation);
  });
});

interface Golden {
  readonly token_ids: number[];
  readonly nll: number[];
  readonly mean_nll: number;
  readonly last_top5: [number, number][];
  readonly greedy_prompt: number[];
  readonly greedy_continuation: number[];
}
