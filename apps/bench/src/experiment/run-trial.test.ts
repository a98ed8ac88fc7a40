import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DivergedError, type Learner, inContext, zeroShot } from '@icl-gd/methods';
import type { ModelVariant } from '@icl-gd/transformer';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FAKE_CONFIG, FAKE_LEARNERS, fakeModel } from '../testing/fake-model.ts';
import { fakePrepared, fakeRun, recordNames } from '../testing/fake-run.ts';
import { scoreBaseline, scoreLearner, scorePair } from './scores.ts';

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-trial-'))));
afterEach(() => rm(out, { recursive: true }));

const files = async (): Promise<string[]> => (await readdir(join(out, 'records'))).toSorted();
const rowsOf = (text: string | undefined): Record<string, string>[] => parse(text ?? '', { columns: true });

test('zero-shot is computed once for a dataset, in-context and every learner once a seed', async () => {
  const { counts, lines } = await fakeRun(out);
  expect(counts).toBe(
    'settings: 7 asked for (1 ZSL, 2 ICL, 2 GD, 2 LCGD), 7 computed (1 ZSL, 2 ICL, 2 GD, 2 LCGD), 0 taken from records',
  );
  expect(recordNames(out)).toEqual([
    'trained-mr-ZSL-label',
    ...[5, 6].flatMap((seed) =>
      ['GD', 'ICL', 'LCGD-GD', 'LCGD'].map((id) => `trained-mr-seed${seed}-order${seed - 5}-${id}-label`),
    ),
  ]);
  expect(lines).toEqual([]);
});

test('a repeated run computes nothing, loads no model and gives the same tables', async () => {
  const first = await fakeRun(out);
  const second = await fakeRun(out);
  expect(second.counts).toContain(', 0 computed, 7 taken from records');
  expect(second.loaded).toEqual([]);
  expect(second.units).toBe(first.units);
  expect(second.tables).toEqual(first.tables);
});

test('the work reported is every query, and every demonstration of learners that train, once a cell', async () => {
  // Three queries and three demonstrations: ZSL once, ICL twice, GD and LCGD twice.
  expect((await fakeRun(out)).units).toBe(3 + 2 * 3 + 4 * (3 + 3));
});

test('variants share no record', async () => {
  const variants = ['trained', 'untrained'] as const;
  const { tables, loaded } = await fakeRun(out, { settings: { variants, seeds: [5] } });
  expect(loaded).toEqual(variants);
  const zeroShot = rowsOf(tables['predictions.csv']).filter(({ setting }) => setting === 'ZSL');
  const values = zeroShot.map(({ option_0_logprob }) => option_0_logprob);
  expect(new Set(values).size).toBe(6);
});

test('whatever records are lost or cut off, a resumed run gives the tables of one that was never stopped', async () => {
  const probeTokens = ['label', 'prompt'] as const;
  const whole = await fakeRun(out, { probeTokens });
  const names = await files();
  // Of seven settings and two pairs under two tokens, and of each setting's probes.
  expect(names).toHaveLength(2 * (7 + 2) + 2 * 7);
  const damages = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...names),
      bytes: fc.oneof(fc.constant('lost' as const), fc.nat({ max: 600 })),
    }),
    { selector: ({ name }) => name, maxLength: names.length },
  );
  await fc.assert(
    fc.asyncProperty(damages, async (chosen) => {
      for (const { name, bytes } of chosen) {
        const path = join(out, 'records', name);
        // Probes that were lost before, and that nothing has asked for since, are not there.
        if (!existsSync(path)) continue;
        await (bytes === 'lost' ? rm(path) : truncate(path, bytes));
      }
      const resumed = await fakeRun(out, { probeTokens });
      expect(resumed.tables).toEqual(whole.tables);
      // What was resumed is whole again, but for probes that nothing has asked for.
      const records = (all: readonly string[]) => all.filter((name) => name.endsWith('.json'));
      expect(records(await files())).toEqual(records(names));
      const again = await fakeRun(out, { probeTokens });
      expect(again.counts).toContain(', 0 computed, ');
      expect(again.tables).toEqual(whole.tables);
    }),
    { numRuns: 6 },
  );
});

