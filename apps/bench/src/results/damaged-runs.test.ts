import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NoiseEntry } from '../experiment/record.ts';
import { madeUpTrials } from '../testing/made-up-trials.ts';
import { toCsv } from './csv.ts';
import { type MeasuredRun, measureNoise, measureTrial } from './measured.ts';
import { renderSummary } from './print-summary.ts';
import { matchPaper } from './published/paper-match.ts';
import { readRun, readSummary } from './read-run.ts';
import { trialTables } from './rows.ts';
import { renderPage } from './validation/page.ts';
import { renderValidation } from './validation/render.ts';
import { renderSummaryPage, titleOf } from './validation/summary.ts';
import { validate } from './validation/validate.ts';
import { summaryTables, writeTrialTables } from './write-results.ts';

const TABLES = trialTables({ taskOptions: 2, releasedNorms: true, noiseFloor: true });
const NOISE: NoiseEntry = {
  ...{ method: 'GD', metric: 'simaou', perturbation: 'summation-order' },
  ...{ value: 0.5, perturbed: 0.25, exampleChange: 0.125, layerChange: 0.125 },
};
/** Of the paper's model and data, so that everything is compared. */
const MANIFEST = {
  model: { name: 'made-up', hub: { id: 'KoboldAI/fairseq-dense-1.3B' }, config: { layers: 2 } },
  datasets: { mr: { train: 8530, validation: 1066, hub: { id: 'rotten_tomatoes' } } },
  settings: { shots: 32 },
};

let out: string;
/** By name. */
const whole = new Map<string, string>();
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'icl-gd-damaged-'));
  const cells: MeasuredRun['cells'][number][] = [];
  const noise: MeasuredRun['noise'][number][] = [];
  async function* noisy() {
    for await (const result of madeUpTrials({ trials: 2, examples: 3, layers: 2, steps: 2 }))
      yield { ...result, noise: [NOISE] };
  }
  await writeTrialTables(out, 'made-up', TABLES, noisy(), (result) => {
    cells.push(...measureTrial(result));
    noise.push(...measureNoise(result));
  });
  const sizes = new Map([['mr', { train: 8530, validation: 1066, averageTokens: 3.25 }]]);
  const run = { model: 'made-up', variants: ['trained'], methods: ['GD', 'LCGD'], cells, sizes, noise };
  const tables = summaryTables({ ...run, paper: matchPaper(undefined) });
  await writeFile(join(out, 'table3.csv'), toCsv(tables['table3.csv']!));
  await writeFile(join(out, 'manifest.json'), JSON.stringify(MANIFEST));
  for (const file of [...TABLES.map((table) => table.file), 'table3.csv', 'manifest.json'])
    whole.set(file, await readFile(join(out, file), 'utf8'));
});
afterAll(() => rm(out, { recursive: true }));

const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'GD',
  'mr',
  '-',
  '=1+1',
  '<script>',
  'a|b',
  '../x',
  '',
  "'",
  '\u0000',
  '\uD800',
];
const NUMBERS = [
  ...[
    'Infinity',
    '-Infinity',
    'NaN',
    '1e308',
    '-1e308',
    '1e100',
    '1e99',
    '1e-320',
    '-0',
    '0',
    '1',
    '-1',
    '0.5',
  ],
  ...['9007199254740991', '9007199254740992', '999999', '1000000', '4294967296', '1e20', '0x10', ' 1', '1 '],
];
const field = fc.constantFrom(...NAMES, ...NUMBERS);

type Damage = (text: string) => string;
const splice = fc
  .record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat({ max: 40 }),
    put: fc.string({ maxLength: 8 }),
  })
  .map(({ at, length, put }): Damage => (text) => {
    const from = Math.floor(at * text.length);
    return text.slice(0, from) + put + text.slice(from + length);
  });
const lines = fc
  .record({ at: fc.double({ min: 0, max: 1, noNaN: true }), times: fc.constantFrom(0, 2) })
  .map(({ at, times }): Damage => (text) => {
    const own = text.split('\n');
    const from = Math.min(own.length - 1, Math.floor(at * own.length));
    return own
      .flatMap((line, i) => (i === from ? Array.from({ length: times }, () => line) : [line]))
      .join('\n');
  });
const cell = fc
  .record({
    row: fc.double({ min: 0, max: 1, noNaN: true }),
    column: fc.nat({ max: 20 }),
    put: field,
    all: fc.boolean(),
  })
  .map(({ row, column, put, all }): Damage => (text) => {
    const rows = text.trimEnd().split('\n');
    const from = Math.min(rows.length - 1, Math.floor(row * rows.length));
    const put_ = /[",\n\r]/.test(put) ? JSON.stringify(put) : put;
    return rows
      .map((line, i) => {
        if (i !== from && !(all && i > 0)) return line;
        const fields = line.split(',');
        fields[column % fields.length] = put_;
        return fields.join(',');
      })
      .join('\n');
  });
/** A value of the manifest, whatever it is, replaced by another. */
const json = fc
  .record({
    at: fc.nat({ max: 40 }),
    put: fc.constantFrom('null', '[]', '{}', '1', '"x"', '1e999', 'true', '{"__proto__":1}'),
  })
  .map(({ at, put }): Damage => (text) => {
    let i = 0;
    return text.replaceAll(/"[^"]*"(?!:)|\d+/g, (value) => (i++ === at ? put : value));
  });
const damage = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ file: fc.nat({ max: 20 }), change: cell }) },
    { weight: 1, arbitrary: fc.record({ file: fc.nat({ max: 20 }), change: splice }) },
    { weight: 1, arbitrary: fc.record({ file: fc.nat({ max: 20 }), change: lines }) },
    { weight: 1, arbitrary: fc.record({ file: fc.constant(-1), change: json }) },
  ),
  { minLength: 1, maxLength: 3 },
);

/** All that is made of a run that is read from its files. */
async function useRun(folder: string): Promise<void> {
  const run = await readRun(folder);
  const validation = validate(run);
  const page = renderSummaryPage(validation);
  const html = renderPage(titleOf(validation), page, validation.figures);
  expect(/<script|\[object/.exec(html)).toBeNull();
  for (const { svg } of validation.figures)
    expect(/[dxy12]="[^"]*(NaN|Infinity)/.exec(svg)?.[0]).toBeUndefined();
  for (const { file } of validation.figures)
    expect(file).toMatch(/^figures\/(figure\d-|ladder|layers|rates-)[\w.-]*\.svg$/);
  renderValidation(validation);
  for (const table of Object.values(summaryTables(run))) toCsv(table);
  renderSummary(await readSummary(folder));
}

const RUNS = Number(process.env['ICL_GD_FUZZ'] ?? 60);

test('whatever is damaged in a folder of results: what is made of it is sound, or an error of one line says where', async () => {
  const names = [...whole.keys()];
  let sound = 0;
  await fc.assert(
    fc.asyncProperty(damage, async (changes) => {
      const damaged = new Map(whole);
      for (const { file, change } of changes) {
        const name = file < 0 ? 'manifest.json' : (names[file % names.length] as string);
        damaged.set(name, change(damaged.get(name) as string));
      }
      for (const [name, text] of damaged) await writeFile(join(out, name), text);
      try {
        await useRun(out);
        sound++;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        expect(error.message).not.toMatch(/\n/);
      }
    }),
    { numRuns: RUNS, ...(process.env['ICL_GD_SEED'] ? { seed: Number(process.env['ICL_GD_SEED']) } : {}) },
  );
  expect(sound).toBeGreaterThan(0);
});
