import type { JudgedClaim } from './claims.ts';

/** Each claim of the paper with its verdict here, and for every measured case the number with its 95 % interval. */
export function renderClaims(claims: readonly JudgedClaim[]): string {
  return [
    "The paper's claims, judged by 95 % bootstrap intervals over seeds and examples:",
    ...claims.map(({ text, quantity, published, verdict, cases }) => {
      const numbers = cases.map(({ dataset, method, value, interval }) => {
        const range = interval ? ` [${interval.lower.toFixed(3)}, ${interval.upper.toFixed(3)}]` : '';
        return `${[dataset, method].filter(Boolean).join(' ')} ${value === null ? '' : signed(value)}${range}`;
      });
      const here = cases.length === 0 ? 'CANNOT BE SAID: not measured' : verdict.toUpperCase();
      return [
        `* ${text} (paper: ${published}): ${here}`,
        ...(numbers.length === 0 ? [] : [`    ${quantity}: ${numbers.join('; ')}`]),
      ].join('\n');
    }),
  ].join('\n');
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(3)}`;
}
