import { describe, expect, test } from 'vitest';
import type { MeasuredCell } from '../measured.ts';
import { readPublishedCells } from '../published/read-published.ts';
import { type ClaimCase, judgeClaims } from './claims.ts';
import { logNormRatio } from './gradient-norms.ts';
import { normRatiosOf } from './norm-ratio-table.ts';
import { around, measuredCell, runOf, seeds } from './test-support.ts';

const judge = (text: string, rows: readonly MeasuredCell[]) =>
  judgeClaims(runOf(rows)).find((claim) => claim.text.startsWith(text));

const label = ({ dataset, method }: ClaimCase) => `${dataset} ${method}`.trim();

/** Every cell of the tables as the paper has it, under three seeds. */
const PAPERS_OWN = readPublishedCells()
  .filter(({ table, variant }) => table === 2 || variant !== 'trained')
  .flatMap(({ metric, variant, method, dataset, mean }) =>
    seeds({ variant, method, dataset, examples: { [metric]: around(mean, 0.001) } }),
  );

test("the paper's own means: what holds on a dataset need not hold for datasets", () => {
  const verdicts = judgeClaims(runOf(PAPERS_OWN)).map(({ text, role, published, verdict, cases }) => [
    ...[text, role, published, verdict],
    cases.filter((own) => own.verdict !== 'holds').map((own) => `${label(own)}: ${own.verdict}`),
  ]);
  expect(verdicts).toEqual([
    ['LCGD > GD on SimAOU', 'confirmatory', '5 of 6 datasets', 'inconclusive', ['agnews: does not hold']],
    ['LCGD > GD on SimAM_Δ', 'confirmatory', '5 of 6 datasets', 'inconclusive', ['agnews: does not hold']],
    ['GD > LCGD on SimAM', 'exploratory', '6 of 6 datasets', 'inconclusive', []],
    ['SimAOU_norm > SimAOU', 'exploratory', '11 of 12 cases', 'holds', ['sst5 LCGD: does not hold']],
    [
      'untrained ≥ trained on SimAOU (GD)',
      'exploratory',
      '4 of 5 datasets',
      'inconclusive',
      ['cb: does not hold'],
    ],
    [expect.stringContaining('layer norms ≥ trained'), 'exploratory', '4 of 5 datasets', 'inconclusive', []],
    [expect.stringContaining('α'), 'exploratory', 'α ≈ 0.1–0.2', 'inconclusive', []],
    [expect.stringContaining('`kv`'), 'exploratory', expect.anything(), 'inconclusive', []],
    [expect.stringContaining('`released`'), 'exploratory', expect.anything(), 'inconclusive', []],
  ]);
});

test('datasets together are tested with datasets as units', () => {
  const [simaou] = judgeClaims(runOf(PAPERS_OWN));
  expect(simaou?.across).toHaveLength(1);
  const [across] = simaou!.across;
  // Differences 0.08, 0.07, 0.04, 0.12, −0.05 and 0.13 of Table 2.
  expect(across?.mean).toBeCloseTo(0.065, 10);
  expect(across?.interval.lower).toBeCloseTo(-0.0035, 3);
  expect(across?.interval.upper).toBeCloseTo(0.1335, 3);
  expect(across).toMatchObject({ datasets: 6, signFlipP: 6 / 64, verdict: 'inconclusive' });
  expect(across?.toSettle).toBeGreaterThan(6);
});

test('what was declared is about the published rates: at another everything is exploratory', () => {
  const other = PAPERS_OWN.map((cell) => (cell.dataset === 'mr' ? { ...cell, learningRate: 0.5 } : cell));
  expect(new Set(judgeClaims(runOf(other)).map(({ role }) => role))).toEqual(new Set(['exploratory']));
});

test('settings beside GD and LCGD are no part of any claim', () => {
  const others = ['GD[labels=wrong]', 'LCGD[rate=best]', 'ICL[disjoint]'].flatMap((method) =>
    seeds({ method, dataset: 'mr', examples: { simaou: around(0.9), simam_delta: around(0.9) } }),
  );
  expect(judgeClaims(runOf([...PAPERS_OWN, ...others]))).toEqual(judgeClaims(runOf(PAPERS_OWN)));
});

