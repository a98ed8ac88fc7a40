import type { Table } from '../csv.ts';
import type { Estimate } from '../inference/estimate.ts';
import type { MeasuredCell } from '../measured.ts';
import { GRADIENT_NORMS, type GradientNormDefinition, logNormRatio } from './gradient-norms.ts';

/** log₁₀(LCGD's gradient norm / GD's) in one layer of the trained model. */
export interface LayerNormRatio extends Estimate {
  readonly definition: GradientNormDefinition;
  readonly dataset: string;
  /** From 0. */
  readonly layer: number;
}

export function normRatiosOf(cells: readonly MeasuredCell[]): LayerNormRatio[] {
  const datasets = [...new Set(cells.map(({ dataset }) => dataset))];
  return (Object.keys(GRADIENT_NORMS) as GradientNormDefinition[]).flatMap((definition) =>
    datasets.flatMap((dataset) =>
      logNormRatio(cells, definition, dataset).layers.map((own, layer) => ({
        ...{ ...own, definition, dataset, layer },
      })),
    ),
  );
}

/** validation_gradient_norms.csv. */
export function normRatioTable(ratios: readonly LayerNormRatio[]): Table {
  return {
    columns: ['definition', 'dataset', 'layer', 'log10_ratio', 'lower_95', 'upper_95', 'seeds'],
    rows: ratios.map((own) => [
      ...[own.definition, own.dataset, own.layer, own.value],
      ...[own.interval?.lower ?? null, own.interval?.upper ?? null, own.seeds],
    ]),
  };
}
