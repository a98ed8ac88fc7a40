import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMetric, layerMetrics } from '@icl-gd/metrics';
import { parse } from 'csv-parse/sync';
import { writeWhole } from '@icl-gd/transformer/files';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FinishedSetting, NoiseEntry, ScoreRecord } from '../experiment/record.ts';
import type { MethodResult, TrialResult } from '../experiment/trial-result.ts';
import { type Field, type Table, toCsv } from './csv.ts';
import { fromHarmless } from './harmless.ts';
import { type MeasuredRun, NO_METHOD, measureNoise, measureTrial } from './measured.ts';
import { measureOutputs } from './outputs.ts';
import { matchPaper } from './published/paper-match.ts';
import { readRun, readSummary } from './read-run.ts';
import { trialTables } from './rows.ts';
import { summaryTables, writeTrialTables } from './write-results.ts';

const TABLES = trialTables({ taskOptions: 3, releasedNorms: true, noiseFloor: true });

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-round-'))));
afterEach(() => rm(out, { recursive: true }));

/** Any text, often with what CSV has to quote. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        ',',
        '"',
        '\n',
        '\r',
        ' ',
        '\t',
        ';',
        '#',
        '\u{feff}',
        'a',
        '-',
        'é',
        '=',
        '+',
        '@',
        "'",
      ),
    )
    .map(String),
  fc.array(fc.constantFrom(',', '"', '\n', '\r', ' ', '0', 'null', '\u{85}')).map((parts) => parts.join('')),
);
// What is beyond ±1e100 is refused.
const finite = fc.double({ min: -1e100, max: 1e100, noNaN: true }).map((value) => value + 0);
const amount = fc.double({ min: 0, max: 1e100, noNaN: true }).map((value) => value + 0);
// Without those so small that their mean is −0: the sign of zero is no part of a table.
const within = (min: number): fc.Arbitrary<number | null> =>
  fc.option(fc.double({ min, max: 1, noNaN: true }).map((value) => (Math.abs(value) < 1e-300 ? 0 : value)));
const cosine = within(-1);
const share = within(0);
const valueOf = (id: string): fc.Arbitrary<number | null> => (findMetric(id).range[0] === 0 ? share : cosine);
const index = fc.nat({ max: 1e6 });

interface Size {
  readonly layers: number;
  readonly examples: number;
  readonly steps: number;
}
const list = <T>(of: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> =>
  fc.array(of, { minLength: length, maxLength: length });

const scores = (id: string, { layers, examples }: Size): fc.Arbitrary<ScoreRecord> =>
  fc.record({
    values: list(valueOf(id), layers),
    undefinedCounts: list(index, layers),
    totalCounts: list(
      index.map((count) => count + 1e6),
      layers,
    ),
    examples: list(valueOf(id), examples),
    interval: fc.option(fc.record({ lower: finite, upper: finite })),
  });

const idsOf = (of: string): string[] => layerMetrics.filter((own) => own.of === of).map(({ id }) => id);

function finished(size: Size, metrics: readonly string[], trained: boolean): fc.Arbitrary<FinishedSetting> {
  return fc.record({
    status: fc.constant('finished' as const),
    predictions: list(
      fc.record({
        predicted: fc.nat({ max: 2 }),
        optionLogProbs: fc.array(finite, { minLength: 1, maxLength: 3 }),
      }),
      size.examples,
    ),
    metrics: fc.record(Object.fromEntries(metrics.map((id) => [id, scores(id, size)]))),
    training: list(
      fc.record({
        gradientNorms: list(amount, size.layers),
        losses: list(finite, size.layers),
        releasedGradientNorms: list(amount, size.layers),
      }),
      trained ? size.steps : 0,
    ),
  });
}

const diverged = fc.record({ status: fc.constant('diverged' as const), message: text });

/** Trials of one dataset with the same learners, each with what its records may hold. */
const run: fc.Arbitrary<{ model: string; results: TrialResult[] }> = fc
  .record({
    ...{ model: text, variant: text, dataset: text, learningRate: amount },
    ids: fc.uniqueArray(
      text.filter((id) => id !== NO_METHOD),
      { minLength: 1, maxLength: 3 },
    ),
    rates: list(fc.option(amount), 3),
    seeds: fc.uniqueArray(index, { minLength: 1, maxLength: 2 }),
    size: fc.record({
      ...{ layers: fc.integer({ min: 1, max: 3 }), examples: fc.integer({ min: 1, max: 3 }) },
      steps: fc.integer({ min: 1, max: 3 }),
    }),
  })
  .chain(({ model, variant, dataset, learningRate, ids, rates, seeds, size }) => {
    const method = (id: string): fc.Arbitrary<MethodResult> =>
      fc.record({
        id: fc.constant(id),
        learningRate: fc.constant(rates[ids.indexOf(id)] ?? null),
        inapplicableMetrics: fc.constant([]),
        record: fc.oneof(
          { weight: 4, arbitrary: finished(size, idsOf('learner'), true) },
          { weight: 1, arbitrary: diverged },
        ),
      });
    const noise: fc.Arbitrary<NoiseEntry> = fc.record({
      perturbation: fc.constantFrom(
        ...(['summation-order', 'float16-weights', 'float16-activations'] as const),
      ),
      ...{ method: fc.constantFrom(NO_METHOD, ...ids), metric: fc.constantFrom(...idsOf('learner')) },
      ...{
        value: share,
        perturbed: share,
        exampleChange: fc.option(amount),
        layerChange: fc.option(amount),
      },
    });
    const trial = (seed: number): fc.Arbitrary<TrialResult> =>
      fc.record({
        trial: fc.record({
          ...{ variant: fc.constant(variant as 'trained'), dataset: fc.constant(dataset) },
          ...{ seed: fc.constant(seed), permutation: fc.nat({ max: 4 }), shots: fc.constant(2) },
          learningRate: fc.constant(learningRate),
        }),
        prepared: fc.record({
          gold: list(fc.nat({ max: 2 }), size.examples),
          validationRows: fc.uniqueArray(index, { minLength: size.examples, maxLength: size.examples }),
          context: fc.record({ tokens: fc.constant([0]), demonstrations: index }),
        }),
        baselines: fc.record({
          zeroShot: finished(size, [], false),
          inContext: finished(size, idsOf('baseline'), false),
        }),
        methods: fc.tuple(...ids.map(method)),
        pairs: fc.record(Object.fromEntries(idsOf('pair').map((id) => [id, scores(id, size)]))),
        noise: fc.array(noise, { maxLength: 2 }),
      });
    return fc.record({ model: fc.constant(model), results: fc.tuple(...seeds.map(trial)) });
  });