test('more claims make every p-value larger, and those declared beforehand are not among the others', () => {
  const gd = (mean: number) =>
    seeds({ method: 'GD', dataset: 'mr', examples: { simaou: around(mean, 0.1), simam: around(mean, 0.1) } });
  const lcgd = seeds({
    method: 'LCGD',
    dataset: 'mr',
    examples: { simaou: around(0.21, 0.13), simam: around(0.21, 0.13) },
  });
  const claims = judgeClaims(runOf([...gd(0.2), ...lcgd]));
  const find = (text: string) => claims.find((claim) => claim.text === text)?.cases[0];
  const [simaou, simam] = [find('LCGD > GD on SimAOU'), find('GD > LCGD on SimAM')];
  expect(simaou?.adjustedP).toBe(simaou?.p);
  // One exploratory case as well.
  expect(simam?.adjustedP).toBe(simam?.p);
  const alpha = seeds({ method: '-', dataset: 'mr', examples: { alpha: around(0.1) } });
  const more = judgeClaims(runOf([...gd(0.2), ...lcgd, ...alpha])).find(
    ({ text }) => text === 'GD > LCGD on SimAM',
  );
  expect(more?.cases[0]?.adjustedP).toBeGreaterThanOrEqual(simam?.p as number);
  expect(more?.cases[0]?.p).toBe(simam?.p);
});

test('nothing measured gives no verdict and no case', () => {
  for (const { verdict, cases } of judgeClaims(runOf([])))
    expect([verdict, cases]).toEqual(['inconclusive', []]);
});

describe('LCGD > GD on SimAOU', () => {
  const scores = (
    gd: readonly (number | null)[],
    lcgd: readonly (number | null)[],
    dataset = 'mr',
  ): MeasuredCell[] => [
    ...seeds({ method: 'GD', dataset, examples: { simaou: gd } }),
    ...seeds({ method: 'LCGD', dataset, examples: { simaou: lcgd } }),
  ];
  const claimOf = (rows: readonly MeasuredCell[]) => judge('LCGD > GD on SimAOU', rows);
  const verdictOf = (rows: readonly MeasuredCell[]) => claimOf(rows)?.cases[0]?.verdict;

  test('is paired: a small steady lead is seen through a large common spread', () => {
    const gd = around(0.2, 0.5);
    const lead = gd.map((value, i) => value + 0.01 + 0.001 * (i % 3));
    const [own] = claimOf(scores(gd, lead))?.cases ?? [];
    expect(own?.verdict).toBe('holds');
    expect(own?.value).toBeCloseTo(0.011, 3);
    expect(own?.interval?.lower).toBeGreaterThan(0.009);
    expect(verdictOf(scores(lead, gd))).toBe('does not hold');
  });

  test('is inconclusive where the interval has room for both, and says how many seeds would settle it', () => {
    const gd = around(0.2);
    const lcgd = (seed: number) =>
      measuredCell({ method: 'LCGD', dataset: 'mr', seed, examples: { simaou: around(0.2 + seed / 10) } });
    const rows = [
      ...seeds({ method: 'GD', dataset: 'mr', examples: { simaou: gd } }),
      ...[1, 2, -1].flatMap((lead, i) => ({ ...lcgd(lead), seed: i + 1 })),
    ];
    const [own] = claimOf(rows)?.cases ?? [];
    expect(own).toMatchObject({ verdict: 'inconclusive', basis: 'seeds', seeds: 3 });
    // A lead of 0.067 with a deviation of 0.153 over seeds: 2.07 · 0.153 / √23.
    expect(own?.toSettle).toBe(23);
  });

  test('is inconclusive with a single seed, whose examples say nothing about other demonstrations', () => {
    const rows = scores(around(0.1), around(0.4)).filter(({ seed }) => seed === 1);
    expect(claimOf(rows)?.cases[0]).toMatchObject({
      ...{ verdict: 'inconclusive', basis: 'examples', seeds: 1, p: null, toSettle: null },
      interval: { lower: expect.closeTo(0.3, 3) },
    });
  });

  test('on one dataset says nothing of datasets', () => {
    const one = claimOf(scores(around(0.1), around(0.4)));
    expect(one).toMatchObject({ verdict: 'inconclusive', across: [], cases: [{ verdict: 'holds' }] });
    const several = ['mr', 'cb', 'sst2'].flatMap((dataset, i) =>
      scores(around(0.1), around(0.4 + i / 100), dataset),
    );
    expect(claimOf(several)).toMatchObject({ verdict: 'holds', across: [{ datasets: 3, signFlipP: 0.25 }] });
  });

  test('equal scores are not greater', () => {
    expect(verdictOf(scores(around(0.2), around(0.2)))).toBe('does not hold');
  });

  test('a dataset where one method diverged or every cosine is undefined is no case', () => {
    const alone = seeds({ method: 'LCGD', dataset: 'cb', examples: { simaou: around(0.5) } });
    const undefinedScores = scores([null, null], [null, null], 'subj');
    const claim = judge('LCGD > GD', [...scores(around(0.1), around(0.3)), ...alone, ...undefinedScores]);
    expect(claim?.cases.map(({ dataset }) => dataset)).toEqual(['mr']);
  });

  test('examples that are undefined for one method are left out for both', () => {
    const claim = judge('LCGD > GD', scores([9, 0.1, 0.1, 0.1], [null, 0.3, 0.3, 0.3]));
    expect(claim?.cases[0]?.value).toBeCloseTo(0.2, 12);
  });

  test('a single example of a single seed has a value and no interval', () => {
    const rows = scores([0.1], [0.3]).filter(({ seed }) => seed === 1);
    const [single] = judge('LCGD > GD', rows)?.cases ?? [];
    expect(single).toMatchObject({ verdict: 'inconclusive', interval: null });
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
    expect(judge('LCGD > GD', both)).toMatchObject({
      cases: [{ verdict: 'inconclusive', seeds: 3 }],
    });
  });
});

