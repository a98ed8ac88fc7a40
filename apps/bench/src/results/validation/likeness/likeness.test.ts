import { describe, expect, test } from 'vitest';
import type { GateRow } from '../../development/measured-development.ts';
import { toCsv } from '../../csv.ts';
import { around, measuredCell, runOf, seeds } from '../test-support.ts';
import { behaviourRows } from './behaviour.ts';
import { contrastTable, contrasts, learnerPairs, signOf } from './contrasts.ts';
import { compareWithNulls } from './comparisons.ts';
import { Gates } from './gates.ts';
import { climb, ladderTable } from './ladder.ts';
import { layerContrasts, layerTable } from './layers.ts';
import { rateCurves, valuesAt } from './rates.ts';
import { byRole, inWords, ruleOf } from './settings.ts';

const METHODS = ['GD', 'LCGD'];
const CONTROLS = ['ICL[disjoint]', 'ICL[labels=wrong]', 'ZSL[positions=icl]'];

/** Scores of every setting on two datasets; SimAOU and what of it is not about the example. */
const SCORES: Readonly<Record<string, readonly [score: number, mismatched: number]>> = {
  GD: [0.2, 0.1],
  LCGD: [0.4, 0.3],
  'ICL[disjoint]': [0.9, 0.5],
  'ICL[labels=wrong]': [0.8, 0.5],
  'ZSL[positions=icl]': [0.3, 0.3],
};
const cells = ['mr', 'cb'].flatMap((dataset, i) =>
  Object.entries(SCORES).flatMap(([method, [score, mismatched]]) =>
    seeds({
      ...{ method, dataset },
      // Datasets differ by a little, so that there are intervals.
      examples: {
        simaou: around(score + 0.02 * i),
        simaou_mismatched: around(mismatched + 0.01 * i),
      },
    }),
  ),
);
const run = runOf(cells, { methods: METHODS, controls: CONTROLS });

describe('the ladder', () => {
  const { rungs, ceiling } = climb(run);
  const rung = (method: string, dataset = 'all') =>
    rungs.find((own) => own.method === method && own.dataset === dataset)!;

  test('goes from nulls through learners and controls to ceilings', () => {
    expect(
      rungs.filter(({ dataset }) => dataset === 'all').map(({ role, method }) => [role, method]),
    ).toEqual([
      ['null', 'ZSL[positions=icl]'],
      ['learner', 'GD'],
      ['learner', 'LCGD'],
      ['control', 'ICL[labels=wrong]'],
      ['ceiling', 'ICL[disjoint]'],
    ]);
  });

  test('has the mean over datasets with an interval over datasets, and each dataset beside it', () => {
    expect(rung('GD').level.value).toBeCloseTo(0.21, 12);
    // t of two values that differ by 0.02: ± 12.706 · 0.01.
    expect(rung('GD').level.interval?.upper).toBeCloseTo(0.21 + 0.12706, 4);
    expect(rung('GD').mismatched?.value).toBeCloseTo(0.105, 12);
    expect(rung('GD', 'cb').level.value).toBeCloseTo(0.22, 12);
    expect(rung('GD')).toMatchObject({ datasets: 2, seeds: 3 });
  });

  test('scales what is about the example by what the ceiling has of it beyond the same mismatched score', () => {
    expect(ceiling).toBe('ICL[disjoint]');
    // (0.21 − 0.105) / (0.91 − 0.105), of a distance that is surely not zero.
    expect(rung('GD').normalised).toBeCloseTo(0.105 / 0.805, 10);
    expect(rung('ICL[disjoint]').normalised).toBeCloseTo(1, 12);
    expect(rung('ZSL[positions=icl]').normalised).toBeCloseTo(0.005 / 0.605, 10);
  });

  test('has no scale where the distance to the ceiling may be zero', () => {
    const far = ['mr', 'cb'].flatMap((dataset, i) =>
      ['GD', 'ICL[order=1]'].flatMap((method) =>
        seeds({
          ...{ method, dataset },
          examples: { simaou: around(0.1 + i), simaou_mismatched: around(0.1) },
        }),
      ),
    );
    const own = climb(runOf(far, { methods: ['GD'], controls: ['ICL[order=1]'] }));
    expect(own.ceiling).toBe('ICL[order=1]');
    expect(own.rungs.find(({ dataset }) => dataset === 'all')?.normalised).toBeNull();
    expect(own.rungs.find(({ dataset }) => dataset === 'cb')?.normalised).not.toBeNull();
  });

  test('of one dataset has the interval of its seeds and examples', () => {
    const own = climb(
      runOf(
        cells.filter(({ dataset }) => dataset === 'mr'),
        { methods: METHODS },
      ),
    );
    const [all, single] = own.rungs.filter(({ method }) => method === 'GD');
    expect(all).toEqual({ ...single, dataset: 'all' });
    expect(all?.normalised).toBeNull();
  });

  test('names the mean share of cosines that are defined', () => {
    const [cell] = seeds({ method: 'GD', dataset: 'mr', examples: { simaou: around(0.1) } });
    const scores = new Map([
      ['simaou', { layers: [0.1, null], definedShares: [1, 0.5], examples: Float64Array.of(0.1) }],
    ]);
    const own = climb(runOf([{ ...cell!, scores, exampleRows: [0] }], { methods: ['GD'] }));
    expect(own.rungs[0]?.definedShare).toBe(0.75);
  });

  test('is ladder.csv, a token after the other', () => {
    const lines = toCsv(ladderTable([{ probe: 'prompt', ladder: climb(run) }])).split('\n');
    expect(lines[0]).toBe(
      'probe,variant,metric,role,method,dataset,value,lower_95,upper_95,mismatched,mismatched_lower_95,mismatched_upper_95,normalised,defined_share,common_mode,seeds,datasets',
    );
    expect(lines[1]).toMatch(/^prompt,trained,simaou,null,ZSL\[positions=icl\],all,0\.31,/);
    expect(lines).toHaveLength(1 + 5 * 3 + 1);
  });

  test('puts each learner beside the highest null, paired', () => {
    const [gd, lcgd] = compareWithNulls(run, climb(run), METHODS);
    expect(gd).toMatchObject({ highest: { method: 'ZSL[positions=icl]' }, toSettle: null });
    expect(gd?.difference.value).toBeCloseTo(-0.1, 12);
    expect(lcgd?.difference.value).toBeCloseTo(0.1, 12);
    expect(compareWithNulls(run, climb(runOf(cells, { methods: METHODS })), METHODS)).toEqual([]);
  });
});

