import { expect, test } from 'vitest';
import type { FinishedSetting, PredictionRecord } from '../experiment/record.ts';
import type { TrialResult } from '../experiment/trial-result.ts';
import { toCsv } from './csv.ts';
import { outputsTable } from './outputs-table.ts';
import { OUTPUT_MEASURES, OUTPUT_RANGES, measureOutputs } from './outputs.ts';
import { TRIAL } from './test-support.ts';

/** By the probability of option 0 among two. */
const predicting = (probability: number, nextTokens?: number[]): PredictionRecord => ({
  predicted: probability < 0.5 ? 1 : 0,
  optionLogProbs: [Math.log(probability), Math.log(1 - probability)],
  ...(nextTokens ? { nextTokens } : {}),
});
const setting = (...predictions: PredictionRecord[]): FinishedSetting => ({
  ...{ status: 'finished', metrics: {}, training: [], predictions },
});
const TEN = Array.from({ length: 10 }, (_, id) => id);
const shifted = (by: number): number[] => TEN.map((id) => id + by);

/** Four examples of class 0; ICL is right in three, ZSL in one. */
const GOLD = [0, 0, 0, 0];
const ICL = setting(predicting(0.9, TEN), predicting(0.8, TEN), predicting(0.7, TEN), predicting(0.3, TEN));
const ZSL = setting(
  predicting(0.8, shifted(10)),
  predicting(0.4, shifted(10)),
  predicting(0.4, shifted(10)),
  predicting(0.4, shifted(10)),
);
const GD = setting(
  predicting(0.9, shifted(1)),
  predicting(0.7, TEN.toReversed()),
  predicting(0.4, shifted(5)),
  predicting(0.6, shifted(20)),
);
const trialOf = (
  methods: Readonly<Record<string, TrialResult['methods'][number]['record']>>,
  changes: Partial<TrialResult> = {},
): TrialResult => ({
  ...TRIAL,
  prepared: { ...TRIAL.prepared, gold: GOLD, validationRows: [3, 1, 4, 5] },
  baselines: { zeroShot: ZSL, inContext: ICL },
  methods: Object.entries(methods).map(([id, record]) => ({ id, record, inapplicableMetrics: [] })),
  ...changes,
});
const measuresOf = (result: TrialResult, method: string) =>
  measureOutputs(result).find((own) => own.method === method)?.measures;

