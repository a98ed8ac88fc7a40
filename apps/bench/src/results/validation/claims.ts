import { groupBy } from '../../experiment/group-by.ts';
import { type AcrossDatasets, acrossDatasets, datasetsNeeded } from '../inference/across-datasets.ts';
import { DEFAULT_MARGIN } from '../inference/margin.ts';
import { type Estimate, pValue } from '../inference/estimate.ts';
import { holm } from '../inference/holm.ts';
import { seedsNeeded } from '../inference/seeds-needed.ts';
import type { MeasuredRun } from '../measured.ts';
import { readPublishedHyperparameters } from '../published/read-published.ts';
import { type Claim, claimList } from './claim-list.ts';
import { ExampleScores } from './example-scores.ts';
import { SIGNIFICANCE, type Verdict, judgeAbove, judgeAll } from './verdict.ts';

/** What a test of a claim gave. */
interface Tested {
  /** GD or LCGD where a claim has a case for each, else empty. */
  readonly method: string;
  /** Two-sided, against {@link JudgedClaim.against}; null without an interval. */
  readonly p: number | null;
  /** By Holm's method, over all tests of the same kind and role. */
  readonly adjustedP: number | null;
  /** Null where model or data are not the paper's: there nothing is judged. */
  readonly verdict: Verdict | null;
  /** Where it is inconclusive: about how many seeds (datasets, of several datasets) would settle it; null where that is not known. */
  readonly toSettle: number | null;
}

/** One of the paper's findings on one dataset (and method). */
export interface ClaimCase extends Estimate, Tested {
  readonly dataset: string;
}

/** One of the paper's findings on several datasets, which are the units. */
export interface ClaimAcross extends AcrossDatasets, Omit<Tested, 'p'> {}

/** One of the findings of arXiv 2311.07772v4, judged by what a run measured. */
export interface JudgedClaim extends Pick<Claim, 'text' | 'quantity' | 'published' | 'role' | 'against'> {
  /** By the datasets together; null where nothing is judged. */
  readonly verdict: Verdict | null;
  /** One a method; none with fewer than two datasets. */
  readonly across: readonly ClaimAcross[];
  /** The cases that were measured. */
  readonly cases: readonly ClaimCase[];
}

type Untested = Omit<JudgedClaim, 'cases' | 'across' | 'verdict'> & {
  readonly cases: readonly (Estimate & { readonly dataset: string; readonly method: string })[];
};

/**
 * Judges every claim on each dataset, and on all of them with datasets as units. p-values are Holm's, over claims and datasets, those of
 * the confirmatory claims apart from the exploratory ones. Of a model or data that are not the paper's there are the numbers alone.
 */
export function judgeClaims(
  { cells, paper }: Pick<MeasuredRun, 'cells' | 'paper'>,
  margin = DEFAULT_MARGIN,
): JudgedClaim[] {
  const examples = new ExampleScores(cells);
  const declared = atPublishedRates(cells);
  const claims = claimList(margin).map(({ cases, role, ...claim }): Untested => ({
    ...claim,
    role: declared ? role : 'exploratory',
    cases: examples.datasets.flatMap((dataset) =>
      cases({ examples, cells }, dataset).flatMap(({ method = '', ...own }) =>
        own.value === null ? [] : [{ ...own, dataset, method }],
      ),
    ),
  }));
  const judged = paper.datasets.size > 0;
  return (['confirmatory', 'exploratory'] as const)
    .flatMap((role) =>
      testFamily(
        claims.filter((claim) => claim.role === role),
        paper.datasets,
      ),
    )
    .map((claim) => ({
      ...claim,
      verdict: judged ? judgeAll(claim.across.map(({ verdict }) => verdict ?? 'inconclusive')) : null,
    }));
}

/** Other rates than the published ones are another question than the one that was declared beforehand. */
function atPublishedRates(cells: MeasuredRun['cells']): boolean {
  const rates = new Map(readPublishedHyperparameters().map((own) => [own.dataset, own.learning_rate]));
  return cells
    .filter(({ method }) => method === 'GD' || method === 'LCGD')
    .every(({ dataset, learningRate }) => (rates.get(dataset) ?? learningRate) === learningRate);
}

function testFamily(claims: readonly Untested[], paper: ReadonlySet<string>): Omit<JudgedClaim, 'verdict'>[] {
  const cases = adjusted(
    claims.flatMap(({ against, cases: own }, claim) =>
      own.map((each) => ({ ...each, claim, against, p: each.seeds > 1 ? pValue(each, against) : null })),
    ),
  ).map(({ level, claim, against, ...own }): ClaimCase & { claim: number } => {
    const verdict = judgeAbove(own.value, own.interval, own.adjustedP, against);
    const toSettle =
      verdict === 'inconclusive' && own.spread && own.value !== null
        ? seedsNeeded([own.spread], {
            ...{ halfWidth: Math.abs(own.value - against), level, measured: own.seeds },
          })
        : null;
    return { ...own, claim, toSettle, verdict: paper.has(own.dataset) ? verdict : null };
  });
  const across = adjusted(
    claims.flatMap(({ against, cases: own }, claim) =>
      [
        ...groupBy(
          own.filter(({ dataset }) => paper.size === 0 || paper.has(dataset)),
          ({ method }) => method,
        ),
      ].flatMap(([method, some]) => {
        const units = acrossDatasets(
          some.flatMap(({ value }) => value ?? []),
          against,
        );
        return units ? [{ ...units, method, claim, against }] : [];
      }),
    ),
  ).map(({ level, claim, against, ...own }): ClaimAcross & { claim: number } => {
    const verdict = judgeAbove(own.mean, own.interval, own.adjustedP, against);
    const toSettle = verdict === 'inconclusive' ? datasetsNeeded(own, against, level) : null;
    return { ...own, claim, toSettle, verdict: paper.size === 0 ? null : verdict };
  });
  return claims.map((claim, index) => ({
    ...claim,
    cases: ofClaim(cases, index),
    across: ofClaim(across, index),
  }));
}

function ofClaim<T extends { readonly claim: number }>(all: readonly T[], index: number): Omit<T, 'claim'>[] {
  return all.flatMap(({ claim, ...own }) => (claim === index ? [own] : []));
}

/** Holm's p-values, and the level at which each test has to be significant. */
function adjusted<T extends { readonly p: number | null }>(
  tests: readonly T[],
): (T & { readonly adjustedP: number | null; readonly level: number })[] {
  const ps = tests.flatMap(({ p }) => p ?? []);
  const all = holm(ps);
  let next = 0;
  return tests.map((test) => {
    if (test.p === null) return { ...test, adjustedP: null, level: 1 - SIGNIFICANCE };
    const adjustedP = all[next++] as number;
    const times = adjustedP < 1 && test.p > 0 ? Math.min(ps.length, adjustedP / test.p) : ps.length;
    return { ...test, adjustedP, level: 1 - SIGNIFICANCE / times };
  });
}