describe('LCGD − GD', () => {
  test('is paired under every rule, and with each readout against GD under the same options', () => {
    const methods = [
      ...['GD', 'LCGD[at=attention]', 'LCGD', 'GD[tangent]', 'LCGD[tangent]', 'LCGD[steps=3]'],
      ...['GD[rate=best]', 'LCGD[rate=best]', 'LCGD[at=attention,rate=best]', 'Own'],
    ];
    expect(learnerPairs(methods).map(({ lcgd, gd, rule }) => [lcgd, gd, rule])).toEqual([
      ['LCGD', 'GD', 'published'],
      ['LCGD[rate=best]', 'GD[rate=best]', 'best'],
      ['LCGD[tangent]', 'GD[tangent]', 'tangent'],
      ['LCGD[at=attention]', 'GD', 'published'],
      ['LCGD[at=attention,rate=best]', 'GD[rate=best]', 'best'],
    ]);
  });

  test('is a mean over datasets with what t and sign flips say of it, raw and without what is not about the example', () => {
    const all = contrasts(run, new Gates());
    const [raw, corrected] = all;
    expect(all.map(({ form }) => form)).toEqual(['simaou', 'simaou_corrected']);
    expect(raw?.across?.mean).toBeCloseTo(0.2, 12);
    expect(raw?.across?.signFlipP).toBe(0.5);
    // (0.4 − 0.3) − (0.2 − 0.1)
    expect(corrected?.across?.mean).toBeCloseTo(0, 12);
    expect(signOf(raw!)).toEqual({ sign: 1, sure: true });
    expect(raw?.cases.map(({ gate }) => gate)).toEqual(['not measured', 'not measured']);
    const lines = toCsv(contrastTable([{ probe: 'label', contrasts: all }])).split('\n');
    expect(lines[1]).toMatch(/^label,simaou,published,LCGD,GD,mr,0\.2\d*,/);
    expect(lines[3]).toMatch(/^label,simaou,published,LCGD,GD,all,/);
  });

  test('says of each dataset whether both learned something there', () => {
    const gates = new Gates([
      gateRow('mr', 'GD', 'learned'),
      gateRow('mr', 'LCGD', 'nothing was learned'),
      gateRow('cb', 'GD', 'learned'),
      gateRow('cb', 'LCGD', 'learned'),
    ]);
    const [raw] = contrasts(run, gates);
    expect(raw?.cases.map(({ gate }) => gate)).toEqual(['nothing was learned', 'learned']);
    expect(raw?.acrossLearned).toBeNull();
  });

  test('where the interval includes 0 says how many datasets would put it outside', () => {
    const own = ['mr', 'cb', 'subj'].flatMap((dataset, i) =>
      METHODS.flatMap((method) =>
        seeds({ method, dataset, examples: { simaou: around(method === 'GD' ? 0 : [0.3, -0.1, 0.1][i]!) } }),
      ),
    );
    const [raw] = contrasts(runOf(own), new Gates());
    expect(signOf(raw!)).toEqual({ sign: 1, sure: false });
    // 0.2 / √n · t < 0.1
    expect(raw?.toSettle).toBe(18);
  });
});

test('a direction stands where its learner does at the published rate; of several learners the worst counts', () => {
  const gates = new Gates([gateRow('mr', 'GD', 'learned'), gateRow('mr', 'LCGD', 'undecided')]);
  expect(gates.of('mr', 'GD[tangent]')).toBe('learned');
  expect(gates.of('mr', 'GD', 'LCGD')).toBe('undecided');
  expect(gates.of('cb', 'GD')).toBe('not measured');
});

