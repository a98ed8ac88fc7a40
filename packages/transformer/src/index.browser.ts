/* What runs in browsers as well as in Node. */
export { copyOfOwn } from './copy-group.ts';
export { withChangedParameters } from './change-parameters.ts';
export { Checkpoint, type FileDigest } from './checkpoint/checkpoint.ts';
export type { TensorInfo } from './checkpoint/header.ts';
export type { BiasConfig, DecoderConfig, PositionConfig, RotaryRescaling } from './config.ts';
export type {
  EvaluationRequest,
  EvaluationResult,
  ProbedRow,
  RowProbe,
  TopRow,
  TopTokens,
} from './decoder/evaluate.ts';
export type { Hook, HookedActivation, Hooks } from './decoder/hooks.ts';
export type { Objective, Readout } from './decoder/loss-gradient.ts';
export type { TokenTargets } from './decoder/targets.ts';
export { ContextPrefix } from './decoder/prefix.ts';
export { KeptQueries, type QueryScoreRequest, type ScoredVectors } from './decoder/query-scores.ts';
export { UserError, type UserErrorCode } from './errors.ts';
export { defineFamily, type FamilyDefinition } from './families/define-family.ts';
export type { Family, FamilyKeys, FamilyOptions, ParameterSource } from './families/family.ts';
export { llamaFamily, type LlamaVariant } from './families/llama.ts';
export { checkFamily } from './families/own-family.ts';
export { listFamilies } from './families/registry.ts';
export { readActivation } from './families/schema.ts';
export type { Sources } from './families/sources.ts';
export { FineTuning, type FineTuningResult, type FineTuningStep, type StepsOptions } from './fine-tuning.ts';
export { GradientDirection, type GradientDirectionOptions } from './gradient-direction.ts';
export { replaceChangeByNoise } from './noise.ts';
export type { FineTuningOptions, KeepQueriesOptions } from './fine-tuning-options.ts';
export type { Optimizer, ParameterUpdate } from './optimizer.ts';
export { inCanonicalOrder, type TrainingInput, type TrainingSequence } from './training-sequence.ts';
export type { GradientNormVariant } from './gradient-norm-variants.ts';
export { type LockstepCell, type LockstepOptions, trainsInLockstep } from './lockstep/options.ts';
export { evaluateInOnePass, evaluateTogether, type ModelEvaluation } from './lockstep/evaluate-together.ts';
export { LockstepFineTuning } from './lockstep/lockstep-fine-tuning.ts';
export type { LongRunning, Progress } from './long-running.ts';
export { checkMemoryPlan, describeMemoryPlan, type DeviceLimits, formatBytes } from './memory/check.ts';
export { lockstepCells } from './memory/cells.ts';
export { type MemoryPlan, planMemory } from './memory/plan.ts';
export type { PlannedDevice } from './memory/planned-device.ts';
export type { EvaluationBatch, QueryScoreBatch, TrainingKind, Workload } from './memory/workload.ts';
export {
  describeModel,
  type DescribeOptions,
  type EvaluateOptions,
  type LoadOptions,
  loadModel,
  Model,
  type ModelDescription,
} from './model.ts';
export { readModelConfig } from './model-config.ts';
export {
  type LayerGroup,
  type ParameterGroup,
  type ParameterRole,
  type ParameterSpec,
  parameterSpecs,
} from './parameters.ts';
export { type ParameterChange, parameterChanges } from './parameter-changes.ts';
export { LegacyMt19937 } from './random/legacy-mt19937.ts';
export { Pcg64 } from './random/pcg64.ts';
export { withHalfParameters } from './round-parameters.ts';
export { refuseMisspelt, requireOneOf } from '@icl-gd/gpu-kernels';
export type { Fetch } from './platform/send.ts';
export { type HttpOptions, httpSource } from './source/http.ts';
export { type HubOptions, hubSource } from './source/hub.ts';
export { type MemoryFile, memorySource } from './source/memory.ts';
export type { ModelSource, ReadOptions, SourceFile } from './source/source.ts';
export { specialToken } from './special-tokens.ts';
export { loadTokenizer, type Tokenizer } from './tokenizer/tokenizer.ts';
export type { ModuleParameters, ParameterSet } from './weights/parameter-set.ts';
export { MODEL_VARIANTS, type ModelVariant } from './weights/initialise.ts';
export { WEIGHT_DTYPES, type WeightDtype } from './weights/storage.ts';
export { type PretrainingInitialisation, initialiseForPretraining } from './pretraining/initialise.ts';
export {
  Pretraining,
  type PretrainingOptimizer,
  type PretrainingStep,
  type PretrainingTensors,
  type TrainingBatch,
} from './pretraining/pretraining.ts';
