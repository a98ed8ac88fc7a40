import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectClose, tolerances } from '@icl-gd/gpu-kernels/testing';
import { SafetensorsFile } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTensor } from './damage.ts';
import {
  type CommandResult,
  type Row,
  fixtures,
  iclGd,
  readCsv,
  readJson,
  runArguments,
  spawnIclGd,
} from './golden.ts';

const METRIC = tolerances['run-metric'].f32;
const ACTIVATION = tolerances['run-activation'].f32;
const RELATIVE = tolerances['run-relative'].f32;

interface Demonstrations {
  readonly train_rows: number[];
  readonly validation_rows: number[];
  readonly demonstrations_in_context: number;
  readonly context_tokens: number[];
}

interface Summary {
  readonly examples: number;
  readonly demonstrations_in_context: number;
  readonly layer_mean: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly accuracy: Readonly<Record<string, number>>;
  readonly rec2ftp: Readonly<Record<string, { readonly value: number | null }>>;
}

interface GoldenProbe {
  readonly h: Readonly<Record<string, number[][]>>;
  readonly m: Readonly<Record<string, number[][][]>>;
  readonly example_index: number;
}

/** Scores with a null beside them, and behaviour. */
interface Controls {
  readonly settings: Readonly<
    Record<string, { readonly metrics: Readonly<Record<string, number[]>>; readonly outputs: Outputs }>
  >;
  readonly icl: Readonly<Record<'update_norm' | 'common_mode', number[]>>;
}
type Outputs = Readonly<Record<'agreement' | 'kappa' | 'js_divergence' | 'log_odds_correlation', number>>;

const TABLES = [
  ...['layerwise.csv', 'summary.csv', 'intervals.csv', 'examples.csv', 'predictions.csv', 'outputs.csv'],
  ...['training.csv', 'table1.csv', 'table2.csv', 'table3.csv', 'prompts.json'],
];

/** A field as a number; what is empty must be empty on both sides. */
const numbers = (rows: readonly Row[], field: string): number[] =>
  rows.map((row) => (row[field] === '' ? Infinity : Number(row[field])));

/** The rows of `measured` that belong to those of `golden`, in their order: exactly one each. */
function counterparts(
  golden: readonly Row[],
  measured: readonly Row[],
  keyOf: (row: Row) => readonly (string | undefined)[],
): Row[] {
  const key = (row: Row): string => keyOf(row).join();
  return golden.map((row) => {
    const found = measured.filter((other) => key(other) === key(row));
    expect(found, key(row)).toHaveLength(1);
    return found[0]!;
  });
}

