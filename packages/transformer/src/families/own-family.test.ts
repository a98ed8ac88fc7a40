import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { describeModel, loadModel } from '../model.ts';
import { readModelConfig } from '../model-config.ts';
import { writeModel } from '../new-model.ts';
import { parameterSpecs } from '../parameters.ts';
import { Pcg64 } from '../random/pcg64.ts';
import { referenceDecoder } from '../testing/reference-decoder.ts';
import { defineFamily } from './define-family.ts';
import type { Family } from './family.ts';
import { familyOf } from './registry.ts';

const gpu = useGpu();
const directory = mkdtempSync(join(tmpdir(), 'icl-gd-own-family-'));
afterAll(() => rmSync(directory, { recursive: true }));

const JSON_CONFIG = { model_type: 'mine', blocks: 2, width: 12, heads: 3, words: 31 };
const FILE = 'config.json';
const keys = z.object({
  ...{ blocks: z.int().positive(), width: z.int().positive(), heads: z.int().positive() },
  ...{ words: z.int().positive(), context: z.int().default(16) },
});

/** Rotary positions over half of each head, a gated feed-forward block, one fused tensor of keys and values. */
const family = defineFamily({
  modelType: 'mine',
  architecture: 'Mine',
  keys,
  aliases: { n_blocks: 'blocks' },
  config({ blocks, width, heads, words, context }) {
    if (heads === 5) throw new Error('5 heads are not supported');
    return {
      ...{ layers: blocks, dModel: width, heads, kvHeads: heads, headDim: width / heads },
      ...{ dFeedForward: 2 * width, vocabSize: words, contextLength: context },
      ...{ bosTokenId: 0, eosTokenId: null, activation: 'silu', gatedFeedForward: true },
      ...{ norm: 'rms', normEpsilon: 1e-6, parallelResidual: false, embeddingScale: 2 },
      positions: { kind: 'rotary', offset: 0, size: 2, theta: 100 },
      biases: { query: false, keyValue: false, attentionOutput: false, feedForward: false },
      ...{ attentionScale: 0.3, tiedUnembedding: true },
    };
  },
  prefixes: ['net.'],
  sources({ layers, dModel: d, dFeedForward, vocabSize }, sources) {
    sources.tensor('embedding.tokens', 'words', [vocabSize, d]);
    for (let layer = 0; layer < layers; layer++) {
      const [to, from] = [`layers.${layer}`, `block${layer}`];
      sources.module(`${to}.attentionNorm`, `${from}.n1`, [d], false);
      sources.module(`${to}.attention.query`, `${from}.q`, [d, d], false);
      for (const [i, name] of ['key', 'value'].entries())
        sources.module(`${to}.attention.${name}`, `${from}.kv`, [2 * d, d], false, {
          outputs: [i * d, (i + 1) * d],
        });
      sources.module(`${to}.attention.output`, `${from}.o`, [d, d], false);
      sources.module(`${to}.feedForwardNorm`, `${from}.n2`, [d], false);
      sources.module(`${to}.feedForward.gate`, `${from}.gate`, [dFeedForward, d], false);
      sources.module(`${to}.feedForward.up`, `${from}.up`, [dFeedForward, d], false);
      sources.module(`${to}.feedForward.down`, `${from}.down`, [d, dFeedForward], false);
    }
    sources.module('finalNorm', 'norm', [d], false);
  },
});
const families = [family];

test('a model of a family of one’s own is written, described and loaded, with the numbers of the float64 reference', async () => {
  const config = readModelConfig(JSON_CONFIG, FILE, families);
  const random = new Pcg64(7n);
  const values = new Map(
    parameterSpecs(config).map(({ name, shape }) => {
      const length = shape.reduce((product, n) => product * n, 1);
      return [name, Float32Array.from({ length }, () => 0.4 * random.normal())] as const;
    }),
  );
  await writeModel(directory, JSON_CONFIG, values, { families });
  expect((await describeModel(directory, { families })).config.family).toBe('mine');
  using model = await loadModel(gpu(), directory, { families });
  const tokens = [0, 4, 30, 4, 17];
  const request = { tokens, probes: [{ row: 4, firstKey: 0 }], logProbs: [{ row: 4, token: 3 }] };
  const [result] = await model.evaluate([request]);
  const expected = referenceDecoder(config, (name) => Float64Array.from(values.get(name) ?? []), tokens);
  for (const [layer, h] of expected.attentionOutput.entries()) {
    const own = result?.probes[0]?.attentionOutput.subarray(layer * 12, (layer + 1) * 12) ?? [];
    for (const [i, value] of own.entries()) expect(value).toBeCloseTo(h[4]?.[i] ?? NaN, 5);
  }
});

