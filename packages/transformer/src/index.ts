export { withChangedParameters } from './change-parameters.ts';
export { Checkpoint, type FileDigest } from './checkpoint/checkpoint.ts';
export type { TensorInfo } from './checkpoint/header.ts';
export { type LoadedTensor, readSafetensors } from './checkpoint/read-safetensors.ts';
export { SafetensorsFile } from './checkpoint/safetensors-file.ts';
export { type ExactTensor, type NamedTensor, writeSafetensors } from './checkpoint/write-safetensors.ts';
export type { FloatDType } from './checkpoint/dtype.ts';
export type { BiasConfig, DecoderConfig, PositionConfig, RotaryRescaling } from './config.ts';
export type { EvaluationRequest, EvaluationResult, ProbedRow, RowProbe } from './decoder/evaluate.ts';
export type { Objective } from './decoder/loss-gradient.ts';
export type { TokenTargets } from './decoder/targets.ts';
export { ContextPrefix } from './decoder/prefix.ts';
export { UserError, type UserErrorCode } from './errors.ts';
export { listFamilies } from './families/registry.ts';
export {
  FineTuning,
  type FineTuningOptions,
  type FineTuningResult,
  type FineTuningStep,
} from './fine-tuning.ts';
export { checkMemoryPlan, describeMemoryPlan, type DeviceLimits, formatBytes } from './memory/check.ts';
export { type MemoryPlan, type PlannedDevice, planMemory } from './memory/plan.ts';
export type { EvaluationBatch, Workload } from './memory/workload.ts';
export { describeModel, type LoadOptions, loadModel, Model, type ModelDescription } from './model.ts';
export { readModelConfig, writeModel, writeNewModel } from './new-model.ts';
export type { ParameterGroup } from './parameters.ts';
export { LegacyMt19937 } from './random/legacy-mt19937.ts';
export { Pcg64 } from './random/pcg64.ts';
export { writeRandomCheckpoint } from './random-checkpoint.ts';
export { withHalfParameters } from './round-parameters.ts';
export { specialToken } from './special-tokens.ts';
export { loadTokenizer, type Tokenizer } from './tokenizer/tokenizer.ts';
export type { ModuleParameters, ParameterSet } from './weights/parameter-set.ts';
export { MODEL_VARIANTS, type ModelVariant } from './weights/initialise.ts';
export { WEIGHT_DTYPES, type WeightDtype } from './weights/storage.ts';
export type { HubRepository } from './hub/model-id.ts';
export { type DatasetLocation, type FileSelector, resolveDataset } from './hub/resolve-dataset.ts';
export { type ModelLocation, resolveModel } from './hub/resolve-model.ts';
export type { DownloadObserver } from './hub/snapshot.ts';
export { type PretrainingInitialisation, initialiseForPretraining } from './pretraining/initialise.ts';
export {
  Pretraining,
  type PretrainingOptimizer,
  type PretrainingStep,
  type PretrainingTensors,
  type TrainingBatch,
} from './pretraining/pretraining.ts';
