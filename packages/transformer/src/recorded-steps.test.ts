import { describe, expect, test } from 'vitest';
import type { DecoderConfig } from './config.ts';
import { familyOf } from './families/registry.ts';
import type { RecordedWork } from './testing/recorded-work.ts';
import { probeWork, stepWork } from './testing/step-work.ts';
import { LARGE } from './testing/large-model.ts';
import { TINY_MODELS } from './testing/tiny-models.ts';

const TOKENS = 12;

/** By how much dispatches grow with a layer. */
function perLayer(config: DecoderConfig, work: (config: DecoderConfig) => RecordedWork): number {
  const { attentionWindows: _windows, ...rest } = config;
  const [few, more] = [2, 6].map((layers) => work({ ...rest, layers })) as [RecordedWork, RecordedWork];
  return (more.total - few.total) / 4;
}

/** The most dispatches a layer of a GD step, of an LCGD step, of a batch of probes. Lower what a change saves. */
const MOST: Readonly<Record<string, readonly [number, number, number]>> = {
  [LARGE.name]: [18, 18, 10],
  gpt2: [18, 18, 10],
  'opt, post-norm, projected embeddings': [19, 19, 10],
  'gpt_neox, parallel residual, half of each head rotated': [20, 17, 12],
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
