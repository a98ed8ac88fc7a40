import { layerMetricLists } from './layer-metric-lists.ts';
import type { LayerMetric, Metric, OwnMetric, PredictionMetric, RunMetric } from './metric.ts';
import { predictionMetrics } from './predictions.ts';

const all = inTableOrder(layerMetricLists.flat());

/** Metrics with a place by their places, then the others by id. */
export function inTableOrder(metrics: readonly LayerMetric[]): LayerMetric[] {
  const place = ({ order = Infinity }: LayerMetric): number => order;
  return metrics.toSorted((a, b) => place(a) - place(b) || (a.id < b.id ? -1 : 1));
}

function byKind(...lists: readonly (readonly LayerMetric[])[]): LayerMetric[] {
  return (['learner', 'baseline', 'pair'] as const).flatMap((of) =>
    lists.flatMap((list) => list.filter((metric) => metric.of === of)),
  );
}

const COUNT = { kind: 'count', range: [0, null], moreAlike: null, source: 'the run' } as const;
const STEP = { kind: 'training', of: 'learner', range: [0, null], moreAlike: null } as const;

const runMetrics: readonly RunMetric[] = [
  {
    ...COUNT,
    id: 'demonstrations_in_context',
    label: 'demonstrations in context',
    formula: 'demonstrations that the context window has room for',
    of: 'baseline',
    definedWhen: 'always',
  },
  {
    ...COUNT,
    id: 'examples',
    label: 'examples',
    formula: 'evaluated examples',
    of: 'baseline',
    definedWhen: 'always',
  },
  {
    ...COUNT,
    id: 'diverged',
    label: 'diverged',
    formula: '1 where training or the model itself left the finite numbers',
    of: 'learner',
    definedWhen: 'it did',
  },
  {
    ...STEP,
    id: 'gradient_norm',
    label: 'gradient norm',
    formula:
      "l2 norm, over a layer's key and value weights and biases, of the gradient of the mean cross-entropy",
    source: 'ours; the released definition is in training_released.csv',
    definedWhen: 'the learner trains',
  },
  {
    ...STEP,
    id: 'loss',
    label: 'loss',
    formula: 'nats per predicted token before the step',
    source: 'arXiv 2311.07772v4: GD at the output, LCGD at that layer',
    definedWhen: 'the learner trains',
  },
];

/** Everything that a run measures. */
export interface MetricCatalogue {
  /** By layer: of each learner, of the baselines, of pairs of learners; built-in ones first. */
  readonly layerMetrics: readonly LayerMetric[];
  /** From predicted classes; built-in ones first. */
  readonly predictionMetrics: readonly PredictionMetric[];
  /** All, what a run counts included, in the order of the tables. */
  readonly metrics: readonly Metric[];
  /** Those that are not built in. */
  readonly own: readonly OwnMetric[];
}

/**
 * The built-in metrics and others.
 * @param own metrics that are not built in
 * @throws RangeError if two have the same id
 */
export function metricCatalogue(own: readonly OwnMetric[] = []): MetricCatalogue {
  const layers = byKind(all, inTableOrder(own.filter((metric) => metric.kind === 'layers')));
  const predictions = [...predictionMetrics, ...own.filter((metric) => metric.kind === 'predictions')];
  const listed: readonly Metric[] = [...layers, ...predictions, ...runMetrics];
  const ids = listed.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new RangeError(`two metrics are called ${twice}`);
  return { layerMetrics: layers, predictionMetrics: predictions, metrics: listed, own };
}

/** The metrics that are part of this package. */
export const builtInMetrics: MetricCatalogue = metricCatalogue();

/**
 * Everything that is measured by layer and built in: of each learner, of the baselines, of pairs of learners, in this order. A
 * metric is an entry in the list of the file of its formula; a file with such a list is all that a new one needs.
 */
export const layerMetrics: readonly LayerMetric[] = builtInMetrics.layerMetrics;

/** Everything built in that a run measures, by id, in the order of the tables. */
export const metrics: readonly Metric[] = builtInMetrics.metrics;

export { predictionMetrics };

/**
 * @param catalogue where it is looked for; the built-in metrics if absent
 * @throws RangeError for an id that is not in the catalogue: a mistake in the program
 */
export function findMetric(id: string, catalogue: MetricCatalogue = builtInMetrics): Metric {
  const metric = catalogue.metrics.find((each) => each.id === id);
  if (!metric) throw new RangeError(`no metric is called ${id}`);
  return metric;
}
