import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectClose } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Row, fixtures, iclGd, readCsv, readJson, runArguments } from './golden.ts';

/** float32 against the float64 of an independent implementation, by layer. */
const METRIC = { absolute: 5e-4, relative: 0 };

interface Golden {
  readonly settings: Readonly<
    Record<
      string,
      {
        readonly metrics: Readonly<Record<string, readonly (number | null)[]>>;
        readonly accuracy: number;
        /** Null where undefined. */
        readonly outputs: Readonly<Record<string, number | null>>;
      }
    >
  >;
  readonly tangent: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  readonly icl: Readonly<Record<string, readonly number[]>>;
}

/** Those that the independent implementation ran with controls, too. */
const FIXTURES = fixtures().filter(({ golden }) => existsSync(join(golden, 'controls.json')));

describe.each(FIXTURES)('$name', (fixture) => {
  const out = mkdtempSync(join(tmpdir(), 'icl-gd-controls-'));
  const golden = readJson(join(fixture.golden, 'controls.json')) as Golden;
  const same = `ICL[order=${fixture.run.permutation}]`;
  const compared = [...Object.keys(golden.settings), ...Object.keys(golden.tangent)];
  let layerwise: readonly Row[];
  let summary: readonly Row[];
  beforeAll(async () => {
    const isControl = (id: string): boolean => /^(ICL|ZSL)/.test(id);
    const args = runArguments(fixture, out).filter((arg) => arg !== '--methods' && arg !== 'gd,lcgd');
    const methods = compared.filter((id) => !isControl(id)).join(',');
    // Learners are typed in another case: the ids in the tables are their own.
    const controls = [...compared.filter(isControl), same, 'ICL[random-tokens]', 'GD[noise]'].join(',');
    const result = await iclGd([...args, '--methods', methods.toLowerCase(), '--controls', controls]);
    if (result.code !== 0) throw new Error(result.stderr);
    layerwise = readCsv(join(out, 'layerwise.csv'));
    summary = readCsv(join(out, 'summary.csv'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  const layersOf = (method: string, metric: string): (number | null)[] =>
    layerwise
      .filter((row) => row['method'] === method && row['metric'] === metric)
      .map(({ value }) => (value === '' ? null : Number(value)));
  const accuracyOf = (method: string): string | undefined =>
    summary.find((row) => row['method'] === method && row['metric'] === 'accuracy_ft')?.['value'];

  it.each(Object.entries(golden.settings))('%s: every metric and the accuracy', (id, own) => {
    for (const [metric, layers] of Object.entries(own.metrics)) {
      const measured = layersOf(id, metric);
      expect(measured, metric).toHaveLength(layers.length);
      expect(
        measured.map((value) => value === null),
        metric,
      ).toEqual(layers.map((value) => value === null));
      expectClose(measured.map(Number), layers.map(Number), METRIC);
    }
    expect(Number(accuracyOf(id))).toBeCloseTo(own.accuracy, 12);
  });

  it('every setting puts out what the golden one has in common with ICL, settings without predictions nothing', () => {
    const outputs = readCsv(join(out, 'outputs.csv'));
    for (const [id, own] of Object.entries(golden.settings)) {
      const rows = outputs.filter((row) => row['method'] === id);
      expect(rows, id).toHaveLength(1);
      expect(Object.keys(own.outputs), id).toHaveLength(4);
      for (const [measure, value] of Object.entries(own.outputs)) {
        const measured = rows[0]![measure];
        if (value === null) expect(measured, `${id} ${measure}`).toBe('');
        else {
          expect(measured, `${id} ${measure}`).not.toBe('');
          expectClose([Number(measured)], [value], METRIC);
        }
      }
    }
    expect(outputs.map((row) => row['method']).filter((id) => id?.includes('tangent'))).toEqual([]);
    const own = outputs.find((row) => row['method'] === same);
    for (const measure of ['agreement', 'next_token_overlap']) expect(own?.[measure]).toBe('1');
    expect(own?.['js_divergence']).toBe('0');
    expect(outputs[0]?.['method']).toBe('ZSL');
  });

  it.each(Object.entries(golden.tangent))('%s: directions, and nothing that needs a length', (id, own) => {
    for (const [metric, layers] of Object.entries(own))
      expectClose(layersOf(id, metric).map(Number), layers, METRIC);
    expect(layersOf(id, 'update_norm')).toEqual([]);
    expect(accuracyOf(id)).toBeUndefined();
    expect(readCsv(join(out, 'predictions.csv')).filter((row) => row['method'] === id)).toEqual([]);
  });

  it('in-context learning itself: the size of its update and its common mode', () => {
    for (const [metric, layers] of Object.entries(golden.icl))
      expectClose(layersOf('-', `${metric}_icl`).map(Number), layers, METRIC);
  });

  it('the context in its own order is in-context learning, to the last bit', () => {
    for (const metric of [
      'simaou',
      'simaou_norm',
      'simam',
      'simam_delta',
      'simaou_demeaned',
      'simaou_pooled',
    ])
      for (const value of layersOf(same, metric)) expect(value, metric).toBeCloseTo(1, 12);
    const of = (method: string, setting: string) =>
      readCsv(join(out, 'predictions.csv'))
        .filter((row) => row['method'] === method && row['setting'] === setting)
        .map((row) => ({ ...row, method: '', setting: '', learning_rate: '' }));
    expect(of(same, 'CONTROL')).toEqual(of('-', 'ICL'));
    expect(of(same, 'CONTROL')).not.toHaveLength(0);
  });

  it('every setting is a cell that finished, in the order in which it was named', () => {
    const cells = readCsv(join(out, 'cells.csv'));
    expect(new Set(cells.map(({ status }) => status))).toEqual(new Set(['finished']));
    expect(cells.map(({ method }) => method)).toEqual([
      ...compared.filter((id) => !/^(ICL|ZSL)/.test(id)),
      ...compared.filter((id) => /^(ICL|ZSL)/.test(id)),
      ...[same, 'ICL[random-tokens]', 'GD[noise]'],
    ]);
  });
});
