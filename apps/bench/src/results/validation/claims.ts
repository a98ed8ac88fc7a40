import { type PublishedCell, readPublishedCells } from '../published/read-published.ts';
import type { MeasuredCell, MeasuredRun } from '../measured.ts';
import type { ScoreKey } from '../seed-means.ts';
import { type Estimate, ExampleScores } from './example-scores.ts';
import { type GradientNormDefinition, logNormRatio } from './gradient-norms.ts';
import { type Verdict, judgeShare, judgeSign } from './verdict.ts';

/** One of the paper's findings on one dataset (and method). */
export interface ClaimCase extends Estimate {
  readonly dataset: string;
  /** GD or LCGD where a claim has a case for each, else empty. */
  readonly method: string;
  /** Null where model or data are not the paper's: there nothing is judged. */
  readonly verdict: Verdict | null;
}

/** One of the findings of arXiv 2311.07772v4, judged by what a run measured. */
export interface JudgedClaim {
  readonly text: string;
  /** What {@link ClaimCase.value} is; the claim holds for a case if it is above zero. */
  readonly quantity: string;
  /** How often the paper itself has it. */
  readonly published: string;
  /** By the cases that are judged; null where none may be. */
  readonly verdict: Verdict | null;
  /** The cases that were measured. */
  readonly cases: readonly ClaimCase[];
}

interface Comparison {
  /** Where a claim has a case for each method, else empty. */
  readonly method: string;
  readonly greater: Omit<ScoreKey, 'dataset'>;
  readonly smaller: Omit<ScoreKey, 'dataset'>;
}

interface Evidence {
  readonly examples: ExampleScores;
  readonly cells: readonly MeasuredCell[];
}

interface Claim {
  readonly text: string;
  readonly quantity: string;
  readonly published: string;
  /** Least share of cases to say that it holds: the paper's own. */
  readonly share: number;
  readonly orEqual?: boolean;
  readonly cases: (evidence: Evidence, dataset: string) => (Estimate & { readonly method?: string })[];
}

/** Above the paper's 0.1 to 0.2, and far below the 1 of two equal optimisers. */
const ALPHA_LIMIT = 0.25;

/**
 * Judges every claim by 95 % bootstrap intervals over seeds and examples; paired where two scores are compared. Of a model or
 * data that are not the paper's there are the numbers alone.
 */
export function judgeClaims({ cells, paper }: Pick<MeasuredRun, 'cells' | 'paper'>): JudgedClaim[] {
  const evidence = { examples: new ExampleScores(cells), cells };
  return CLAIMS.map(({ text, quantity, published, share, orEqual = false, cases }) => {
    const judged = evidence.examples.datasets.flatMap((dataset) =>
      cases(evidence, dataset).flatMap(({ method = '', ...own }): ClaimCase[] =>
        own.value === null
          ? []
          : [
              {
                ...{ ...own, dataset, method },
                verdict: paper.datasets.has(dataset) ? judgeSign(own.interval, orEqual) : null,
              },
            ],
      ),
    );
    const verdicts = judged.flatMap((own) => own.verdict ?? []);
    const verdict = paper.datasets.size === 0 ? null : judgeShare(verdicts, share);
    return { text, quantity, published, verdict, cases: judged };
  });
}

function key(metric: string, method: string, variant = 'trained'): Omit<ScoreKey, 'dataset'> {
  return { metric, method, variant };
}

function comparison(
  text: string,
  share: number,
  comparisons: readonly Comparison[],
  options: { readonly orEqual?: boolean; readonly publishedVariant?: string } = {},
): Claim {
  return {
    text,
    quantity: 'difference',
    published: countPublished(comparisons, options),
    share,
    orEqual: options.orEqual ?? false,
    cases: ({ examples }, dataset) =>
      comparisons.map(({ method, greater, smaller }) => ({
        method,
        ...examples.difference({ ...greater, dataset }, { ...smaller, dataset }),
      })),
  };
}

const CLAIMS: readonly Claim[] = [
  comparison('LCGD > GD on SimAOU', 5 / 6, [
    { method: '', greater: key('simaou', 'LCGD'), smaller: key('simaou', 'GD') },
  ]),
  comparison('LCGD > GD on SimAM_Δ', 5 / 6, [
    { method: '', greater: key('simam_delta', 'LCGD'), smaller: key('simam_delta', 'GD') },
  ]),
  comparison('GD > LCGD on SimAM', 1, [
    { method: '', greater: key('simam', 'GD'), smaller: key('simam', 'LCGD') },
  ]),
  comparison(
    'SimAOU_norm > SimAOU',
    5 / 6,
    ['GD', 'LCGD'].map((method) => ({
      method,
      greater: key('simaou_norm', method),
      smaller: key('simaou', method),
    })),
  ),
  comparison(
    'untrained ≥ trained on SimAOU (GD)',
    4 / 5,
    [{ method: '', greater: key('simaou', 'GD', 'untrained'), smaller: key('simaou', 'GD') }],
    { orEqual: true },
  ),
  comparison(
    'untrained but for its layer norms ≥ trained on SimAOU (GD)',
    4 / 5,
    [{ method: '', greater: key('simaou', 'GD', 'layer-norm-only'), smaller: key('simaou', 'GD') }],
    // The paper's "untrained" kept them, going by the authors' logs (published/README.md).
    { orEqual: true, publishedVariant: 'untrained' },
  ),
  {
    text: `GD and LCGD take different ways: α below ${ALPHA_LIMIT}`,
    quantity: `${ALPHA_LIMIT} − α`,
    published: 'α ≈ 0.1–0.2',
    share: 1,
    cases: ({ examples }, dataset) => {
      const { value, interval, seeds } = examples.estimate({ ...key('alpha', '-'), dataset });
      return [
        {
          value: value === null ? null : ALPHA_LIMIT - value,
          interval: interval && { lower: ALPHA_LIMIT - interval.upper, upper: ALPHA_LIMIT - interval.lower },
          seeds,
        },
      ];
    },
  },
  gradientNormClaim('kv'),
  gradientNormClaim('released'),
];

function gradientNormClaim(definition: GradientNormDefinition): Claim {
  return {
    text: `LCGD's gradient norms are over ten times GD's (definition \`${definition}\`)`,
    quantity: 'log₁₀(LCGD / GD) − 1',
    published: 'orders of magnitude (Figure 4)',
    share: 1,
    cases: ({ cells }, dataset) => [logNormRatio(cells, definition, dataset, -1)],
  };
}

/** How many of the paper's own cells have the claim, going by their means alone. */
function countPublished(
  comparisons: readonly Comparison[],
  { orEqual = false, publishedVariant }: { orEqual?: boolean; publishedVariant?: string },
): string {
  const cells = readPublishedCells();
  const find = ({ metric, method, variant }: Omit<ScoreKey, 'dataset'>, dataset: string) =>
    cells.find(
      (cell: PublishedCell) =>
        cell.metric === metric &&
        cell.method === method &&
        cell.variant === (variant === 'trained' ? variant : (publishedVariant ?? variant)) &&
        cell.dataset === dataset,
    );
  const outcomes = comparisons.flatMap(({ greater, smaller }) =>
    [...new Set(cells.map(({ dataset }) => dataset))].flatMap((dataset) => {
      const [a, b] = [find(greater, dataset), find(smaller, dataset)];
      return a && b ? [orEqual ? a.mean >= b.mean : a.mean > b.mean] : [];
    }),
  );
  const cases = comparisons.length > 1 ? 'cases' : 'datasets';
  return `${outcomes.filter(Boolean).length} of ${outcomes.length} ${cases}`;
}
