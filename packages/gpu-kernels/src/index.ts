/* The letters of shapes in docstrings (T, d, H, …) are explained in the README's section “Shapes”. */
export {
  acquireGpu,
  type AcquireOptions,
  listAdapters,
  type MatmulChoice,
  MATMULS,
} from './device/acquire.ts';
export type { DawnSwitch } from './device/dawn-switches.ts';
export type { AdapterDescription } from './device/description.ts';
export { UserError, type UserErrorCode } from './errors.ts';
export { refuseMisspelt, requireOneOf } from './options.ts';
export {
  activationBackward,
  type ActivationBackwardArguments,
  activationForward,
  type ActivationForwardArguments,
  type ActivationKind,
} from './kernels/activation/activation.ts';
export { attentionBackward } from './kernels/attention/backward.ts';
export type { AttentionBackwardArguments } from './kernels/attention/backward-arguments.ts';
export { attentionForward, type AttentionForwardArguments } from './kernels/attention/forward.ts';
export { PackedSequences } from './kernels/attention/packed-sequences.ts';
export {
  attentionScores,
  type AttentionScoresArguments,
  type ScoreRow,
  ScoreRows,
} from './kernels/attention/scores.ts';
export type { AttentionInputs, HeadShape, KeyValuePrefix } from './kernels/attention/shape.ts';
export { kernelTexts } from './kernels/catalogue.ts';
export {
  crossEntropyGradient,
  type CrossEntropyGradientArguments,
  gatherLogProbs,
  type GatherLogProbsArguments,
  logSumExp,
  type LogSumExpArguments,
} from './kernels/cross-entropy/cross-entropy.ts';
export {
  add,
  type AddArguments,
  addScaled,
  type AddScaledArguments,
  gatherRows,
  type GatherRowsArguments,
  roundToHalf,
  type ScaleArguments,
  scaleInPlace,
  scatterRowsAdd,
  type ScatterRowsAddArguments,
} from './kernels/elementwise/elementwise.ts';
export {
  embeddingBackward,
  type EmbeddingBackwardArguments,
  embeddingForward,
  type EmbeddingForwardArguments,
} from './kernels/embedding/embedding.ts';
export {
  gatedActivationBackward,
  type GatedActivationBackwardArguments,
  gatedActivationForward,
  type GatedActivationForwardArguments,
} from './kernels/gated-activation/gated-activation.ts';
export { activatedMatmul } from './kernels/matmul/activated.ts';
export type { Finish as MatmulFinish } from './kernels/matmul/finish.ts';
export { gatedMatmul, type GatedMatmulArguments } from './kernels/matmul/gated.ts';
export { groupedMatmul, type GroupedMatmulArguments } from './kernels/matmul/grouped.ts';
export type { MatmulArguments } from './kernels/matmul/arguments.ts';
export { matmul } from './kernels/matmul/matmul.ts';
export { matmulParts } from './kernels/matmul/matmul-parts.ts';
export { ProductParts } from './kernels/matmul/product-parts.ts';
export { rotatedMatmul, type RotatedMatmulArguments } from './kernels/matmul/rotated.ts';
export { matmulSet, type SetProduct } from './kernels/matmul/set.ts';
export { type Matrix, matrix, sliceColumns, sliceRows } from './kernels/matmul/matrix.ts';
export {
  type AdamWArguments,
  type AdamWParameter,
  adamWStep,
  adamWSteps,
  clipScale,
  type ClipScaleArguments,
  type ParameterGradient,
  type GroupedSgdArguments,
  groupedSgdSteps,
  type SgdArguments,
  sgdStep,
  sgdSteps,
} from './kernels/optimizer/optimizer.ts';
export { type DeviceRates, measureDevice, type RateOptions } from './kernels/rates/device-rates.ts';
export {
  type GroupedColumnSumArguments,
  groupedColumnSums,
  groupedSum,
  type GroupedSumArguments,
} from './kernels/reduction/grouped.ts';
export { columnSum, type ColumnSumArguments, columnSums } from './kernels/reduction/column-sum.ts';
export {
  groupedL2Norm,
  type GroupedL2NormArguments,
  l2Norm,
  type L2NormArguments,
  L2Norms,
  type L2NormsArguments,
} from './kernels/reduction/l2-norm.ts';
export {
  squareRoot,
  type SquareRootArguments,
  sum,
  type SumArguments,
  sumOfSquares,
  type SumOfSquaresArguments,
} from './kernels/reduction/reduction.ts';
export { RowGroups, type TileRange } from './kernels/row-groups.ts';
export { type RotaryArguments, rotateInPlace } from './kernels/rotary/rotary.ts';
export { rotaryTable } from './kernels/rotary/table.ts';
export {
  layerNormBackward,
  type LayerNormBackwardArguments,
  layerNormForward,
  type LayerNormForwardArguments,
} from './kernels/row-norm/layer-norm.ts';
export {
  rmsNormBackward,
  type RmsNormBackwardArguments,
  rmsNormForward,
  type RmsNormForwardArguments,
} from './kernels/row-norm/rms-norm.ts';
export {
  type ProductHeads,
  rotatedNormMatmul,
  type RotatedNormMatmulArguments,
} from './kernels/row-norm/rotated-matmul.ts';
export {
  type NormedHeads,
  rotatedNorm,
  type RotatedNormArguments,
  rotatedNormBackward,
  type RotatedNormBackwardArguments,
} from './kernels/row-norm/rotated.ts';
export { topLogProbs, type TopLogProbsArguments } from './kernels/top-k/top-k.ts';
export { type BufferPool, type LiveTensor, type MemoryLimits } from './runtime/buffer-pool.ts';
export {
  type MatmulRegime,
  type SkinnyMatmul,
  type StagedTile,
  type TiledMatmul,
  type WideTile,
} from './runtime/tiled-tuning.ts';
export { type DType, storageBytes } from './runtime/dtype.ts';
export { decodeFloat16, encodeFloat16 } from './runtime/float16.ts';
export { type DeviceOptions, Gpu, type GpuOptions } from './runtime/gpu.ts';
export {
  defineKernel,
  grid,
  type Kernel,
  type KernelExtension,
  type KernelText,
  memoizeKernel,
  type ParameterType,
  type StorageBinding,
  type StorageType,
} from './runtime/kernel.ts';
export {
  type MatrixFacts,
  type MatrixUnits,
  type MatrixUnitsLack,
  matrixUnitsOf,
} from './runtime/matrix-units.ts';
export type { ParameterForm } from './runtime/parameter-form.ts';
export type { CompiledKernel, PipelineCache } from './runtime/pipeline-cache.ts';
export type {
  Profile,
  ProfiledDispatch,
  ProfiledKernel,
  ProfileOptions,
  ProfileResult,
} from './runtime/profile.ts';
export type { ReadItem, ReadRange, ReadValues } from './runtime/read-range.ts';
export { Resource } from './runtime/resource.ts';
export { Scope, type TensorSource } from './runtime/scope.ts';
export type { StorageElement } from './runtime/storage-element.ts';
export {
  type Binding,
  type Operand,
  Tensor,
  type TensorOptions,
  type TensorParts,
} from './runtime/tensor.ts';
export {
  type MatmulLayout,
  type MatmulTile,
  type MatmulTuning,
  type RatedTile,
  type RegisterMatmul,
  type SubgroupMatmul,
  type SubgroupTile,
  type Tuning,
  tuningFor,
  TUNINGS,
} from './runtime/tuning.ts';
export { Uploader } from './runtime/uploader.ts';
export type { WarmOptions } from './runtime/warm.ts';