test('what a learner puts out, by hand', () => {
  const measures = measuresOf(trialOf({ GD }), 'GD');
  // ICL: 0 0 0 1, GD: 0 0 1 0, each predicts class 0 three times.
  expect(measures?.agreement).toBe(0.5);
  expect(measures?.kappa).toBeCloseTo((0.5 - 10 / 16) / (1 - 10 / 16), 12);
  // Of the second and fourth, which ZSL gets wrong and GD right, ICL has the second.
  expect(measures?.rec2ftp).toBe(0.5);
  expect(measures?.rec2ftp_examples).toBe(2);
  // Wilson, of 1 in 2.
  expect(measures?.rec2ftp_lower_95).toBeCloseTo(0.0945312, 6);
  expect(measures?.rec2ftp_upper_95).toBeCloseTo(0.9054688, 6);
  // Of the last three, which ZSL gets wrong, ICL has two.
  expect(measures?.rec2ftp_base).toBeCloseTo(2 / 3, 12);
  expect(measures?.next_token_overlap).toBeCloseTo((0.9 + 1 + 0.5 + 0) / 4, 12);
  const divergence = (p: number, q: number): number => {
    const kl = (a: number, b: number): number => a * Math.log(a / b) + (1 - a) * Math.log((1 - a) / (1 - b));
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2;
  };
  const expected = [0, divergence(0.7, 0.8), divergence(0.4, 0.7), divergence(0.6, 0.3)];
  expect(measures?.js_divergence).toBeCloseTo(expected.reduce((sum, own) => sum + own) / 4, 12);
  const change = (p: number, from: number): number => Math.log(p / (1 - p)) - Math.log(from / (1 - from));
  const a = [change(0.9, 0.8), change(0.7, 0.4), 0, change(0.6, 0.4)];
  const b = [change(0.9, 0.8), change(0.8, 0.4), change(0.7, 0.4), change(0.3, 0.4)];
  expect(measures?.log_odds_correlation).toBeCloseTo(correlation(a, b), 12);
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (own: readonly number[]): number => own.reduce((sum, value) => sum + value) / own.length;
  const [p, q] = [a, b].map((own) => own.map((value) => value - mean(own))) as [number[], number[]];
  const dot = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(p, q) / Math.sqrt(dot(p, p) * dot(q, q));
}

test('ICL itself would agree in everything, zero-shot corrects nothing', () => {
  const result = trialOf({ 'ICL[order=1]': ICL, GD });
  expect(measureOutputs(result).map(({ method }) => method)).toEqual(['ZSL', 'ICL[order=1]', 'GD']);
  expect(measuresOf(result, 'ICL[order=1]')).toMatchObject({
    ...{ agreement: 1, kappa: 1, js_divergence: 0, rec2ftp: 1, next_token_overlap: 1, rec2ftp_examples: 2 },
    log_odds_correlation: expect.closeTo(1, 12),
  });
  expect(measuresOf(result, 'ZSL')).toMatchObject({
    ...{ agreement: 0.5, log_odds_correlation: null, rec2ftp: null, rec2ftp_lower_95: null },
    ...{ rec2ftp_examples: 0, rec2ftp_base: 2 / 3, next_token_overlap: 0 },
  });
});

test('outputs.csv: a row for ZSL and for each setting that finished and predicts, empty fields where undefined', () => {
  const diverged = { status: 'diverged', message: 'grew' } as const;
  const result = trialOf({ GD: ZSL, LCGD: diverged, 'GD[tangent]': setting() });
  const { columns, rows } = outputsTable;
  expect(toCsv({ columns, rows: rows('m', result) }).replaceAll(/\d\.\d{4,}/g, '…')).toMatchInlineSnapshot(`
    "model,variant,dataset,method,seed,permutation,learning_rate,agreement,kappa,js_divergence,log_odds_correlation,rec2ftp,rec2ftp_lower_95,rec2ftp_upper_95,rec2ftp_examples,rec2ftp_base,next_token_overlap
    m,trained,mr,ZSL,5,0,0.003,0.5,0.2,…,,,,,0,…,0
    m,trained,mr,GD,5,0,0.003,0.5,0.2,…,,,,,0,…,0
    "
  `);
  const { baselines: _none, ...overflowing } = result;
  expect(rows('m', overflowing)).toEqual([]);
});

test('what was not recorded leaves its fields empty', () => {
  const bare = setting(...[0.9, 0.8, 0.7, 0.3].map((own) => predicting(own)));
  expect(measuresOf(trialOf({ GD: bare }), 'GD')?.next_token_overlap).toBeNull();
  const unjudged = trialOf({ GD }, { prepared: { ...TRIAL.prepared, gold: [] } });
  expect(measuresOf(unjudged, 'GD')).toMatchObject({
    ...{
      agreement: 0.5,
      log_odds_correlation: null,
      rec2ftp: null,
      rec2ftp_examples: null,
      rec2ftp_base: null,
    },
  });
  const others = setting(...GD.predictions.map((own) => ({ ...own, optionLogProbs: [-1, -2, -3] })));
  expect(measuresOf(trialOf({ GD: others }), 'GD')).toMatchObject({
    ...{ js_divergence: null, log_odds_correlation: null, agreement: 0.5 },
  });
  const single = setting(...GOLD.map(() => ({ predicted: 0, optionLogProbs: [-1] })));
  const one = trialOf({ GD: single }, { baselines: { zeroShot: single, inContext: single } });
  expect(measuresOf(one, 'GD')).toMatchObject({ kappa: null, js_divergence: 0, log_odds_correlation: null });
});

test('every measure lies in its range, and has a column', () => {
  const own = measuresOf(trialOf({ GD }), 'GD')!;
  expect(Object.keys(own).toSorted()).toEqual([...OUTPUT_MEASURES].toSorted());
  for (const measure of OUTPUT_MEASURES) {
    const [least, most] = OUTPUT_RANGES[measure];
    expect(own[measure]).toBeGreaterThanOrEqual(least);
    expect(own[measure]).toBeLessThanOrEqual(most);
  }
});