test.each([
  ['untrained ≥', 'untrained', 'layer-norm-only'],
  ['untrained but for its layer norms', 'layer-norm-only', 'untrained'],
])('%s … is about that variant alone', (text, variant, other) => {
  const of = (own: string, score: number) =>
    seeds({ variant: own, method: 'GD', dataset: 'mr', examples: { simaou: around(score) } });
  const verdict = (own: number, others: number) =>
    judge(text, [...of('trained', 0.2), ...of(variant, own), ...of(other, others)])?.cases[0]?.verdict;
  expect(verdict(0.5, 0)).toBe('holds');
  expect(verdict(0, 0.5)).toBe('does not hold');
});

test('untrained ≥ trained is non-inferiority: it may fall short, but surely by less than the margin', () => {
  const verdict = (score: number, margin?: number) => {
    const rows = [0.2, score].flatMap((mean, i) =>
      seeds({
        variant: i ? 'untrained' : 'trained',
        method: 'GD',
        dataset: 'mr',
        examples: { simaou: around(mean, 0.01 * (i + 1)) },
      }),
    );
    return judgeClaims(runOf(rows), margin).find(({ text }) => text.startsWith('untrained ≥'))?.cases[0]
      ?.verdict;
  };
  expect(verdict(0.2)).toBe('holds');
  expect(verdict(0.17)).toBe('holds');
  expect(verdict(0.17, 0.01)).toBe('does not hold');
  expect(verdict(0.15)).toBe('inconclusive');
  expect(verdict(0.1)).toBe('does not hold');
});

test.each([
  [0.2, 'holds'],
  [0.25, 'inconclusive'],
  [0.4, 'does not hold'],
])('α of %s: %s', (alpha, verdict) => {
  const cells = seeds({ method: '-', dataset: 'mr', examples: { alpha: around(alpha) } });
  expect(judge('GD and LCGD take', cells)?.cases[0]?.verdict).toBe(verdict);
});

test('an α below the limit by half as much leaves half as much above zero', () => {
  const cells = [0.1, 0.2, 0.15].map((alpha, i) =>
    measuredCell({ method: '-', dataset: 'mr', seed: i, examples: { alpha: around(alpha) } }),
  );
  const [own] = judge('GD and LCGD take', cells)?.cases ?? [];
  expect(own?.value).toBeCloseTo(0.1, 12);
  expect((own?.interval?.upper as number) - 0.1).toBeCloseTo(0.1 - (own?.interval?.lower as number), 6);
  expect(own?.interval?.lower).toBeLessThan(0.1);
});

