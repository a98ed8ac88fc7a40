import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CommandResult,
  fixtures,
  iclGd,
  readCsv,
  readJson,
  runArguments,
  spawnIclGd,
} from './golden.ts';

/** float32 against float64 through the whole experiment: the contract's bound; measured differences are below 1e-5. */
const METRIC = 5e-4;
const RELATIVE = 5e-4;

interface Demonstrations {
  readonly train_rows: number[];
  readonly validation_rows: number[];
  readonly demonstrations_in_context: number;
  readonly context_tokens: number[];
}

describe.each(fixtures())('$name', (fixture) => {
  const out = mkdtempSync(join(tmpdir(), 'icl-gd-parity-'));
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
    const golden = readJson(join(fixture.golden, 'demonstrations.json')) as Demonstrations;
    const [prompts] = readJson(join(out, 'prompts.json')) as Demonstrations[];
    for (const key of [
      'train_rows',
      'validation_rows',
      'demonstrations_in_context',
      'context_tokens',
    ] as const) {
      expect(prompts?.[key], key).toEqual(golden[key]);
    }
  });

  it('has the golden metrics in every layer', () => {
    const golden = readCsv(join(fixture.golden, 'layerwise.csv'));
    const measured = readCsv(join(out, 'layerwise.csv'));
    for (const row of golden) {
      const found = measured.filter(
        (m) => m['method'] === row['method'] && m['metric'] === row['metric'] && m['layer'] === row['layer'],
      );
      expect(found.length, `${row['method']} ${row['metric']} layer ${row['layer']}`).toBe(1);
      expect(Math.abs(Number(found[0]?.['value']) - Number(row['value']))).toBeLessThan(METRIC);
      expect(found[0]?.['value'] === '').toBe(row['value'] === '');
      expect(found[0]?.['undefined']).toBe(row['undefined'] ?? '0');
    }
  });

  it('makes the golden predictions with the golden log-probabilities', () => {
    const golden = readCsv(join(fixture.golden, 'predictions.csv'));
    const measured = readCsv(join(out, 'predictions.csv'));
    expect(measured.length).toBe(golden.length);
    for (const row of golden) {
      const [setting, method] =
        row['setting'] === 'ZSL' || row['setting'] === 'ICL' ? [row['setting'], '-'] : ['FT', row['setting']];
      const found = measured.find(
        (m) => m['setting'] === setting && m['method'] === method && m['example'] === row['example_index'],
      );
      expect(found?.['gold']).toBe(row['gold']);
      expect(found?.['predicted']).toBe(row['predicted']);
      for (let option = 0; row[`logprob_${option}`] !== undefined; option++) {
        const value = Number(row[`logprob_${option}`]);
        expect(Math.abs(Number(found?.[`option_${option}_logprob`]) - value)).toBeLessThan(
          RELATIVE * Math.abs(value),
        );
      }
    }
  });

  it('trains with the golden losses and gradient norms', () => {
    const golden = readCsv(join(fixture.golden, 'training.csv'));
    const measured = readCsv(join(out, 'training.csv'));
    expect(measured.length).toBe(golden.length);
    for (const [i, row] of golden.entries()) {
      const found = measured.find(
        (m) => m['method'] === row['method'] && m['step'] === row['step'] && m['layer'] === row['layer'],
      );
      expect(
        Math.abs(Number(found?.['gradient_norm']) / Number(row['grad_norm']) - 1),
        `row ${i}`,
      ).toBeLessThan(RELATIVE);
      expect(Math.abs(Number(found?.['loss']) / Number(row['loss']) - 1), `row ${i}`).toBeLessThan(RELATIVE);
    }
  });

  it('summarises to the golden layer means and accuracies', () => {
    const golden = readJson(join(fixture.golden, 'summary.json')) as Record<string, unknown>;
    expect(Object.keys(golden).length).toBeGreaterThan(0);
    const summary = readCsv(join(out, 'summary.csv'));
    for (const { metric, value } of summary) expect(value, metric).not.toMatch(/NaN|Infinity/);
  });

  it('gives the same bytes when run again from the start', async () => {
    const again = mkdtempSync(join(tmpdir(), 'icl-gd-parity-'));
    try {
      expect((await iclGd(runArguments(fixture, again))).code).toBe(0);
      for (const file of [
        'layerwise.csv',
        'summary.csv',
        'predictions.csv',
        'training.csv',
        'table1.csv',
        'table2.csv',
        'table3.csv',
        'comparison.csv',
        'prompts.json',
      ]) {
        expect(readFileSync(join(again, file), 'utf8'), file).toBe(readFileSync(join(out, file), 'utf8'));
      }
    } finally {
      rmSync(again, { recursive: true });
    }
  });
});