test('the second probe token is there already, and its tables are those of a run of its own', async () => {
  await fakeRun(out, { probeTokens: ['label', 'prompt'] });
  const prompt = { settings: { probe: 'prompt' }, probeTokens: ['prompt', 'label'] } as const;
  const second = await fakeRun(out, prompt);
  expect(second.counts).toContain(', 0 computed, 7 taken from records');
  const alone = await fakeRun(join(out, 'alone'), { ...prompt, probeTokens: ['prompt'] });
  expect(second.tables).toEqual(alone.tables);
  expect(alone.tables['layerwise.csv']).not.toBe((await fakeRun(out)).tables['layerwise.csv']);
});

test('a record of one probe token does not stand for the other', async () => {
  await fakeRun(out, { probeTokens: ['label'] });
  const both = await fakeRun(out, { probeTokens: ['label', 'prompt'] });
  expect(both.counts).toContain(', 7 computed (1 ZSL, 2 ICL, 2 GD, 2 LCGD), 0 taken');
});

describe('fresh', () => {
  test('computes everything again', async () => {
    const first = await fakeRun(out);
    const again = await fakeRun(out, { fresh: true });
    expect(again.counts).toContain(', 7 computed (1 ZSL, 2 ICL, 2 GD, 2 LCGD), 0 taken');
    expect(again.tables).toEqual(first.tables);
  });

  test('does not mean what the same command has written already', async () => {
    const written = new Set<string>();
    await fakeRun(out, { fresh: true, written, settings: { seeds: [5] } });
    const second = await fakeRun(out, { fresh: true, written });
    expect(second.counts).toContain(', 3 computed (1 ICL, 1 GD, 1 LCGD), 4 taken from records');
  });

  test('does not score again what is kept of other metrics', async () => {
    await fakeRun(out);
    const again = await fakeRun(out, { fresh: true, environment: { scores: 'other' } });
    expect(again.counts).toContain(', 7 computed');
  });
});

describe('records under other circumstances', () => {
  test('of other metrics: what is kept is scored again, with its training', async () => {
    const probeTokens = ['label', 'prompt'] as const;
    const first = await fakeRun(out, { probeTokens });
    const other = await fakeRun(out, { probeTokens, environment: { scores: 'other' } });
    expect(other.counts).toContain(', 0 computed, 7 taken from records');
    expect(other.loaded).toEqual([]);
    expect(other.tables).toEqual(first.tables);
  });

  test.each(['format', 'code', 'adapter', 'model'] as const)(
    'of another %s: all is computed',
    async (part) => {
      await fakeRun(out);
      const other = await fakeRun(out, { environment: { [part]: 'other' } });
      expect(other.counts).toContain(', 7 computed');
    },
  );

  test('of other metrics and other code: all is computed', async () => {
    await fakeRun(out);
    const other = await fakeRun(out, { environment: { scores: 'other', code: 'other' } });
    expect(other.counts).toContain(', 7 computed');
  });

  test('of another learning rate: learners alone are computed', async () => {
    await fakeRun(out, { settings: { learningRate: 0.1 } });
    const other = await fakeRun(out, { settings: { learningRate: 0.2 } });
    expect(other.counts).toContain(', 4 computed (2 GD, 2 LCGD), 3 taken from records');
  });

  test('of another learning rate and other metrics: learners are computed, the others scored again', async () => {
    const alone = await fakeRun(join(out, 'alone'), { settings: { learningRate: 0.2 } });
    await fakeRun(out, { settings: { learningRate: 0.1 } });
    const scores = { environment: { scores: 'other' } };
    const other = await fakeRun(out, { settings: { learningRate: 0.2 }, ...scores });
    expect(other.counts).toContain(', 4 computed (2 GD, 2 LCGD), 3 taken from records');
    expect(other.tables).toEqual(alone.tables);
  });

  test('of another order: all but zero-shot is computed', async () => {
    await fakeRun(out, { settings: { permutation: 0 } });
    const other = await fakeRun(out, { settings: { permutation: 1 } });
    expect(other.counts).toContain(', 6 computed (2 ICL, 2 GD, 2 LCGD), 1 taken from records');
  });
});

test('probes that have to be there are computed again where they have gone', async () => {
  await fakeRun(out);
  const gone = (await files()).find((name) => /order0-GD-label.*safetensors$/.test(name)) as string;
  await rm(join(out, 'records', gone));
  expect((await fakeRun(out)).counts).toContain(', 0 computed');
  expect((await fakeRun(out, { keepAllProbes: true })).counts).toContain(', 1 computed (1 GD)');
  expect(await files()).toContain(gone);
});

