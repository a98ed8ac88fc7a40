export {
  type GradientNormVariant,
  type LongRunning,
  type ParameterChange,
  type Progress,
  type TopTokens,
  UserError,
  type UserErrorCode,
} from '@icl-gd/transformer';
export * from './learner.ts';
export * from './learners/index.ts';
export { adaptTogether, type AdaptedCell } from './adapt-together.ts';
export { adaptedModel } from './adapted-model.ts';
export {
  draws,
  inapplicableMetricsOf,
  keepsTrainingQueries,
  type LearnerSetting,
  learners,
  learnerSetting,
  lockstepOf,
  needsOf,
  settingId,
  takesRate,
  trainingKindOf,
  trainingPasses,
} from './catalogue.ts';
export {
  runInContext,
  runZeroShot,
  fineTune,
  type FineTuneOptions,
  type RunOptions,
  type RunTokensOptions,
} from './run.ts';
export { predictions } from './predictions.ts';
export { type PromptPlace, promptEncoder, withAnswer } from './prompt-encoder.ts';
export { type ActivationCache, activationCache } from './activation-cache.ts';
export { type LabelledText, type QueryText, type Texts, type TokenizedTexts, tokenize } from './tokenize.ts';
export { attentionBatches } from './demonstration-attention.ts';
export { type ProbedCell, probeTogether } from './probe-together.ts';
export {
  DEFAULT_TOKEN_BUDGET,
  type Placement,
  probeBatches,
  type Probing,
  probesOf,
} from './probe-queries.ts';
