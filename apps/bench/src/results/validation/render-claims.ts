import type { JudgedClaim } from './claims.ts';

/**
 * Each claim of the paper with its verdict here, and for every measured case the number with its 95 % interval; where nothing
 * may be judged, the numbers that the claims are about.
 */
export function renderClaims(claims: readonly JudgedClaim[]): string {
  const judged = claims.filter(({ verdict }) => verdict !== null);
  if (judged.length === 0)
    return [
      "What the paper's claims are about, in this run, with 95 % intervals over seeds and examples; no verdicts:",
      ...claims.flatMap((claim) =>
        claim.cases.length === 0 ? [] : `* ${claim.quantity} (of "${claim.text}"): ${numbersOf(claim)}`,
      ),
    ].join('\n');
  return [
    "The paper's claims, judged with datasets as units; 95 % intervals over seeds and examples:",
    ...judged.map((claim) => {
      const { text, quantity, published, verdict, cases } = claim;
      const here = cases.length === 0 ? 'INCONCLUSIVE: not measured' : verdict?.toUpperCase();
      return [
        `* ${text} (paper: ${published}): ${here}`,
        ...(cases.length === 0 ? [] : [`    ${quantity}: ${numbersOf(claim)}`]),
      ].join('\n');
    }),
  ].join('\n');
}

function numbersOf({ cases, across }: JudgedClaim): string {
  const together = across.map((own) => ({ ...own, dataset: 'datasets together', value: own.mean }));
  return [...cases, ...together]
    .map(({ dataset, method, value, interval, ...own }) => {
      const alone = 'basis' in own && own.basis === 'examples' ? ' (1 seed)' : '';
      const range = interval ? ` [${interval.lower.toFixed(3)}, ${interval.upper.toFixed(3)}]${alone}` : '';
      return `${[dataset, method].filter(Boolean).join(' ')} ${value === null ? '' : signed(value)}${range}`;
    })
    .join('; ');
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(3)}`;
}
