import { describe, expect, test } from 'vitest';
import type { GateRow, MeasuredDevelopment } from '../../development/measured-development.ts';
import type { GradientNormRow } from '../../training-rows.ts';
import { roleOf } from '../../../experiment/setting.ts';
import { judgeLearned } from '../gated-claims.ts';
import { around, measuredCell, runOf, seeds } from '../test-support.ts';
import { renderValidation } from '../render.ts';
import { renderSummaryPage } from '../summary.ts';
import { validate } from '../validate.ts';
import { likenessOf } from '../likeness/likeness.ts';
import { contrastSection } from './contrasts.ts';
import { ladderSection } from './ladder.ts';
import { factorialOf } from './precision.ts';

/** Scores of settings on two datasets. */
const cellsOf = (scores: Readonly<Record<string, number>>, apart = 0.01) =>
  ['mr', 'cb'].flatMap((dataset, i) =>
    Object.entries(scores).flatMap(([method, score]) =>
      seeds({
        method,
        dataset,
        examples: { simaou: around(score + apart * i * (method === 'GD' ? -1 : 1)) },
      }),
    ),
  );
/** What is said of likeness, without pictures. */
const pageOf = (scores: Readonly<Record<string, number>>, apart?: number): string => {
  const ids = Object.keys(scores);
  const learners = ids.filter((id) => roleOf(id) === 'learner');
  const controls = ids.filter((id) => roleOf(id) !== 'learner');
  const likeness = likenessOf({
    probe: 'label',
    run: runOf(cellsOf(scores, apart), { methods: learners, controls }),
  });
  return [...ladderSection([likeness], []), ...contrastSection([likeness])]
    .map(({ source }) => source)
    .join('\n');
};

