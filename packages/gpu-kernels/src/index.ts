export { acquireGpu, type AcquireOptions, listAdapters } from './device/acquire.ts';
export type { AdapterDescription } from './device/description.ts';
export { UserError, type UserErrorCode } from './errors.ts';
export { PackedSequences } from './kernels/attention/blocks.ts';
export { type AttentionBackwardArguments, attentionBackward } from './kernels/attention/backward.ts';
export { type AttentionForwardArguments, attentionForward } from './kernels/attention/forward.ts';
export { attentionScores, type ScoreRow, ScoreRows } from './kernels/attention/scores.ts';
export type { AttentionInputs, HeadShape, KeyValuePrefix } from './kernels/attention/shape.ts';
export { matmul, type MatmulArguments, type MatmulStrategy } from './kernels/matmul/matmul.ts';
export { type Matrix, matrix, sliceColumns, sliceRows } from './kernels/matmul/matrix.ts';
export { type MemoryLimits, pooledBytes } from './runtime/buffer-pool.ts';
export { Gpu, type TensorOptions } from './runtime/gpu.ts';
export { defineKernel, grid, type Kernel, memoizeKernel } from './runtime/kernel.ts';
export { type Binding, Scope, storageBytes, Tensor, type DType } from './runtime/tensor.ts';
export { Uploader } from './runtime/uploader.ts';
export {
  activationBackward,
  activationForward,
  type ActivationKind,
} from './kernels/activation/activation.ts';
export { crossEntropyGradient, gatherLogProbs, logSumExp } from './kernels/cross-entropy/cross-entropy.ts';
export {
  add,
  addScaled,
  gatherRows,
  roundToHalf,
  scaleInPlace,
  scatterRowsAdd,
} from './kernels/elementwise/elementwise.ts';
export { embeddingBackward, embeddingForward } from './kernels/embedding/embedding.ts';
export { layerNormBackward, layerNormForward } from './kernels/layer-norm/layer-norm.ts';
export { adamWStep, clipScale, sgdStep } from './kernels/optimizer/optimizer.ts';
export { columnSum } from './kernels/reduction/column-sum.ts';
export { l2Norm, squareRoot, sum, sumOfSquares } from './kernels/reduction/reduction.ts';
export {
  gatedActivationBackward,
  gatedActivationForward,
} from './kernels/gated-activation/gated-activation.ts';
export { rmsNormBackward, rmsNormForward } from './kernels/rms-norm/rms-norm.ts';
export { rotateInPlace } from './kernels/rotary/rotary.ts';
export { rotaryTable } from './kernels/rotary/table.ts';
