import type { Interval } from '@icl-gd/metrics';
import type { Table } from '../csv.ts';
import { showNeeded } from '../inference/seeds-needed.ts';
import type { JudgedClaim } from './claims.ts';

/** In the column `dataset`: what the datasets say together. */
const ALL = 'all';

/** validation_claims.csv: a row a case, and one a method for all datasets together. */
export function claimTable(claims: readonly JudgedClaim[]): Table {
  return {
    columns: [
      ...['claim', 'role', 'published', 'claim_verdict', 'dataset', 'method', 'quantity', 'against', 'value'],
      ...['lower_95', 'upper_95', 'interval', 'p', 'p_holm', 'p_sign_flip', 'seeds', 'datasets', 'verdict'],
      ...['to_settle'],
    ],
    rows: claims.flatMap((claim) => {
      const { text, role, published, verdict, quantity, against, cases, across } = claim;
      // Where nothing is judged, the paper's own share stands beside nothing.
      const common = [text, role, verdict === null ? null : published, verdict];
      if (cases.length === 0)
        return [
          [
            ...common,
            null,
            null,
            quantity,
            against,
            ...Array.from({ length: 7 }, () => null),
            0,
            0,
            null,
            '',
          ],
        ];
      return [
        ...cases.map((own) => [
          ...[...common, own.dataset, own.method || '-', quantity, against, own.value],
          ...[...bounds(own.interval), own.basis, own.p, own.adjustedP, null],
          ...[own.seeds, 1, own.verdict, showNeeded(own.toSettle)],
        ]),
        ...across.map((own) => [
          ...[...common, ALL, own.method || '-', quantity, against, own.mean],
          ...[...bounds(own.interval), 'datasets', own.p, own.adjustedP, own.signFlipP],
          ...[null, own.datasets, own.verdict, showNeeded(own.toSettle)],
        ]),
      ];
    }),
  };
}

function bounds(interval: Interval | null): [number | null, number | null] {
  return [interval?.lower ?? null, interval?.upper ?? null];
}
