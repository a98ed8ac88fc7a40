import { describe, expect, test } from 'vitest';
import type { MeasuredCell } from '../measured.ts';
import { readPublishedCells } from '../published/read-published.ts';
import { type ClaimCase, judgeClaims } from './claims.ts';
import { around, measuredCell, runOf } from './test-support.ts';

const judge = (text: string, rows: readonly MeasuredCell[]) =>
  judgeClaims(runOf(rows)).find((claim) => claim.text.startsWith(text));

const label = ({ dataset, method }: ClaimCase) => `${dataset} ${method}`.trim();

test("scores around the paper's own means give the paper's own verdicts", () => {
  const rows = readPublishedCells()
    .filter(({ table, variant }) => table === 2 || variant !== 'trained')
    .map(({ metric, variant, method, dataset, mean }) =>
      measuredCell({ variant, method, dataset, examples: { [metric]: around(mean, 0.001) } }),
    );
  const verdicts = judgeClaims(runOf(rows)).map(({ text, published, verdict, cases }) => [
    text,
    published,
    verdict,
    cases.filter((own) => own.verdict === 'does not hold').map(label),
  ]);
  expect(verdicts).toEqual([
    ['LCGD > GD on SimAOU', '5 of 6 datasets', 'holds', ['agnews']],
    ['LCGD > GD on SimAM_Δ', '5 of 6 datasets', 'holds', ['agnews']],
    ['GD > LCGD on SimAM', '6 of 6 datasets', 'holds', []],
    ['SimAOU_norm > SimAOU', '11 of 12 cases', 'holds', ['sst5 LCGD']],
    ['untrained ≥ trained on SimAOU (GD)', '4 of 5 datasets', 'holds', ['cb']],
    [expect.stringContaining('layer norms ≥ trained'), '4 of 5 datasets', 'cannot be said', []],
    [expect.stringContaining('α'), 'α ≈ 0.1–0.2', 'cannot be said', []],
    [expect.stringContaining('`kv`'), expect.anything(), 'cannot be said', []],
    [expect.stringContaining('`released`'), expect.anything(), 'cannot be said', []],
  ]);
});

test('nothing measured gives no verdict and no case', () => {
  for (const { verdict, cases } of judgeClaims(runOf([])))
    expect([verdict, cases]).toEqual(['cannot be said', []]);
});

describe('LCGD > GD on SimAOU', () => {
  const scores = (
    gd: readonly (number | null)[],
    lcgd: readonly (number | null)[],
    dataset = 'mr',
  ): MeasuredCell[] => [
    measuredCell({ method: 'GD', dataset, examples: { simaou: gd } }),
    measuredCell({ method: 'LCGD', dataset, examples: { simaou: lcgd } }),
  ];
  const verdictOf = (rows: readonly MeasuredCell[]) => judge('LCGD > GD on SimAOU', rows)?.verdict;

  test('is paired: a small steady lead is seen through a large common spread', () => {
    const gd = around(0.2, 0.5);
    const lead = gd.map((value, i) => value + 0.01 + 0.001 * (i % 3));
    const claim = judge('LCGD > GD on SimAOU', scores(gd, lead));
    expect(claim?.verdict).toBe('holds');
    expect(claim?.cases[0]?.value).toBeCloseTo(0.011, 3);
    expect(claim?.cases[0]?.interval?.lower).toBeGreaterThan(0.009);
    expect(verdictOf(scores(lead, gd))).toBe('does not hold');
  });

  test('cannot be said where the interval has room for both', () => {
    expect(verdictOf(scores(around(0.2), around(0.2, -0.01)))).toBe('cannot be said');
  });

  test('equal scores are not greater', () => {
    expect(verdictOf(scores(around(0.2), around(0.2)))).toBe('does not hold');
  });

  test('a dataset where one method diverged or every cosine is undefined is no case', () => {
    const alone = measuredCell({ method: 'LCGD', dataset: 'cb', examples: { simaou: around(0.5) } });
    const undefinedScores = scores([null, null], [null, null], 'subj');
    const claim = judge('LCGD > GD', [...scores(around(0.1), around(0.3)), alone, ...undefinedScores]);
    expect(claim?.cases.map(({ dataset }) => dataset)).toEqual(['mr']);
  });

  test('examples that are undefined for one method are left out for both', () => {
    const claim = judge('LCGD > GD', scores([9, 0.1, 0.1, 0.1], [null, 0.3, 0.3, 0.3]));
    expect(claim?.cases[0]?.value).toBeCloseTo(0.2, 12);
  });

  test('a single example has a value and no verdict', () => {
    const [single] = judge('LCGD > GD', scores([0.1], [0.3]))?.cases ?? [];
    expect(single).toMatchObject({ verdict: 'cannot be said', interval: null });
    expect(single?.value).toBeCloseTo(0.2, 12);
  });

  test('seeds that disagree leave it open', () => {
    const both = [1, 2, 3].flatMap((seed) => [
      measuredCell({ method: 'GD', dataset: 'mr', seed, examples: { simaou: around(0.2) } }),
      measuredCell({
        method: 'LCGD',
        dataset: 'mr',
        seed,
        examples: { simaou: around(seed === 1 ? 0 : 0.5) },
      }),
    ]);
    expect(judge('LCGD > GD', both)).toMatchObject({ verdict: 'cannot be said', cases: [{ seeds: 3 }] });
  });
});

