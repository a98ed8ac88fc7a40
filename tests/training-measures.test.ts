import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectClose, tolerances } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Row, fixtures, iclGd, readCsv, readJson, runArguments } from './golden.ts';

const METRIC = tolerances['run-metric'].f32;
const RELATIVE = tolerances['run-relative'].f32;
const FILES = ['weights.csv', 'precision.csv', 'gradient_norms.csv'];
const FLAGS = ['--weight-changes', '--gradient-norms'];
/** A gradient that vanishes but for rounding, against one that does not. */
const VANISHED = 1e-6;

const column = (rows: readonly Row[], name: string): number[] => rows.map((row) => Number(row[name]));
const select = (rows: readonly Row[], wanted: Readonly<Record<string, string>>): Row[] =>
  rows.filter((row) => Object.entries(wanted).every(([name, value]) => row[name] === value));

describe.each(fixtures().filter(({ golden }) => existsSync(join(golden, 'controls.json'))))(
  '$name',
  (fixture) => {
    const out = mkdtempSync(join(tmpdir(), 'icl-gd-training-'));
    const run = (...more: string[]) => iclGd([...runArguments(fixture, out), '--examples', '1', ...more]);
    const rowsOf = (file: string): Row[] => readCsv(join(out, file));
    beforeAll(async () => {
      const { code, stderr } = await run('--released-norms', ...FLAGS);
      if (code !== 0) throw new Error(stderr);
    });
    afterAll(() => rmSync(out, { recursive: true }));

    it('has the golden cosines of weight changes, each pair once', () => {
      const { weight_cosine: golden } = readJson(join(fixture.golden, 'controls.json')) as {
        weight_cosine: Readonly<Record<string, readonly number[]>>;
      };
      const rows = rowsOf('weights.csv');
      expect(rows.map(({ method_a, method_b }) => `${method_a}|${method_b}`)).toEqual(
        Object.entries(golden).flatMap(([pair, values]) => values.map(() => pair)),
      );
      expectClose(column(rows, 'value'), Object.values(golden).flat(), METRIC);
    });

    it('has as norms of keys and values those of training.csv, as released ones those of training_released.csv', () => {
      const norms = rowsOf('gradient_norms.csv');
      for (const [file, cell] of [
        ['training.csv', { parameters: 'kv', reduction: 'mean', gradients: 'reset' }],
        ['training_released.csv', { parameters: 'all', reduction: 'sum', gradients: 'accumulated' }],
      ] as const) {
        const own = select(norms, cell);
        const steps = new Set(own.map(({ step }) => step));
        expect(steps.size).toBe(2);
        const others = rowsOf(file).filter(({ step }) => steps.has(step));
        expect(own.map(({ method, step, layer }) => [method, step, layer])).toEqual(
          others.map(({ method, step, layer }) => [method, step, layer]),
        );
        expectClose(column(own, 'value'), column(others, 'gradient_norm'), RELATIVE);
      }
    });

    it('has the same norms of GD and LCGD in the last layer of the first step, under every definition', () => {
      const rows = select(rowsOf('gradient_norms.csv'), { step: '0' });
      const last = `${Math.max(...column(rows, 'layer'))}`;
      const [gd, lcgd] = ['GD', 'LCGD'].map((method) =>
        select(rows, { method, layer: last }).filter(({ parameters }) => parameters !== 'key_bias'),
      ) as [Row[], Row[]];
      expect(gd).toHaveLength(8);
      expectClose(column(lcgd, 'value'), column(gd, 'value'), RELATIVE);
    });

    it('has no gradient of the keys’ bias, which softmax does not see', () => {
      const norms = rowsOf('gradient_norms.csv');
      const bias = select(norms, { parameters: 'key_bias' });
      const keyValue = select(norms, { parameters: 'kv', reduction: 'mean', gradients: 'reset' });
      expect(bias).toHaveLength(keyValue.length);
      for (const [i, norm] of column(bias, 'value').entries())
        expect(norm / column(keyValue, 'value')[i]!).toBeLessThan(VANISHED);
    });

    const autograd = [join(fixture.golden, 'training_measures.json')].filter(existsSync);
    describe.each(autograd)('against autograd in float64', (file) => {
      const golden = readJson(file) as Readonly<Record<string, readonly (readonly (string | number)[])[]>>;

      it.each(['GD', 'LCGD'])('%s: every definition of the gradient norm', (method) => {
        const rows = select(readCsv(join(out, 'gradient_norms.csv')), { method });
        const expected = golden[method]!;
        const found = expected.map(([step, layer, parameters, reduction, gradients]) => {
          const own = select(rows, {
            ...{ step: `${step}`, layer: `${layer}`, parameters: `${parameters}` },
            ...{ reduction: `${reduction}`, gradients: `${gradients}` },
          });
          expect(own).toHaveLength(1);
          return own[0]!;
        });
        // Of two steps and two layers, beside the norms of the keys' bias.
        expect(rows).toHaveLength(2 * 2 * (8 + 1));
        expectClose(
          column(found, 'value'),
          expected.map((row) => Number(row.at(-1))),
          RELATIVE,
        );
      });

      it.each(['GD', 'LCGD'])('%s: what float16 leaves of the weight changes', (method) => {
        const rows = select(readCsv(join(out, 'precision.csv')), { method });
        const columns = ['layer', 'changed_share', 'cosine', 'cosine_of_rounded', 'relative_size'];
        for (const [i, name] of columns.entries())
          expectClose(
            column(rows, name),
            golden[`precision ${method}`]!.map((row) => Number(row[i])),
            METRIC,
          );
      });
    });

    it('takes from records what is there, with and without the options, in the same bytes', async () => {
      const before = FILES.map((file) => readFileSync(join(out, file), 'utf8'));
      const plain = await run('--released-norms');
      expect(plain.stderr).toContain(', 0 computed, ');
      expect(FILES.filter((file) => existsSync(join(out, file)))).toEqual([]);
      const again = await run('--released-norms', ...FLAGS);
      expect(again.stderr).toContain(', 0 computed, ');
      expect(FILES.map((file) => readFileSync(join(out, file), 'utf8'))).toEqual(before);
      // Neither the probe token nor the released norms are of the trainings: these are taken from the records.
      const other = await run('--probe', fixture.run.probe === 'label' ? 'prompt' : 'label', ...FLAGS);
      expect(other.stderr).toMatch(/ computed \((?:(?!weights|norms).)*\), 5 taken from records/);
      expect(FILES.map((file) => readFileSync(join(out, file), 'utf8'))).toEqual(before);
    });
  },
);
