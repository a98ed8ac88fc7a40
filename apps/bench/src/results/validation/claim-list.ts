import { type PublishedCell, readPublishedCells } from '../published/read-published.ts';
import { type Estimate, mapEstimate } from '../inference/estimate.ts';
import type { MeasuredCell } from '../measured.ts';
import type { ScoreKey } from '../seed-means.ts';
import type { ExampleScores } from './example-scores.ts';
import { type GradientNormDefinition, logNormRatio } from './gradient-norms.ts';

/** What a claim is judged by. */
export interface Evidence {
  readonly examples: ExampleScores;
  readonly cells: readonly MeasuredCell[];
}

/** A finding of the paper, as a quantity that has to be above a limit. */
export interface Claim {
  readonly text: string;
  readonly quantity: string;
  /** How often the paper itself has it. */
  readonly published: string;
  /**
   * `confirmatory`: declared before any run (docs/reproducing.md), the questions that the paper's conclusion rests on. Everything else
   * is `exploratory`.
   */
  readonly role: 'confirmatory' | 'exploratory';
  /** It holds if the quantity is above this: 0, or −margin where "not worse" is claimed. */
  readonly against: number;
  readonly cases: (evidence: Evidence, dataset: string) => (Estimate & { readonly method?: string })[];
}

interface Comparison {
  /** Where a claim has a case for each method, else empty. */
  readonly method: string;
  readonly greater: Omit<ScoreKey, 'dataset'>;
  readonly smaller: Omit<ScoreKey, 'dataset'>;
}

/** Above the paper's 0.1 to 0.2, and far below the 1 of two equal optimisers. */
const ALPHA_LIMIT = 0.25;

/** Those of the paper's findings that are confirmatory, by {@link Claim.text}: under the published learning rates. */
const CONFIRMATORY: readonly string[] = ['LCGD > GD on SimAOU', 'LCGD > GD on SimAM_Δ'];

/** @param margin by how much "at least as high" may fall short (non-inferiority) */
export function claimList(margin: number): readonly Claim[] {
  return [
    comparison('LCGD > GD on SimAOU', [
      { method: '', greater: key('simaou', 'LCGD'), smaller: key('simaou', 'GD') },
    ]),
    comparison('LCGD > GD on SimAM_Δ', [
      { method: '', greater: key('simam_delta', 'LCGD'), smaller: key('simam_delta', 'GD') },
    ]),
    comparison('GD > LCGD on SimAM', [
      { method: '', greater: key('simam', 'GD'), smaller: key('simam', 'LCGD') },
    ]),
    comparison(
      'SimAOU_norm > SimAOU',
      ['GD', 'LCGD'].map((method) => ({
        method,
        greater: key('simaou_norm', method),
        smaller: key('simaou', method),
      })),
    ),
    comparison(
      'untrained ≥ trained on SimAOU (GD)',
      [{ method: '', greater: key('simaou', 'GD', 'untrained'), smaller: key('simaou', 'GD') }],
      { margin },
    ),
    comparison(
      'untrained but for its layer norms ≥ trained on SimAOU (GD)',
      [{ method: '', greater: key('simaou', 'GD', 'layer-norm-only'), smaller: key('simaou', 'GD') }],
      // The paper's "untrained" kept them, going by the authors' logs (published/README.md).
      { margin, publishedVariant: 'untrained' },
    ),
    {
      text: `GD and LCGD take different ways: α below ${ALPHA_LIMIT}`,
      quantity: `${ALPHA_LIMIT} − α`,
      published: 'α ≈ 0.1–0.2',
      role: 'exploratory',
      against: 0,
      cases: ({ examples }, dataset) => [
        mapEstimate(examples.estimate({ ...key('alpha', '-'), dataset }), -1, ALPHA_LIMIT),
      ],
    },
    gradientNormClaim('kv'),
    gradientNormClaim('released'),
  ];
}

function key(metric: string, method: string, variant = 'trained'): Omit<ScoreKey, 'dataset'> {
  return { metric, method, variant };
}

/** @param options.margin where the first is claimed to be at least the second */
function comparison(
  text: string,
  comparisons: readonly Comparison[],
  options: { readonly margin?: number; readonly publishedVariant?: string } = {},
): Claim {
  const { margin } = options;
  return {
    text,
    quantity: 'difference',
    published: countPublished(comparisons, { ...options, orEqual: margin !== undefined }),
    role: CONFIRMATORY.includes(text) ? 'confirmatory' : 'exploratory',
    against: margin === undefined ? 0 : -margin,
    cases: ({ examples }, dataset) =>
      comparisons.map(({ method, greater, smaller }) => ({
        method,
        ...examples.difference({ ...greater, dataset }, { ...smaller, dataset }),
      })),
  };
}

function gradientNormClaim(definition: GradientNormDefinition): Claim {
  return {
    text: `LCGD's gradient norms are over ten times GD's (definition \`${definition}\`)`,
    quantity: 'log₁₀(LCGD / GD) − 1, mean over layers',
    published: 'orders of magnitude (Figure 4)',
    role: 'exploratory',
    against: 0,
    cases: ({ cells }, dataset) => [mapEstimate(logNormRatio(cells, definition, dataset).overall, 1, -1)],
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