test.each([
  ['untrained ≥', 'untrained', 'layer-norm-only'],
  ['untrained but for its layer norms', 'layer-norm-only', 'untrained'],
])('%s … is about that variant alone', (text, variant, other) => {
  const of = (own: string, score: number) =>
    measuredCell({ variant: own, method: 'GD', dataset: 'mr', examples: { simaou: around(score) } });
  expect(judge(text, [of('trained', 0.2), of(variant, 0.5), of(other, 0)])?.verdict).toBe('holds');
  expect(judge(text, [of('trained', 0.2), of(variant, 0), of(other, 0.5)])?.verdict).toBe('does not hold');
});

test('untrained ≥ trained holds for equal scores', () => {
  const rows = ['trained', 'untrained'].map((variant) =>
    measuredCell({ variant, method: 'GD', dataset: 'mr', examples: { simaou: around(0.2) } }),
  );
  expect(judge('untrained ≥', rows)?.verdict).toBe('holds');
});

test.each([
  [0.2, 'holds'],
  [0.25, 'cannot be said'],
  [0.4, 'does not hold'],
])('α of %s: %s', (alpha, verdict) => {
  const cell = measuredCell({ method: '-', dataset: 'mr', examples: { alpha: around(alpha) } });
  expect(judge('GD and LCGD take', [cell])?.verdict).toBe(verdict);
});

describe('gradient norms', () => {
  const steps = (method: string, norms: readonly number[], variant = 'trained'): MeasuredCell =>
    measuredCell({ variant, method, dataset: 'mr', gradientNorms: norms.map((norm) => [norm]) });
  const judged = (cells: readonly MeasuredCell[]) =>
    judgeClaims(runOf(cells)).find(({ text }) => text.includes('`kv`'));

  test('are compared step by step, in orders of magnitude', () => {
    expect(judged([steps('GD', [1, 2, 3]), steps('LCGD', [20, 60, 50])])?.verdict).toBe('holds');
    expect(judged([steps('GD', [1, 2, 3]), steps('LCGD', [2, 2, 5])])?.verdict).toBe('does not hold');
    expect(judged([steps('GD', [1, 1, 1]), steps('LCGD', [100, 1000, 10])])?.cases[0]?.value).toBeCloseTo(1);
  });

  test('are those of each seed and dataset, paired within them', () => {
    const of = (method: string, dataset: string, seed: number, norms: readonly number[]) =>
      measuredCell({ method, dataset, seed, gradientNorms: norms.map((norm) => [norm]) });
    const claim = judged([
      ...[of('GD', 'mr', 5, [1, 1]), of('LCGD', 'mr', 5, [100, 100])],
      ...[of('GD', 'mr', 6, [100, 100]), of('LCGD', 'mr', 6, [1e5, 1e5])],
      ...[of('GD', 'cb', 5, [1, 1]), of('LCGD', 'cb', 5, [1, 1])],
    ]);
    // log₁₀ of the ratio is 2 and 3 for the seeds of mr, 0 for cb; one is taken off.
    expect(claim?.cases).toMatchObject([
      { dataset: 'mr', value: expect.closeTo(1.5, 12), seeds: 2 },
      { dataset: 'cb', value: expect.closeTo(-1, 12), seeds: 1 },
    ]);
  });

  test('are averaged over layers within a step', () => {
    const layers = (method: string, norms: readonly number[]) =>
      measuredCell({ method, dataset: 'mr', gradientNorms: [norms, norms] });
    // 150 / 1.5
    expect(judged([layers('GD', [1, 2]), layers('LCGD', [100, 200])])?.cases[0]?.value).toBeCloseTo(1, 12);
    expect(judged([layers('GD', [1, 3]), layers('LCGD', [0, 400])])?.cases[0]?.value).toBeCloseTo(1, 12);
  });

  test('of the released definition are judged apart', () => {
    const cell = (method: string, norm: number, released: number) =>
      measuredCell({
        ...{ method, dataset: 'mr' },
        gradientNorms: [[norm], [norm]],
        releasedGradientNorms: [[released], [released]],
      });
    const claims = judgeClaims(runOf([cell('GD', 1, 1), cell('LCGD', 1000, 2)]));
    const verdictOf = (definition: string) =>
      claims.find(({ text }) => text.includes(`\`${definition}\``))?.verdict;
    expect([verdictOf('kv'), verdictOf('released')]).toEqual(['holds', 'does not hold']);
  });

  test('of other variants do not count, nor do steps with a norm of zero', () => {
    const own = [steps('GD', [1, 0, 1]), steps('LCGD', [100, 100, 100])];
    expect(judged([...own, steps('LCGD', [1, 1, 1], 'untrained')])?.cases[0]?.value).toBeCloseTo(1);
    expect(judged([steps('GD', [1, 1])])?.verdict).toBe('cannot be said');
  });
});