describe.each(fixtures())('$name', (fixture) => {
  const out = mkdtempSync(join(tmpdir(), 'icl-gd-parity-'));
  const golden = (file: string): Row[] => readCsv(join(fixture.golden, file));
  const measured = (file: string): Row[] => readCsv(join(out, file));
  let result: CommandResult;
  beforeAll(async () => {
    result = await spawnIclGd([...runArguments(fixture, out), '--save-probes']);
  });
  afterAll(() => rmSync(out, { recursive: true }));

  it('finishes', () => {
    expect(result.stderr).not.toMatch(/Error|NaN/);
    expect(result.code).toBe(0);
  });

  it('puts the golden demonstrations before the model', () => {
    const expected = readJson(join(fixture.golden, 'demonstrations.json')) as Demonstrations;
    const [prompts] = readJson(join(out, 'prompts.json')) as Demonstrations[];
    for (const key of [
      'train_rows',
      'validation_rows',
      'demonstrations_in_context',
      'context_tokens',
    ] as const) {
      expect(prompts?.[key], key).toEqual(expected[key]);
    }
  });

  it.each(['ZSL', 'ICL', 'GD', 'LCGD'])('has the golden h and m of %s', (setting) => {
    const probe = readJson(join(fixture.golden, 'probe.json')) as GoldenProbe;
    const [h, m] = [probe.h[setting]!, probe.m[setting]!];
    const name = readdirSync(join(out, 'probes')).find((file) => file.endsWith(`-${setting}.safetensors`));
    const file = join(out, 'probes', name!);
    const outputs = readTensor(file, 'attention_output');
    expect(outputs.shape).toEqual([fixture.run.examples, h.length, h[0]!.length]);
    // The golden probe is of the first example.
    expectClose(outputs.values.subarray(0, h.length * h[0]!.length), h.flat(), ACTIVATION);
    const scores = readTensor(file, `attention_logits.${probe.example_index}`);
    expect(scores.shape).toEqual([m.length, m[0]!.length, m[0]![0]!.length]);
    expectClose(scores.values, m.flat(2), ACTIVATION);
  });

  it('has the golden metrics in every layer', () => {
    const expected = golden('layerwise.csv');
    const found = counterparts(expected, measured('layerwise.csv'), (row) => [
      row['method'],
      row['metric'],
      row['layer'],
    ]);
    expectClose(numbers(found, 'value'), numbers(expected, 'value'), METRIC);
    expect(found.map((row) => row['undefined'])).toEqual(expected.map((row) => row['undefined'] ?? '0'));
  });

  describe.each(existsSync(join(fixture.golden, 'controls.json')) ? ['controls.json'] : [])('%s', (file) => {
    const { settings, icl } = readJson(join(fixture.golden, file)) as Controls;

    it('has the golden scores of GD, LCGD and ICL beside their nulls in every layer, all of them defined or as many', () => {
      const rows = measured('layerwise.csv');
      const expectScores = (method: string, scores: Readonly<Record<string, number[]>>): void => {
        for (const [metric, values] of Object.entries(scores)) {
          const found = rows.filter((row) => row['method'] === method && row['metric'] === metric);
          expectClose(numbers(found, 'value'), values, METRIC);
          for (const row of found) {
            const share = Number(row['defined_share']);
            expect(share).toBeGreaterThan(0);
            expect(share === 1, `${metric} ${share}`).toBe(row['undefined'] === '0');
          }
        }
      };
      for (const method of ['GD', 'LCGD']) {
        // Four as published and eight controls.
        expect(Object.keys(settings[method]!.metrics)).toHaveLength(12);
        expectScores(method, settings[method]!.metrics);
      }
      expectScores('-', { update_norm_icl: icl.update_norm, common_mode_icl: icl.common_mode });
    });

    it('behaves like ICL as much as the golden GD and LCGD do', () => {
      const rows = measured('outputs.csv');
      expect(rows.map((row) => row['method'])).toEqual(['ZSL', 'GD', 'LCGD']);
      for (const method of ['GD', 'LCGD']) {
        const own = rows.filter((row) => row['method'] === method);
        const { outputs } = settings[method]!;
        expect(Number(own[0]!['agreement'])).toBe(outputs.agreement);
        for (const measure of ['kappa', 'js_divergence', 'log_odds_correlation'] as const)
          expectClose(numbers(own, measure), [outputs[measure]], METRIC);
      }
    });
  });

  it('records the likeliest next tokens, and how many of the first ten each setting shares with ICL', async () => {
    const recorded = async (setting: string) => {
      const name = readdirSync(join(out, 'probes')).find((file) => file.endsWith(`-${setting}.safetensors`));
      const file = await SafetensorsFile.open(join(out, 'probes', name!));
      const read = async (tensor: string) => ({
        shape: file.tensors.get(tensor)?.shape,
        values: await file.readNumbers(tensor),
      });
      return { ids: await read('next_tokens'), logProbs: await read('next_token_log_probs') };
    };
    const { vocab_size: vocabulary } = readJson(join(fixture.model, 'config.json')) as { vocab_size: number };
    const k = Math.min(50, vocabulary);
    const icl = await recorded('ICL');
    for (const row of measured('outputs.csv')) {
      const { ids, logProbs } = await recorded(row['method']!);
      for (const { shape } of [ids, logProbs]) expect(shape).toEqual([fixture.run.examples, k]);
      let shared = 0;
      for (let i = 0; i < fixture.run.examples; i++) {
        const of = (values: Float64Array, count: number) => [...values.subarray(i * k, i * k + count)];
        const own = of(logProbs.values, k);
        expect(own).toEqual(own.toSorted((a, b) => b - a));
        expect(own.reduce((sum, value) => sum + Math.exp(value), 0)).toBeLessThan(1 + 1e-5);
        expect(new Set(of(ids.values, k)).size).toBe(k);
        const ten = new Set(of(icl.ids.values, 10));
        shared += of(ids.values, 10).filter((id) => ten.has(id)).length / 10;
      }
      expect(Number(row['next_token_overlap'])).toBeCloseTo(shared / fixture.run.examples, 12);
    }
  });

  it('makes the golden predictions with the golden log-probabilities', () => {
    const settingOf = (row: Row): string =>
      row['setting'] === 'FT' ? row['method']! : (row['setting'] as string);
    const expected = golden('predictions.csv');
    const all = measured('predictions.csv');
    expect(all.length).toBe(expected.length);
    const found = counterparts(expected, all, (row) => [
      settingOf(row),
      row['example_index'] ?? row['example'],
    ]);
    for (const field of ['gold', 'predicted'])
      expect(found.map((row) => row[field])).toEqual(expected.map((row) => row[field]));
    for (let option = 0; expected[0]![`logprob_${option}`] !== undefined; option++) {
      expectClose(
        numbers(found, `option_${option}_logprob`),
        numbers(expected, `logprob_${option}`),
        RELATIVE,
      );
    }
  });

  it('trains with the golden losses and gradient norms', () => {
    const expected = golden('training.csv');
    const all = measured('training.csv');
    expect(all.length).toBe(expected.length);
    const found = counterparts(expected, all, (row) => [row['method'], row['step'], row['layer']]);
    expectClose(numbers(found, 'gradient_norm'), numbers(expected, 'grad_norm'), RELATIVE);
    expectClose(numbers(found, 'loss'), numbers(expected, 'loss'), RELATIVE);
  });

  it('summarises to the golden layer means, accuracies and Rec2FTP', () => {
    const expected = readJson(join(fixture.golden, 'summary.json')) as Summary;
    const summary = measured('summary.csv');
    const value = (method: string, metric: string): string => {
      const found = summary.filter((row) => row['method'] === method && row['metric'] === metric);
      expect(found, `${method} ${metric}`).toHaveLength(1);
      return found[0]!['value']!;
    };
    const means = Object.entries(expected.layer_mean).flatMap(([method, metrics]) =>
      Object.entries(metrics).map(([metric, mean]) => [value(method, metric), mean] as const),
    );
    // Four of each method, the zero-shot baseline and α.
    expect(means).toHaveLength(10);
    expectClose(
      means.map(([own]) => Number(own)),
      means.map(([, mean]) => mean),
      METRIC,
    );
    const { ZSL, ICL, GD, LCGD } = expected.accuracy;
    expect(
      [
        ['-', 'accuracy_zsl'],
        ['-', 'accuracy_icl'],
        ['GD', 'accuracy_ft'],
        ['LCGD', 'accuracy_ft'],
      ].map(([method, metric]) => Number(value(method!, metric!))),
    ).toEqual([ZSL, ICL, GD, LCGD]);
    for (const method of ['GD', 'LCGD'])
      expect(value(method, 'rec2ftp'), method).toBe(String(expected.rec2ftp[method]!.value ?? ''));
    for (const metric of ['examples', 'demonstrations_in_context'] as const)
      expect(value('-', metric)).toBe(String(expected[metric]));
  });

  it('gives the same bytes when run again from the start', async () => {
    const again = mkdtempSync(join(tmpdir(), 'icl-gd-parity-'));
    try {
      expect((await iclGd(runArguments(fixture, again))).code).toBe(0);
      for (const file of TABLES)
        expect(readFileSync(join(again, file), 'utf8'), file).toBe(readFileSync(join(out, file), 'utf8'));
    } finally {
      rmSync(again, { recursive: true });
    }
  });
});
