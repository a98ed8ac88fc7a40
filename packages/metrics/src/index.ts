export type { ProbeArrays, ProbeShape } from './probes.ts';
export type { NumericArray } from './vectors.ts';
export { exampleMeans, layerMean } from './layer-scores.ts';
export type { ExampleScore, LayerScores } from './layer-scores.ts';
export { simAOU, simAOUNorm, simAOURandom } from './attention-output-similarity.ts';
export { alpha, simAM, simAMDelta, simAMZeroShot } from './attention-map-similarity.ts';
export { accuracy, rec2ftp } from './predictions.ts';
export { kendallTau } from './kendall-tau.ts';
export { topKRecall } from './top-k-recall.ts';
export { trainingAttentionAgreement } from './training-attention.ts';
export type { RankAgreement, TrainingAttention, TrainingAttentionAgreement } from './training-attention.ts';
export { mean, pearsonCorrelation, sampleStandardDeviation } from './statistics.ts';
export { bootstrapInterval, bootstrapLayerMeanInterval } from './bootstrap.ts';
export type { BootstrapOptions, Interval } from './bootstrap.ts';
export { crossedBootstrapInterval, crossedMean } from './crossed-bootstrap.ts';
export type { CrossedScores } from './crossed-bootstrap.ts';
export { similarity, type Similarity, type SimilarityOptions, type SimilarityProbes } from './similarity.ts';
export { findMetric, layerMetrics, metrics, predictionMetrics } from './catalogue.ts';
export type {
  BaselineMetric,
  LayerMetric,
  LearnerMetric,
  Metric,
  PairMetric,
  PredictionMetric,
  Predictions,
  Random,
  RunMetric,
} from './metric.ts';
