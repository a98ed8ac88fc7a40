import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withChangedParameters } from '../change-parameters.ts';
import { FineTuning } from '../fine-tuning.ts';
import { type Model, loadModel } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import { Pcg64 } from '../random/pcg64.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import { KeptQueries } from './query-scores.ts';

const gpu = useGpu();
const CONTEXT = [0, 5, 17, 5, 36, 2, 11];
const SEQUENCES = [
  [3, 9, 30, 4],
  [21, 8],
];
const REQUESTS = [
  { tokens: SEQUENCES[0]!, row: 2 },
  { tokens: SEQUENCES[1]!, row: 1 },
];
/** Sums of some dozens of float32 products of order 1, in two orders. */
const DIGITS = 4;

const expectAlike = (found: Iterable<number>, wanted: readonly number[]): void => {
  const own = [...found];
  expect(own).toHaveLength(wanted.length);
  for (const [i, value] of own.entries()) expect(value).toBeCloseTo(wanted[i]!, DIGITS);
};

const NAMES = Object.keys(TINY_MODELS);
const SHARED_KEYS = NAMES.filter((name) => 'num_key_value_heads' in (TINY_MODELS[name] ?? {}));

test('are looked at with and without heads that share keys', () => {
  expect(SHARED_KEYS.length).toBeGreaterThan(0);
  expect(NAMES.length).toBeGreaterThan(SHARED_KEYS.length);
});

describe.each(NAMES)('%s', (name) => {
  const directory = mkdtempSync(join(tmpdir(), 'icl-gd-query-scores-'));
  let loaded: Model;
  let model: Model;
  beforeAll(async () => {
    await writeNewModel(directory, TINY_MODELS[name] ?? {}, 3);
    loaded = await loadModel(gpu(), directory);
    const random = new Pcg64(11n);
    model = await withChangedParameters(loaded, 'all', (_spec, values) =>
      values.map((value) => value + 0.2 * random.normal()),
    );
  });
  afterAll(() => {
    model.dispose();
    loaded.dispose();
    rmSync(directory, { recursive: true });
  });

  /** Attention scores of a row towards all keys before and at it, summed over heads: [L][row + 1]. */
  async function summedScores(of: Model, tokens: readonly number[], row: number): Promise<number[][]> {
    const { layers, heads } = of.config;
    const [result] = await of.evaluate([{ tokens, probes: [{ row, firstKey: 0 }], logProbs: [] }]);
    const scores = result!.probes[0]!.attentionScores;
    return Array.from({ length: layers }, (_, layer) =>
      Array.from({ length: row + 1 }, (_key, key) =>
        Array.from(
          { length: heads },
          (_head, head) => scores[(layer * heads + head) * (row + 1) + key]!,
        ).reduce((a, b) => a + b, 0),
      ),
    );
  }

  test('towards a context they are its attention scores, summed over heads', async () => {
    using prefix = model.prefix(CONTEXT);
    const scores = await model.scoreQueries(REQUESTS, prefix);
    expect(scores).toHaveLength(REQUESTS.length);
    for (const [i, { tokens, row }] of REQUESTS.entries()) {
      const wanted = await summedScores(model, [...CONTEXT, ...tokens], CONTEXT.length + row);
      expectAlike(
        scores[i]!,
        wanted.flatMap((keys) => keys.slice(0, CONTEXT.length)),
      );
      const [alone] = await model.scoreQueries([REQUESTS[i]!], prefix);
      expect(alone).toEqual(scores[i]);
    }
  });

  // Where heads share keys no weights make keys queries.
  if (SHARED_KEYS.includes(name)) return;

  test('towards kept queries they are what attention would score if keys were queries', async () => {
    const { attentionScale } = model.config;
    const values = new Map<string, Float32Array>();
    for (const part of ['weight', 'bias'])
      for (let layer = 0; layer < model.config.layers; layer++) {
        const key = `layers.${layer}.attention.key.${part}`;
        const query = model.parameters.find(key.replace('key', 'query'));
        if (query) values.set(key, await gpu().read(query));
      }
    using alike = await withChangedParameters(
      model,
      'attention.kv',
      (spec, own) => values.get(spec.name) ?? own,
    );
    const tokens = CONTEXT;
    const options = { objective: 'layerwise', learningRate: 0, group: 'attention.kv', steps: 2 } as const;
    const tuning = new FineTuning(alike, {
      ...options,
      keepQueries: { steps: [1], tokens: tokens.length - 1 },
    });
    tuning.step([0, 8, 8]);
    tuning.step(tokens);
    const { model: tuned, queries } = await tuning.finish();
    const row = tokens.length - 1;
    const [scores] = await tuned.scoreQueries([{ tokens, row }], queries!);
    const wanted = await summedScores(alike, tokens, row);
    expectAlike(
      scores!,
      wanted.flatMap((keys) => keys.slice(1).map((score) => score * attentionScale)),
    );
    queries!.dispose();
    tuned.dispose();
  });
});

