import { expect, test } from 'vitest';
import type { DecoderConfig } from '../config.ts';
import { familyOf } from '../families/registry.ts';
import { probeWork, stepWork } from '../testing/step-work.ts';

/** Wide enough for k to be cut. */
const JSON_CONFIG = {
  ...{ model_type: 'xglm', num_layers: 2, d_model: 256, attention_heads: 4, ffn_dim: 1024 },
  ...{ vocab_size: 50_261, max_position_embeddings: 64, bos_token_id: 0, eos_token_id: 2 },
};
const CONFIG: DecoderConfig = familyOf(JSON_CONFIG, 'config.json').readConfig(JSON_CONFIG, 'config.json');

const countOf = (dispatches: ReadonlyMap<string, number>, pattern: RegExp): number =>
  [...dispatches].reduce((sum, [label, count]) => sum + (pattern.test(label) ? count : 0), 0);

test('on a graphics card a step of training cuts k into chunks, and probing does not', () => {
  for (const objective of ['output', 'layerwise'] as const) {
    const { dispatches } = stepWork(CONFIG, objective, 30);
    expect(countOf(dispatches, /^matmul\.chunked/)).toBeGreaterThan(0);
    expect(countOf(dispatches, /^matmul\.partial-sums/)).toBeGreaterThan(0);
    // Gradients of weights alone, whose k is the rows.
    expect(countOf(dispatches, /^matmul\.tiled\.(?!TN|grouped\.TN)/)).toBe(0);
  }
  const { dispatches } = probeWork(CONFIG, 8, 30);
  expect(countOf(dispatches, /^matmul\.tiled\.NT/)).toBeGreaterThan(0);
  expect(countOf(dispatches, /^matmul\.(chunked|partial-sums)/)).toBe(0);
});

test('a graphics card holds the logits of a whole batch: the unembedding is read once', () => {
  const rows = 600;
  const { dispatches } = probeWork({ ...CONFIG, contextLength: 4 }, rows, 4);
  expect(countOf(dispatches, /scalar-c/)).toBe(1);
});