describe('gradient norms', () => {
  const norms = (
    method: string,
    seed: number,
    steps: readonly (readonly number[])[],
    more = {},
  ): MeasuredCell => measuredCell({ method, dataset: 'mr', seed, gradientNorms: steps, ...more });
  /** [layer] of each seed, one step. */
  const both = (gd: readonly (readonly number[])[], lcgd: readonly (readonly number[])[]) => [
    ...gd.map((own, seed) => norms('GD', seed, [own])),
    ...lcgd.map((own, seed) => norms('LCGD', seed, [own])),
  ];
  const judged = (cells: readonly MeasuredCell[]) =>
    judgeClaims(runOf(cells)).find(({ text }) => text.includes('`kv`'))?.cases[0];

  test('are compared in orders of magnitude, over seeds', () => {
    const gd = [[1], [2], [3]];
    expect(judged(both(gd, [[200], [500], [700]]))?.verdict).toBe('holds');
    expect(judged(both(gd, [[2], [3], [7]]))?.verdict).toBe('does not hold');
    expect(judged(both(gd, [[2], [300], [70]]))).toMatchObject({ verdict: 'inconclusive', basis: 'seeds' });
    // log₁₀ 100 − 1
    expect(judged(both([[1], [1]], [[100], [100]]))?.value).toBeCloseTo(1, 12);
  });

  test('of a single seed have no interval, however many steps it has', () => {
    const steps = Array.from({ length: 32 }, (_, i) => [1 + (i % 3)]);
    const own = judged([
      norms('GD', 1, steps),
      norms(
        'LCGD',
        1,
        steps.map(([norm]) => [100 * (norm as number)]),
      ),
    ]);
    expect(own).toMatchObject({ value: expect.closeTo(1, 12), interval: null, verdict: 'inconclusive' });
  });

  test('are means over steps, compared layer by layer', () => {
    const cells = [
      norms('GD', 1, [
        [1, 10],
        [3, 10],
      ]),
      norms('LCGD', 1, [
        [20, 10],
        [20, 10],
      ]),
    ];
    // Layers: 20 / 2 and 10 / 10.
    const { overall, layers } = logNormRatio(cells, 'kv', 'mr');
    expect(layers.map(({ value }) => value)).toEqual([expect.closeTo(1, 12), expect.closeTo(0, 12)]);
    expect(overall.value).toBeCloseTo(0.5, 12);
    expect(normRatiosOf(cells)).toMatchObject([
      { definition: 'kv', dataset: 'mr', layer: 0, seeds: 1 },
      { definition: 'kv', dataset: 'mr', layer: 1, seeds: 1 },
    ]);
  });

  test('are those of each seed and dataset, paired within them', () => {
    const of = (method: string, dataset: string, seed: number, norm: number) =>
      norms(method, seed, [[norm], [norm]], { dataset });
    const claim = judgeClaims(
      runOf([
        ...[of('GD', 'mr', 5, 1), of('LCGD', 'mr', 5, 100)],
        ...[of('LCGD', 'mr', 6, 1e5), of('GD', 'mr', 6, 100)],
        ...[of('GD', 'cb', 5, 1), of('LCGD', 'cb', 5, 1)],
      ]),
    ).find(({ text }) => text.includes('`kv`'));
    // log₁₀ of the ratio is 2 and 3 for the seeds of mr, 0 for cb; one is taken off.
    expect(claim?.cases).toMatchObject([
      { dataset: 'mr', value: expect.closeTo(1.5, 12), seeds: 2 },
      { dataset: 'cb', value: expect.closeTo(-1, 12), seeds: 1 },
    ]);
  });

  test('of the released definition are judged apart', () => {
    const cells = [1, 2, 3].flatMap((seed) => [
      norms('GD', seed, [[1]], { releasedGradientNorms: [[1]] }),
      norms('LCGD', seed, [[1000 + seed]], { releasedGradientNorms: [[2 + seed / 10]] }),
    ]);
    const claims = judgeClaims(runOf(cells));
    const verdictOf = (definition: string) =>
      claims.find(({ text }) => text.includes(`\`${definition}\``))?.cases[0]?.verdict;
    expect([verdictOf('kv'), verdictOf('released')]).toEqual(['holds', 'does not hold']);
  });

  test('of other variants do not count, nor do layers with a norm of zero', () => {
    const own = [norms('GD', 1, [[1, 0]]), norms('LCGD', 1, [[100, 100]])];
    const other = norms('LCGD', 2, [[1, 1]], { variant: 'untrained' });
    expect(judged([...own, other])).toMatchObject({ value: expect.closeTo(1, 12), seeds: 1 });
    expect(judged([norms('GD', 1, [[1]])])).toBeUndefined();
  });
});
