import type { Told } from './told.ts';

type Field = string | number | null | undefined;

/** Everything that a run has told, one number a row. */
export function toCsv({ outcomes, training, curves }: Told): string {
  const rows: Field[][] = [['setting', 'quantity', 'query', 'step', 'layer', 'class', 'value']];
  const byLayer = (
    setting: string,
    quantity: string,
    place: Field[],
    values: readonly (number | null)[],
  ): void => {
    for (const [layer, value] of values.entries()) rows.push([setting, quantity, ...place, layer, '', value]);
  };
  for (const [setting, own] of outcomes) {
    for (const { query, predicted, logProbs, updateSizes, updateCosines } of own) {
      rows.push([setting, 'predicted_class', query, '', '', '', predicted]);
      for (const [place, value] of logProbs.entries())
        rows.push([setting, 'log_prob', query, '', '', place, value]);
      byLayer(setting, 'update_size', [query, ''], updateSizes);
      byLayer(setting, 'update_cosine', [query, ''], updateCosines);
    }
  }
  for (const [setting, steps] of training) {
    for (const [step, { losses, gradientNorms }] of steps.entries()) {
      byLayer(setting, 'loss', ['', step], losses);
      byLayer(setting, 'gradient_norm', ['', step], gradientNorms);
    }
  }
  for (const [setting, own] of curves)
    for (const { metric, values } of own) byLayer(setting, metric, ['', ''], values);
  return rows.map((row) => `${row.map((field) => field ?? '').join(',')}\n`).join('');
}