/** A field as a reader of CSV gets it. */
const asText = (field: Field): string => (field === null ? '' : String(field));

function expectReadBack({ columns, rows }: Table): void {
  const [head, ...read] = parse(toCsv({ columns, rows })) as string[][];
  expect(head?.map(fromHarmless)).toEqual(columns);
  expect(read.map((row) => row.map(fromHarmless))).toEqual(rows.map((row) => row.map(asText)));
}

test('a table of any texts and numbers is read back field by field', () => {
  const field: fc.Arbitrary<Field> = fc.oneof(text, finite, fc.constant(null));
  const table = fc
    .uniqueArray(text, { minLength: 2, maxLength: 5 })
    .chain((columns) =>
      fc.record({ columns: fc.constant(columns), rows: fc.array(list(field, columns.length)) }),
    );
  fc.assert(fc.property(table, expectReadBack));
});

test('every table that a run writes has a field for each of its columns, and is read back field by field', () => {
  fc.assert(
    fc.property(run, ({ model, results }) => {
      for (const { columns, rows } of TABLES) {
        const own = results.flatMap((result) => rows(model, result));
        expect(new Set(own.map(({ length }) => length)).size).toBeLessThanOrEqual(1);
        expectReadBack({ columns, rows: own });
      }
    }),
    { numRuns: 12 },
  );
});

test('what is read from the files of any run is what it measured', async () => {
  await fc.assert(
    fc.asyncProperty(run, amount, async ({ model, results }, averageTokens) => {
      const cells: MeasuredRun['cells'][number][] = [];
      const noise: MeasuredRun['noise'][number][] = [];
      const visit = (result: TrialResult): void => {
        cells.push(...measureTrial(result));
        noise.push(...measureNoise(result));
      };
      await writeTrialTables(out, model, TABLES, stream(results), visit);
      const [{ trial, methods }] = results as [TrialResult];
      const measured: MeasuredRun = {
        ...{ model, cells, noise, variants: [trial.variant], methods: methods.map(({ id }) => id) },
        sizes: new Map([[trial.dataset, { train: 10, validation: 5, averageTokens }]]),
        outputs: results.flatMap(measureOutputs),
        paper: matchPaper(undefined),
      };
      const tables = summaryTables(measured);
      for (const table of Object.values(tables)) expectReadBack(table);
      await writeWhole(join(out, 'table3.csv'), toCsv(tables['table3.csv'] as Table));
      expect(await readRun(out)).toEqual(measured);
      // Rebuilt from summary.csv and table3.csv alone they are the same tables.
      expect(summaryTables({ ...(await readSummary(out)), methods: measured.methods })).toEqual(tables);
    }),
    { numRuns: 12 },
  );
});

async function* stream(results: readonly TrialResult[]): AsyncGenerator<TrialResult> {
  yield* results;
}
