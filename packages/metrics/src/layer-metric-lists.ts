// Made of the files of this folder by layer-metric-lists.test.ts.
import { attentionMapControls } from './attention-map-controls.ts';
import { attentionMapMetrics } from './attention-map-similarity.ts';
import { attentionOutputControls } from './attention-output-controls.ts';
import { attentionOutputMetrics } from './attention-output-similarity.ts';

/** What every file adds to the metrics by layer. */
export const layerMetricLists = [
  attentionMapControls,
  attentionMapMetrics,
  attentionOutputControls,
  attentionOutputMetrics,
];
