// Made of the files of this folder by layer-metric-lists.test.ts.
import { attentionMapMetrics } from './attention-map-similarity.ts';
import { attentionOutputMetrics } from './attention-output-similarity.ts';

/** What every file adds to the metrics by layer. */
export const layerMetricLists = [
  attentionMapMetrics,
  attentionOutputMetrics,
];