describe('kept queries', () => {
  const directory = mkdtempSync(join(tmpdir(), 'icl-gd-kept-queries-'));
  const options = { learningRate: 0.1, group: 'attention.kv', steps: 2 } as const;
  let model: Model;
  beforeAll(async () => {
    await writeNewModel(directory, TINY_MODELS[Object.keys(TINY_MODELS)[0]!] ?? {}, 3);
    model = await loadModel(gpu(), directory);
  });
  afterAll(() => {
    model.dispose();
    rmSync(directory, { recursive: true });
  });
  const [first, second] = [
    [0, 4, 9, 9, 2],
    [0, 31, 7],
  ];

  test.each(['output', 'layerwise'] as const)(
    'of a step with objective %s are those before its update and after the ones before',
    async (objective) => {
      const tuning = new FineTuning(model, {
        ...{ ...options, objective },
        keepQueries: { steps: [0, 1], tokens: 6 },
      });
      await tuning.steps([first!, second!]);
      const both = await tuning.finish();
      using queries = both.queries!;
      using tuned = both.model;
      const [own] = await tuned.scoreQueries([{ tokens: [0, 12, 3], row: 2 }], queries);
      const one = new FineTuning(model, { ...options, objective });
      one.step(first!);
      const { model: after } = await one.finish();
      const expected: number[][] = Array.from({ length: model.config.layers }, () => []);
      for (const [from, tokens] of [
        [model, first!],
        [after, second!],
      ] as const) {
        const still = new FineTuning(from, {
          ...{ ...options, objective, learningRate: 0 },
          keepQueries: { steps: [0], tokens: tokens.length - 1 },
        });
        still.step(tokens);
        const result = await still.finish();
        const [part] = await tuned.scoreQueries([{ tokens: [0, 12, 3], row: 2 }], result.queries!);
        for (const [layer, row] of expected.entries())
          row.push(...part!.subarray(layer * (tokens.length - 1), (layer + 1) * (tokens.length - 1)));
        result.queries!.dispose();
        result.model.dispose();
      }
      after.dispose();
      expect([...own!]).toEqual(expected.flat());
    },
  );

  test('are freed with a fine-tuning that is given up, and leave the numbers of training as they are', async () => {
    const before = gpu().pool.live;
    const given = new FineTuning(model, {
      ...{ ...options, objective: 'output' },
      keepQueries: { steps: [0], tokens: 4 },
    });
    given.step(first!);
    given.dispose();
    expect(gpu().pool.live).toEqual(before);
    const reports = [];
    for (const keepQueries of [undefined, { steps: [1], tokens: 2 }]) {
      const tuning = new FineTuning(model, { ...options, objective: 'output', keepQueries });
      await tuning.steps([first!, second!]);
      const { model: tuned, queries, steps } = await tuning.finish();
      reports.push(steps);
      expect(queries?.filled).toBe(keepQueries?.tokens);
      queries?.dispose();
      tuned.dispose();
    }
    expect(reports[0]).toEqual(reports[1]);
    expect(gpu().pool.live).toEqual(before);
  });

  test('and scores refuse what does not fit', async () => {
    using tuning = new FineTuning(model, {
      ...{ ...options, objective: 'output' },
      keepQueries: { steps: [0], tokens: 3 },
    });
    expect(() => tuning.step(first!)).toThrow('queries of 4 tokens are to be kept, and there is room for 3');
    expect(() => tuning.fullBatchStep([first!])).toThrow('full batches keep no queries');
    const kept = new KeptQueries(gpu(), model.config, 2);
    await expect(model.scoreQueries([], kept)).rejects.toThrow(
      'queries of 2 tokens were to be kept, and those of 0 are there',
    );
    kept.reserve(2);
    await expect(model.scoreQueries([{ tokens: [0, 1], row: 2 }], kept)).rejects.toThrow(
      'requests[0]: row 2 of a sequence of 2 tokens',
    );
    expect(await model.scoreQueries([], kept)).toEqual([]);
    kept.dispose();
    kept.dispose();
    await expect(model.scoreQueries([{ tokens: [0, 1], row: 1 }], kept)).rejects.toThrow('disposed');
  });
});
