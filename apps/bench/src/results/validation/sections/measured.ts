import { type MeasuredRows, showMean } from '../../measured-rows.ts';
import { type Markdown, table, written } from '../markdown.ts';
import { NBSP } from './show.ts';

export function measuredTable({ datasets, rows }: MeasuredRows): Markdown {
  if (rows.length === 0) return written`Nothing was measured.`;
  const scores = table(
    ['variant', 'metric', 'method', ...datasets],
    rows.map(({ variant, label, method, means }) => [
      ...[variant, label, method],
      ...means.map((own) => showMean(own).replaceAll('-', '−').replaceAll(' ', NBSP)),
    ]),
  );
  return written`${scores}\n\nMean ± sample deviation over seeds and orders.`;
}
