import { describe, expect, test } from 'vitest';
import type { DecoderConfig } from './config.ts';
import { familyOf } from './families/registry.ts';
import type { RecordedWork } from './testing/recorded-work.ts';
import { type Card, probeWork, stepWork } from './testing/step-work.ts';
import { LARGE } from './testing/large-model.ts';
import { TINY_MODELS } from './testing/tiny-models.ts';
import { wideModels } from './testing/wide-models.ts';

const TOKENS = 12;

/** By how much dispatches grow with a layer. */
function perLayer(config: DecoderConfig, work: (config: DecoderConfig) => RecordedWork): number {
  const { attentionWindows: _windows, ...rest } = config;
  const [few, more] = [2, 6].map((layers) => work({ ...rest, layers })) as [RecordedWork, RecordedWork];
  return (more.total - few.total) / 4;
}

/** The most dispatches a layer of a GD step, of an LCGD step, of a batch of probes. Lower what a change saves. */
const MOST: Readonly<Record<string, readonly [number, number, number]>> = {
  [LARGE.name]: [16, 16, 10],
  gpt2: [17, 17, 10],
  'opt, post-norm, projected embeddings': [18, 18, 10],
  'gpt_neox, parallel residual, half of each head rotated': [19, 16, 12],
  'llama, grouped queries, heads wider than hidden_size': [20, 20, 11],
  'qwen3, norms of queries and keys, windows by layer_types': [20, 20, 11],
};

describe.each(Object.entries(MOST))('%s', (name, [gd, lcgd, probe]) => {
  const json: Readonly<Record<string, unknown>> = name === LARGE.name ? LARGE.json : TINY_MODELS[name]!;
  const config = familyOf(json, 'config.json').readConfig(json, 'config.json');

  test('a step and a batch of probes take no more dispatches a layer than they must', () => {
    expect(perLayer(config, (of) => stepWork(of, 'output', TOKENS))).toBeLessThanOrEqual(gd);
    expect(perLayer(config, (of) => stepWork(of, 'layerwise', TOKENS))).toBeLessThanOrEqual(lcgd);
    expect(perLayer(config, (of) => probeWork(of, 3, TOKENS))).toBeLessThanOrEqual(probe);
  });

  test('and neither copies nor clears anything, which would end a compute pass', () => {
    for (const { copies, clears } of [
      stepWork(config, 'output', TOKENS),
      stepWork(config, 'layerwise', TOKENS),
      probeWork(config, 3, TOKENS),
    ])
      expect([copies, clears]).toEqual([0, 0]);
  });
});

/**
 * The same of models that are as wide as real ones, on any card and on NVIDIA's, whose larger number of workgroups has more products
 * cut. The most of a GD step that was ever wanted is 20.
 */
const MOST_OF_WIDE: Readonly<Record<string, readonly [number, number, number]>> = {
  gpt2: [19, 19, 10],
  llama: [20, 20, 11],
  qwen2: [20, 20, 11],
  qwen3: [20, 20, 11],
  gpt_neox: [20, 16, 12],
  'gpt_neox, sequential residual': [20, 20, 11],
  'opt, post-norm': [21, 21, 10],
  [LARGE.name]: [19, 19, 10],
};

describe.each<readonly [number, Card]>([
  [256, 'hardware'],
  [256, 'nvidia'],
  [2048, 'hardware'],
  [2048, 'nvidia'],
])('models of width %i with the tuning of %s', (width, card) => {
  const models = { ...wideModels(width), ...(width === 2048 ? { [LARGE.name]: LARGE.json } : {}) };
  test.each(Object.entries(models))(
    '%s: no step takes more dispatches a layer than it must',
    (name, json) => {
      const config = familyOf(json, 'config.json').readConfig(json, 'config.json');
      const [gd, lcgd, probe] = MOST_OF_WIDE[name]!;
      expect(perLayer(config, (of) => stepWork(of, 'output', TOKENS, card))).toBeLessThanOrEqual(gd);
      expect(perLayer(config, (of) => stepWork(of, 'layerwise', TOKENS, card))).toBeLessThanOrEqual(lcgd);
      expect(perLayer(config, (of) => probeWork(of, 3, TOKENS, card))).toBeLessThanOrEqual(probe);
    },
  );
});