test('layers: differences of the seeds that have both, with the smaller share that is defined', () => {
  const own = ['GD', 'LCGD'].flatMap((method) =>
    [1, 2].map((seed) => {
      const cell = measuredCell({
        ...{ method, dataset: 'mr', seed },
        layers: { simaou: method === 'GD' ? [0.1, null] : [0.3 + seed / 10, 0.2] },
      });
      const definedShares = method === 'GD' ? [1, 0] : [0.5, 1];
      return { ...cell, scores: new Map([['simaou', { ...cell.scores.get('simaou')!, definedShares }]]) };
    }),
  );
  const [first, second] = layerContrasts(runOf(own));
  expect(first).toMatchObject({ metric: 'simaou', layer: 0, definedShare: 0.5, seeds: 2 });
  expect(first?.difference).toBeCloseTo(0.35, 12);
  expect(second).toMatchObject({ layer: 1, difference: null, definedShare: 0, seeds: 0 });
  expect(toCsv(layerTable([{ probe: 'label', layers: [second!] }])).split('\n')[1]).toBe(
    'label,simaou,mr,1,,,,,,0,0',
  );
});

test('rate curves: means over seeds, nothing where one diverged, and the rates that rules chose', () => {
  const row = { dataset: 'mr', method: 'GD', kl: 0, updateNorm: 0, simamDelta: null };
  const finished = { status: 'finished' as const, simaou: 0.1, goldNll: 1 };
  const diverged = { status: 'diverged' as const, simaou: null, goldNll: null, accuracy: null };
  const rates = {
    ...{ dataset: 'mr', method: 'GD', publishedRate: 0.1, target: null, objective: null },
    ...{ standardError: null, points: 2, seeds: 2, examples: 8, note: '' },
  };
  const { curves, levels } = rateCurves({
    curves: [
      { ...row, ...finished, seed: 1, learningRate: 1, accuracy: 0.5 },
      { ...row, ...diverged, seed: 2, learningRate: 1 },
      { ...row, ...finished, seed: 1, learningRate: 0.1, accuracy: 0.5 },
      { ...row, ...finished, seed: 2, learningRate: 0.1, accuracy: 1 },
      { ...row, ...finished, seed: 1, learningRate: null, method: 'ICL', accuracy: 0.9 },
    ],
    rates: [
      { ...rates, rule: 'published', learningRate: 0.1 },
      { ...rates, rule: 'best', learningRate: null },
    ],
  });
  expect(curves).toHaveLength(1);
  expect(curves[0]?.points.map(({ rate, values }) => [rate, values.accuracy])).toEqual([
    [0.1, 0.75],
    [1, null],
  ]);
  expect(valuesAt(curves[0]!, 'published')?.accuracy).toBe(0.75);
  expect(valuesAt(curves[0]!, 'best')).toBeUndefined();
  expect(levels).toMatchObject([{ method: 'ICL', values: { accuracy: 0.9 } }]);
});

test('behaviour: means over seeds, then over datasets, zero-shot first', () => {
  const measures = {
    ...{ js_divergence: 0, log_odds_correlation: null, rec2ftp: null, rec2ftp_lower_95: null },
    ...{
      rec2ftp_upper_95: null,
      rec2ftp_examples: 0,
      rec2ftp_base: null,
      next_token_overlap: null,
      kappa: 0,
    },
  };
  const own = (method: string, dataset: string, seed: number, agreement: number) => ({
    ...{ variant: 'trained', dataset, method, seed, permutation: 0, learningRate: 1 },
    measures: { ...measures, agreement },
  });
  const rows = behaviourRows({
    variants: ['trained'],
    outputs: [
      own('GD', 'mr', 1, 0.5),
      own('GD', 'mr', 2, 0.7),
      own('GD', 'cb', 1, 0.2),
      own('ZSL', 'mr', 1, 0.1),
    ],
  });
  expect(rows.map(({ method, dataset }) => [method, dataset])).toEqual([
    ...[
      ['ZSL', 'all'],
      ['ZSL', 'mr'],
      ['GD', 'all'],
      ['GD', 'mr'],
      ['GD', 'cb'],
    ],
  ]);
  expect(rows[2]?.measures.agreement).toBeCloseTo(0.4, 12);
});

test('settings have roles, rules and words', () => {
  expect(byRole(['ICL[order=1]', 'GD[noise]', 'GD']).map(({ role }) => role)).toEqual([
    'null',
    'learner',
    'ceiling',
  ]);
  expect(['GD', 'GD[steps=2,rate=matched-kl]', 'LCGD[tangent]'].map(ruleOf)).toEqual([
    ...['published', 'matched-kl', 'tangent'],
  ]);
  expect(inWords('ZSL[positions=icl]')).toBe("shifting the query's positions (ZSL[positions=icl])");
  expect(inWords('GD[steps=3]')).toBe('GD[steps=3]');
});

function gateRow(dataset: string, method: string, outcome: GateRow['outcome']): GateRow {
  return { ...{ dataset, method, outcome, rule: 'published', learningRate: 1 }, icl: null, learner: null };
}
