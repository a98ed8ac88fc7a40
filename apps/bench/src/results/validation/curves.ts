import { mean, sampleStandardDeviation } from '@icl-gd/metrics';
import { readPublishedLayers, readPublishedUntrainedLayers } from '../published/read-published.ts';

type Row = Readonly<Record<string, string>>;

export interface CurveKey {
  readonly metric: string;
  readonly variant: string;
  readonly method: string;
  readonly dataset: string;
}

/** A score by layer: mean over seeds, null where no seed has it. */
export interface Curve extends CurveKey {
  readonly means: readonly (number | null)[];
  /** Sample deviation over seeds; null with fewer than two. */
  readonly deviations: readonly (number | null)[];
  readonly seeds: number;
}

interface Point extends CurveKey {
  readonly seed: string;
  readonly layer: number;
  readonly value: number | null;
}

/** The curves of layerwise.csv, in order of appearance. */
export function measuredCurves(rows: readonly Row[]): Curve[] {
  return curves(
    rows.map(
      ({ metric = '', variant = '', method = '', dataset = '', seed = '', permutation = '', ...row }) => ({
        ...{ metric, variant, method, dataset, seed: `${seed}/${permutation}`, layer: Number(row['layer']) },
        value: row['value'] === '' ? null : Number(row['value']),
      }),
    ),
  );
}

/** Norms of training.csv or training_released.csv, averaged over steps, as curves of the metric `gradient_norm`. */
export function gradientNormCurves(rows: readonly Row[]): Curve[] {
  const cells = Map.groupBy(rows, ({ variant, dataset, method, seed, layer }) =>
    JSON.stringify([variant, dataset, method, seed, layer]),
  );
  return curves(
    [...cells.values()].map((steps) => {
      const { variant = '', dataset = '', method = '', seed = '', layer = '' } = steps[0] ?? {};
      const norms = steps.flatMap(({ gradient_norm: norm = '' }) => (norm === '' ? [] : Number(norm)));
      return {
        metric: 'gradient_norm',
        variant,
        method,
        dataset,
        seed,
        layer: Number(layer),
        value: mean(norms),
      };
    }),
  );
}

/**
 * The authors' per-layer results. Left out is the random baseline, which has no curve but noise.
 * Trained: simaou_norm and simam_delta of GD and LCGD; untrained variants: simaou and simam_delta of GD.
 */
export function publishedCurves(): Curve[] {
  const trained = readPublishedLayers().flatMap(({ dataset, method, seed, layer, ...scores }) =>
    (['simaou_norm', 'simam_delta'] as const).map((metric) => ({
      ...{ metric, variant: 'trained', method, dataset, seed: `${seed}`, layer, value: scores[metric] },
    })),
  );
  const untrained = readPublishedUntrainedLayers().flatMap(
    ({ dataset, method, model_variant: variant, seed, layer, ...scores }) =>
      (['simaou', 'simam_delta'] as const).map((metric) => ({
        ...{ metric, variant, method, dataset, seed: `${seed}`, layer, value: scores[metric] },
      })),
  );
  return curves([...trained, ...untrained]);
}

export function findCurve(all: readonly Curve[], key: CurveKey): Curve | undefined {
  return all.find(
    ({ metric, variant, method, dataset }) =>
      metric === key.metric && variant === key.variant && method === key.method && dataset === key.dataset,
  );
}

function curves(points: readonly Point[]): Curve[] {
  const groups = Map.groupBy(points, ({ metric, variant, method, dataset }) =>
    JSON.stringify([metric, variant, method, dataset]),
  );
  return [...groups.values()].map((own) => {
    const { metric = '', variant = '', method = '', dataset = '' } = own[0] ?? {};
    const layers = Math.max(...own.map(({ layer }) => layer)) + 1;
    const byLayer = Array.from({ length: layers }, (_, layer) =>
      own.flatMap((point) => (point.layer === layer ? (point.value ?? []) : [])),
    );
    return {
      ...{ metric, variant, method, dataset },
      means: byLayer.map(mean),
      deviations: byLayer.map(sampleStandardDeviation),
      seeds: new Set(own.map(({ seed }) => seed)).size,
    };
  });
}