describe('captions say what the numbers say', () => {
  test('of a learner that is no higher than a null', () => {
    expect(pageOf({ GD: 0.17, 'ZSL[positions=icl]': 0.31 })).toContain(
      String.raw`**GD's SimAOU, 0.165, is lower than that of shifting the query's positions (ZSL\[positions=icl\]), 0.315** (difference −0.150 \[`,
    );
    expect(pageOf({ GD: 0.17, 'ZSL[positions=icl]': 0.18 }, 0.1)).toMatch(
      /is no higher than that of shifting .* \(inconclusive, difference −0\.110 .*; settled by about \d+ datasets\)/,
    );
  });

  test('of one that is above every null, and of one that is not surely', () => {
    expect(pageOf({ GD: 0.6, 'GD[noise]': 0.01, 'ZSL[positions=icl]': 0.31 })).toMatch(
      /GD's SimAOU, 0\.595, is above that of every null\*\*; the highest is that of shifting/,
    );
    expect(pageOf({ GD: 0.6, 'ZSL[positions=icl]': 0.31 }, 0.2)).toMatch(
      /is not surely higher than that of shifting .* \(inconclusive, difference \+0\.090/,
    );
  });

  test('of one without any null that nothing can be said', () => {
    expect(pageOf({ GD: 0.6 })).toContain("**GD's SimAOU, 0.595, has no null beside it**");
  });

  test('of wrong labels beside the ceiling', () => {
    expect(pageOf({ GD: 0.6, 'ICL[labels=wrong]': 0.8, 'ICL[disjoint]': 0.9 })).toContain(
      String.raw`With wrong labels in the context (ICL\[labels=wrong\]) SimAOU is 0.805; with other demonstrations (ICL\[disjoint\]) it is 0.905.`,
    );
  });

  test('of a sign that survives, one that does not, and one that nothing can be said of', () => {
    const rates = { GD: 0.1, LCGD: 0.4, 'GD[rate=best]': 0.1 };
    expect(pageOf({ ...rates, 'LCGD[rate=best]': 0.3 }, 0.001)).toContain(
      '* SimAOU: LCGD − GD is +0.301 at published rates. **Its sign survives**: it is the same under best (+0.200)',
    );
    expect(pageOf({ ...rates, 'LCGD[rate=best]': 0 }, 0.001)).toContain(
      '**Its sign does not survive**: clear of 0, it is published (+0.301) and best (−0.100).',
    );
    expect(pageOf({ ...rates, LCGD: 0.15, 'LCGD[rate=best]': 0.11 }, 0.02)).toMatch(
      /\*\*Whether its sign survives is inconclusive\*\*: the mean has the same sign under best \(\+0\.010\), and intervals include 0 under published\./,
    );
    expect(pageOf({ GD: 0.1, LCGD: 0.4 })).toContain('whether its sign survives cannot be said');
  });
});

describe('the gate', () => {
  const gate = (method: string, dataset: string, outcome: GateRow['outcome']): GateRow => ({
    ...{ dataset, method, outcome, rule: 'published', learningRate: 1 },
    icl: { mean: 0.25, lower: 0.125, upper: 0.5 },
    learner: { mean: 0, lower: -0.25, upper: 0.25 },
  });
  const development = (rows: readonly GateRow[]): MeasuredDevelopment => ({
    rates: [],
    curves: [],
    gate: rows,
  });
  const cells = cellsOf({ GD: 0.1, LCGD: 0.4 });
  const norms = ['GD', 'LCGD'].flatMap((method) =>
    [1, 2].map((seed) =>
      measuredCell({ method, dataset: 'mr', seed, gradientNorms: [[method === 'GD' ? 1 : 100]] }),
    ),
  );
  const closed = development([
    gate('GD', 'mr', 'nothing was learned'),
    gate('LCGD', 'mr', 'learned'),
    gate('GD', 'cb', 'undecided'),
    gate('LCGD', 'cb', 'learned'),
  ]);

  test('stands before everything else, in words and as a table', () => {
    const page = renderSummaryPage(validate(runOf(cells, { development: closed })));
    expect(page.indexOf('## Was anything learned?')).toBeLessThan(page.indexOf('## How alike'));
    expect(page).toContain('* ICL beats zero-shot on 2 of 2 datasets.');
    expect(page).toContain('* GD learned something on 0 of 2, nothing on 1 (mr), undecided on 1 (cb).');
    expect(page).toContain('| GD | +0.000<br>[−0.250,\u00A00.250]<br>nothing was learned |');
    expect(renderSummaryPage(validate(runOf(cells)))).toContain('**Not measured**');
  });

  test('a closed one leaves a case without verdict on the claim, and out of the datasets together', () => {
    const [claim] = judgeLearned(runOf(cells, { development: closed }));
    expect(claim?.cases.map(({ dataset, verdict, p }) => [dataset, verdict, p])).toEqual([
      ['mr', 'nothing was learned', null],
      ['cb', 'inconclusive', null],
    ]);
    expect(claim).toMatchObject({ across: [], verdict: 'inconclusive' });
    const open = judgeLearned(runOf(cells))[0];
    expect(open?.cases.map(({ verdict }) => verdict)).toEqual(['holds', 'holds']);
  });

  test('where nothing was learned anywhere the claim says so', () => {
    const nothing = development(['mr', 'cb'].map((dataset) => gate('GD', dataset, 'nothing was learned')));
    const run = runOf(cells, { development: nothing });
    expect(judgeLearned(run)[0]?.verdict).toBe('nothing was learned');
    const validation = validate(run);
    expect(renderSummaryPage(validation)).toContain('∅ nothing was learned');
    expect(renderValidation(validation)).toContain('nothing learned for');
  });

  test('what is about no likeness has none', () => {
    const claims = judgeLearned(runOf([...cells, ...norms], { development: closed }));
    const own = claims.find(({ text }) => text.includes('`kv`'));
    expect(own?.cases).toHaveLength(1);
    expect(own?.cases[0]?.verdict).not.toBe('nothing was learned');
  });
});

test('gradient norms: every definition, means of logarithms, first and last step', () => {
  const row = { variant: 'trained', dataset: 'mr', seed: 1, permutation: 0, learningRate: 1, layer: 0 };
  const norm = (method: string, step: number, value: number): GradientNormRow => ({
    ...{ ...row, method, step, value },
    ...{ parameters: 'kv', reduction: 'mean', gradients: 'reset' },
  });
  const rows = factorialOf([norm('GD', 0, 1), norm('GD', 0, 100), norm('LCGD', 0, 100), norm('GD', 7, 2)]);
  expect(rows).toEqual([
    expect.objectContaining({ step: 'first', gd: expect.closeTo(10, 10), lcgd: expect.closeTo(100, 10) }),
    expect.objectContaining({ step: 'last', gd: 2, lcgd: null, ratio: null }),
  ]);
  expect(rows[0]?.ratio).toBeCloseTo(1, 10);
});
