import { mean, sampleStandardDeviation } from '@icl-gd/metrics';
import { groupBy } from '../../experiment/group-by.ts';
import type { MeasuredCell } from '../measured.ts';
import type { ScoreKey } from '../seed-means.ts';
import { GRADIENT_NORMS, type GradientNormDefinition } from './gradient-norms.ts';
import { readPublishedLayers, readPublishedUntrainedLayers } from '../published/read-published.ts';

/** A score by layer: mean over seeds, null where no seed has it. */
export interface Curve extends ScoreKey {
  readonly means: readonly (number | null)[];
  /** Sample deviation over seeds; null with fewer than two. */
  readonly deviations: readonly (number | null)[];
  readonly seeds: number;
}

interface Point extends ScoreKey {
  readonly seed: string;
  readonly layer: number;
  readonly value: number | null;
}

/** Every score by layer, in order of appearance. */
export function measuredCurves(cells: readonly MeasuredCell[]): Curve[] {
  return curves(
    cells.flatMap(({ variant, method, dataset, seed, permutation, scores }) =>
      [...scores].flatMap(([metric, { layers }]) =>
        layers.map((value, layer) => ({
          ...{ metric, variant, method, dataset, seed: `${seed}/${permutation}`, layer, value },
        })),
      ),
    ),
  );
}

/** Gradient norms averaged over steps, as curves of the metric `gradient_norm`. */
export function gradientNormCurves(
  cells: readonly MeasuredCell[],
  definition: GradientNormDefinition,
): Curve[] {
  return curves(
    cells.flatMap((cell) => {
      const { variant, method, dataset, seed, permutation } = cell;
      const steps = GRADIENT_NORMS[definition](cell);
      return (steps[0] ?? []).map((_, layer) => ({
        ...{ metric: 'gradient_norm', variant, method, dataset, seed: `${seed}/${permutation}`, layer },
        value: mean(steps.flatMap((norms) => (Number.isNaN(norms[layer]) ? [] : (norms[layer] as number)))),
      }));
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

export function findCurve(all: readonly Curve[], key: ScoreKey): Curve | undefined {
  return all.find(
    ({ metric, variant, method, dataset }) =>
      metric === key.metric && variant === key.variant && method === key.method && dataset === key.dataset,
  );
}

function curves(points: readonly Point[]): Curve[] {
  const byKey = groupBy(points, ({ metric, variant, method, dataset }) =>
    JSON.stringify([metric, variant, method, dataset]),
  );
  return [...byKey.values()].map((own) => {
    const { metric = '', variant = '', method = '', dataset = '' } = own[0] ?? {};
    const layers = own.reduce((most, { layer }) => Math.max(most, layer + 1), 0);
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