describe('keys', () => {
  test('are read with defaults and aliases, and named where they do not fit', () => {
    const read = (json: object) => familyOf({ ...JSON_CONFIG, ...json }, FILE, families).readConfig;
    const config = (json: object) => read(json)({ ...JSON_CONFIG, ...json }, FILE);
    expect(config({}).contextLength).toBe(16);
    expect(config({ n_blocks: 7 }).layers).toBe(7);
    expect(() => config({ width: '12' })).toThrow('config.json: width: ');
    expect(() => config({ heads: 5 })).toThrow('config.json: 5 heads are not supported');
    expect(() => config({ heads: 5 })).toThrow(UserError);
    expect(() => config({ quantization_config: { bits: 4 } })).toThrow('quantised weights are not read');
  });

  test('that it does not read are named in a warning, as of any family', async () => {
    const lines: string[] = [];
    const json = { ...JSON_CONFIG, torch_dtype: 'float32', fancy: true };
    const config = readModelConfig(json, FILE, families);
    const zeros = new Map(
      parameterSpecs(config).map(({ name, shape }) => [
        name,
        new Float32Array(shape.reduce((product, n) => product * n, 1)),
      ]),
    );
    await writeModel(directory, json, zeros, { families });
    await describeModel(directory, { families, warn: (line) => lines.push(line) });
    expect(lines).toEqual([expect.stringContaining('not read, as no mine model is known to have it: fancy')]);
  });
});

describe('a family is refused by name', () => {
  const json = JSON_CONFIG;
  const reading = (own: unknown) => () => familyOf(json, FILE, [own as Family]).readConfig(json, FILE);

  test('where a model type is unknown, all that are known are listed, one’s own too', () => {
    expect(() => familyOf({ model_type: 'other' }, FILE, families)).toThrow(
      'model_type "other" is not supported; known: mine, gpt2',
    );
  });

  test.each([
    ['nothing', undefined, 'family: Invalid input'],
    ['no type', { ...family, modelType: '' }, 'family.modelType: is empty'],
    ['no reading', { ...family, readConfig: 3 }, 'family.readConfig: must be a function'],
    ['a built-in type', { ...family, modelType: 'gpt2' }, 'has model_type "gpt2", which is built in'],
    [
      'an activation',
      { ...family, readConfig: () => ({ ...family.readConfig(json, FILE), activation: 'mish' }) },
      'config.json: the family "mine" gives a decoder whose activation cannot be',
    ],
    [
      'no positions',
      { ...family, readConfig: () => ({ ...family.readConfig(json, FILE), positions: undefined }) },
      'gives a decoder whose positions cannot be',
    ],
    [
      'no configuration',
      { ...family, readConfig: () => undefined },
      'gives a decoder whose options cannot be',
    ],
  ])('%s', (_, own, message) => {
    expect(reading(own)).toThrow(UserError);
    expect(reading(own)).toThrow(message);
  });

  test('a built-in model type is read by one’s own family where that says so', () => {
    const own = { ...family, modelType: 'gpt2', replacesBuiltIn: true };
    const gpt2 = { ...JSON_CONFIG, model_type: 'gpt2' };
    expect(familyOf(gpt2, FILE, [own]).readConfig(gpt2, FILE)).toMatchObject({ family: 'gpt2', norm: 'rms' });
  });

  test('that leaves out a parameter, or takes another number of values for it', () => {
    const config = family.readConfig(json, FILE);
    const sourcesOf = (change: (map: Map<string, never>) => void) => {
      const map = new Map(family.sources(config)) as Map<string, never>;
      change(map);
      return () => familyOf(json, FILE, [{ ...family, sources: () => map }]).sources(config);
    };
    expect(sourcesOf((map) => map.delete('layers.1.attention.key.weight'))).toThrow(
      'the family "mine" names no tensor for layers.1.attention.key.weight [12, 12]',
    );
    const wrong = { tensors: ['net.norm.weight'], shape: [13] } as never;
    expect(sourcesOf((map) => map.set('finalNorm.weight', wrong))).toThrow(
      'takes 13 numbers of net.norm.weight for finalNorm.weight, which is [12]',
    );
  });
});
