export { lookingOnceAtProbes, requireAttentionOutputs, requireAttentionScores } from './probes.ts';
export type { ProbeArrays, ProbeShape } from './probes.ts';
export { cosine, dot, normalised, row, update, updateCosine } from './vectors.ts';
export type { NumericArray } from './vectors.ts';
export {
  definedShare,
  exampleMeans,
  layerMean,
  scoreLayers,
  totalCounts,
  unpooledScores,
} from './layer-scores.ts';
export type { ExampleScore, LayerScores } from './layer-scores.ts';
export { simAOU, simAOUNorm, simAOURandom } from './attention-output-similarity.ts';
export { alpha, simAM, simAMDelta, simAMZeroShot } from './attention-map-similarity.ts';
export { simAOUDemeaned, simAOUMismatched, simAOUPooled, updateNorm } from './attention-output-controls.ts';
export {
  commonMode,
  simAMDeltaCentred,
  simAMDeltaMismatched,
  simAMDeltaSoftmax,
} from './attention-map-controls.ts';
export { weightCosine } from './weight-cosine.ts';
export { accuracy, rec2ftp, rec2ftpBaseRate, rec2ftpCounts, type Rec2ftpCounts } from './predictions.ts';
export { agreement, jsDivergence, kappa, logOddsCorrelation, topOverlap } from './behaviour.ts';
export { kendallTau } from './kendall-tau.ts';
export { topKRecall } from './top-k-recall.ts';
export { demonstrationAttentionAgreement, TOP_K, trainingAttentionAgreement } from './training-attention.ts';
export type {
  DemonstrationAttention,
  RankAgreement,
  TrainingAttention,
  TrainingAttentionAgreement,
} from './training-attention.ts';
export { mean, pearsonCorrelation, sampleStandardDeviation } from './statistics.ts';
export { bootstrapInterval, bootstrapLayerMeanInterval, bootstrapLayerMeanIntervals } from './bootstrap.ts';
export type { BootstrapOptions, Interval, SharedBootstrapOptions } from './bootstrap.ts';
export { crossedBootstrapInterval, crossedMean } from './crossed-bootstrap.ts';
export type { CrossedScores } from './crossed-bootstrap.ts';
export { similarity, type Similarity, type SimilarityOptions, type SimilarityProbes } from './similarity.ts';
export {
  builtInMetrics,
  findMetric,
  layerMetrics,
  type MetricCatalogue,
  metricCatalogue,
  metrics,
  predictionMetrics,
} from './catalogue.ts';
export { exampleRange } from './metric.ts';
export type {
  BaselineMetric,
  LayerMetric,
  LearnerMetric,
  Metric,
  MetricDescription,
  OwnMetric,
  PairMetric,
  PredictionMetric,
  Predictions,
  Random,
  RunMetric,
} from './metric.ts';