test('scores are those of the probes of the settings that they compare', async () => {
  const { tables } = await fakeRun(out, { settings: { seeds: [6], learningRate: 0.5 } });
  const prepared = fakePrepared({ dataset: 'mr', seed: 6, permutation: 1 });
  const [gd, lcgd] = FAKE_LEARNERS as [Learner, Learner];
  const probesOf = async (learner: Learner) => {
    const demonstrations = learner.needs === 'none' ? [] : prepared.demonstrations;
    const adapted = await learner.adapt(fakeModel('trained'), demonstrations, {
      ...{ learningRate: 0.5, releasedNorms: true },
    });
    return adapted.probe(prepared.queries, { probeToken: 'label' });
  };
  const [zsl, icl] = [await probesOf(zeroShot), await probesOf(inContext)];
  const [first, second] = [await probesOf(lcgd), await probesOf(gd)];
  const expected = [
    ...[...scoreBaseline({ icl, zsl }, FAKE_CONFIG, 6)].map((own) => ['-', ...own] as const),
    ...[...scorePair(['LCGD', 'GD'], { first, second, zsl }, FAKE_CONFIG)].map(
      (own) => ['-', ...own] as const,
    ),
    ...[...scoreLearner(gd, { icl, zsl, ft: second }, FAKE_CONFIG)].map((own) => ['GD', ...own] as const),
    ...[...scoreLearner(lcgd, { icl, zsl, ft: first }, FAKE_CONFIG)].map((own) => ['LCGD', ...own] as const),
  ].flatMap(([method, metric, { values }]) => values.map((value) => [method, metric, `${value ?? ''}`]));
  const measured = rowsOf(tables['layerwise.csv']).map(({ method, metric, value }) => [
    method,
    metric,
    value,
  ]);
  expect(measured).toEqual(expected);
  // At least two layers of two baselines, four scores of each learner, and α.
  expect(measured.length).toBeGreaterThanOrEqual(2 * (2 + 2 * 4 + 1));
});

test.each([
  ['zero-shot', (tokens: readonly number[], context: boolean) => !context && tokens[0] === 1],
  ['in-context', (_: readonly number[], context: boolean) => context],
])('a model that overflows %s has no scores, and learners are not tried', async (which, overflows) => {
  const modelOf = (variant: ModelVariant) => {
    const model = fakeModel(variant);
    const evaluate: typeof model.evaluate = async (requests, prefix) =>
      (await model.evaluate(requests, prefix)).map((result, i) =>
        overflows(requests[i]!.tokens, prefix !== undefined)
          ? { ...result, logProbs: result.logProbs.map(() => -Infinity) }
          : result,
      );
    return { ...model, evaluate } as typeof model;
  };
  for (let run = 0; run < 2; run++) {
    const { tables, counts } = await fakeRun(out, { modelOf, settings: { seeds: [5] } });
    expect(counts).toContain(
      run > 0
        ? ', 0 computed'
        : which === 'zero-shot'
          ? ', 1 computed (1 ZSL)'
          : ', 2 computed (1 ZSL, 1 ICL)',
    );
    for (const file of ['layerwise.csv', 'predictions.csv', 'training.csv'])
      expect(rowsOf(tables[file]), file).toEqual([]);
    expect(rowsOf(tables['cells.csv']).map(({ method, status }) => `${method} ${status}`)).toEqual([
      ...['GD diverged', 'LCGD diverged'],
    ]);
  }
});

test('a learner that diverges leaves the others, and what it would be compared with, as they are', async () => {
  const [gd, lcgd] = FAKE_LEARNERS as [Learner, Learner];
  const diverging = { ...gd, adapt: () => Promise.reject(new DivergedError('its weights grew')) };
  const whole = await fakeRun(join(out, 'whole'));
  for (let run = 0; run < 2; run++) {
    const { tables, counts } = await fakeRun(out, { learners: [diverging, lcgd] });
    expect(counts).toContain(run === 0 ? ', 7 computed' : ', 0 computed, 7 taken');
    const kept = rowsOf(whole.tables['layerwise.csv']).filter(
      ({ method, metric }) => method !== 'GD' && metric !== 'alpha',
    );
    expect(rowsOf(tables['layerwise.csv'])).toEqual(kept);
    const cells = rowsOf(tables['cells.csv']).map(
      ({ seed, method, status }) => `${seed} ${method} ${status}`,
    );
    expect(cells).toEqual(['5 GD diverged', '5 LCGD finished', '6 GD diverged', '6 LCGD finished']);
  }
});
