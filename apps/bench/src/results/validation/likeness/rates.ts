import { mean } from '@icl-gd/metrics';
import type { MeasuredDevelopment } from '../../development/measured-development.ts';

/** What a rate curve is of: means over development seeds; null where a seed diverged or a score is undefined. */
export const CURVE_MEASURES = [
  { id: 'simaou', label: 'SimAOU' },
  { id: 'simamDelta', label: 'SimAM_Δ' },
  { id: 'accuracy', label: 'accuracy' },
  { id: 'goldNll', label: 'NLL of the right option' },
] as const;
export type CurveMeasure = (typeof CURVE_MEASURES)[number]['id'];

type Values = Readonly<Record<CurveMeasure, number | null>>;

/** A learner over its rates on one dataset, from the smallest on. */
export interface RateCurve {
  readonly dataset: string;
  readonly method: string;
  readonly points: readonly { readonly rate: number; readonly values: Values }[];
  /** By rule; those that gave none are left out. */
  readonly chosen: readonly { readonly rule: string; readonly rate: number }[];
}

/** Of ZSL or ICL, which have no rate. */
export interface RateLevel {
  readonly dataset: string;
  readonly method: string;
  readonly values: Values;
}

export function rateCurves({ curves, rates }: Pick<MeasuredDevelopment, 'curves' | 'rates'>): {
  readonly curves: readonly RateCurve[];
  readonly levels: readonly RateLevel[];
} {
  const datasets = [...new Set(curves.map(({ dataset }) => dataset))];
  const methods = [...new Set(curves.map(({ method }) => method))];
  const pairs = datasets.flatMap((dataset) => methods.map((method) => ({ dataset, method })));
  const of = ({ dataset, method }: { dataset: string; method: string }) =>
    curves.filter((row) => row.dataset === dataset && row.method === method);
  return {
    curves: pairs.flatMap((pair): RateCurve[] => {
      const rows = of(pair);
      const own = [...new Set(rows.flatMap(({ learningRate }) => learningRate ?? []))].sort((a, b) => a - b);
      if (own.length === 0) return [];
      return [
        {
          ...pair,
          points: own.map((rate) => ({
            rate,
            values: valuesOf(rows.filter(({ learningRate }) => learningRate === rate)),
          })),
          chosen: rates.flatMap(({ dataset, method, rule, learningRate }) =>
            dataset === pair.dataset && method === pair.method && learningRate !== null
              ? [{ rule, rate: learningRate }]
              : [],
          ),
        },
      ];
    }),
    levels: pairs.flatMap((pair): RateLevel[] => {
      const rows = of(pair).filter(({ learningRate }) => learningRate === null);
      return rows.length === 0 ? [] : [{ ...pair, values: valuesOf(rows) }];
    }),
  };
}

function valuesOf(rows: MeasuredDevelopment['curves']): Values {
  const finished = rows.every(({ status }) => status === 'finished');
  const of = (measure: CurveMeasure): number | null =>
    finished ? mean(rows.flatMap((row) => row[measure] ?? [])) : null;
  return {
    simaou: of('simaou'),
    simamDelta: of('simamDelta'),
    accuracy: of('accuracy'),
    goldNll: of('goldNll'),
  };
}

/** What a curve has at the rate of a rule. */
export function valuesAt({ points, chosen }: RateCurve, rule: string): Values | undefined {
  const rate = chosen.find((own) => own.rule === rule)?.rate;
  return points.find((point) => point.rate === rate)?.values;
}
