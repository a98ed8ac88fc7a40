import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Model, loadModel, passOver } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import { Gradients } from './gradients.ts';
import { type Objective, recordLossGradient } from './loss-gradient.ts';
import { nextTokenTargets, planTargets } from './targets.ts';

const VOCABULARY = 600;
const JSON_CONFIG = {
  ...{ model_type: 'gpt2', n_layer: 2, n_embd: 8, n_inner: 12, n_head: 2, n_positions: 16 },
  ...{ vocab_size: VOCABULARY, bos_token_id: 0, eos_token_id: 0 },
};
const SEQUENCES = [13, 1, 9].map((length, s) =>
  Array.from({ length }, (_, i) => (s * 211 + i * 97) % VOCABULARY),
);
/** Just what the embedding needs: the logits of eight rows. */
const BINDING_BYTES = VOCABULARY * 8 * 4;
/** float32 sums of the same terms in another order, as a share of a gradient's largest element. */
const TOLERANCE = 1e-5;

const gpu = useGpu();

describe.each([true, false])('logits taken in chunks of rows, tied %s', (tied) => {
  const directory = mkdtempSync(join(tmpdir(), 'icl-gd-head-'));
  let models: { whole: Model; chunked: Model };
  beforeAll(async () => {
    await writeNewModel(directory, { ...JSON_CONFIG, tie_word_embeddings: tied }, 1);
    const whole = await loadModel(gpu(), directory);
    models = { whole, chunked: whole.on(gpu().with({ maxBindingBytes: BINDING_BYTES })) };
  });
  afterAll(() => {
    models.whole.dispose();
    rmSync(directory, { recursive: true });
  });

  test('give the same log-probabilities, several a row, and likeliest tokens', async () => {
    const requests = SEQUENCES.map((tokens) => ({
      tokens,
      probes: [],
      logProbs: tokens.flatMap((_, row) => [0, 599, 7].slice(row % 2).map((token) => ({ row, token }))),
      top: tokens.flatMap((_, row) => (row % 3 === 1 ? [] : [{ row, k: 5 }])).toReversed(),
    }));
    const results = await models.whole.evaluate(requests);
    expect(await models.chunked.evaluate(requests)).toEqual(results);
  });

  async function measure(model: Model, objective: Objective) {
    using gradients = Gradients.ofGroup(model.gpu, model.config, 'all');
    using pass = passOver(model, SEQUENCES, { gradients });
    using losses = model.gpu.tensor([2]);
    model.gpu.clear(losses);
    const targets = planTargets(pass, nextTokenTargets(SEQUENCES));
    recordLossGradient(pass, { objective, targets, losses, lossIndex: 0 });
    const values = new Map<string, Float32Array>([['losses', await gpu().read(losses)]]);
    for (const name of gradients.names) values.set(name, await gpu().read(gradients.find(name) ?? losses));
    return { values, chunks: targets.chunks.length };
  }

  test.each(['output', 'layerwise'] as const)('give the same loss and gradients: %s', async (objective) => {
    const [whole, chunked] = [
      await measure(models.whole, objective),
      await measure(models.chunked, objective),
    ];
    expect([whole.chunks, chunked.chunks]).toEqual([1, 3]);
    for (const [name, expected] of whole.values) {
      const actual = chunked.values.get(name) ?? new Float32Array();
      const largest = Math.max(...expected.map(Math.abs), 1e-3);
      const worst = Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? NaN))));
      expect(worst / largest, name).toBeLessThan(TOLERANCE);
    }
  });
});
