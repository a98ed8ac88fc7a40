/*
 * `@icl-gd/gpu-kernels/reference`: the operations in float64 as they are defined, on arrays of the host and without a device.
 * Kernels are tested against them. The letters of shapes are explained in the README's section “Shapes”.
 */
export { activationDerivativeReference, activationReference } from './kernels/activation/reference.ts';
export type { ActivationKind } from './kernels/activation/functions.ts';
export {
  attentionBackwardReference,
  type AttentionGradientsReference,
  attentionReference,
  type AttentionReference,
  type AttentionReferenceArguments,
  attentionScoresReference,
} from './kernels/attention/reference.ts';
export type { HeadShape } from './kernels/attention/shape.ts';
export {
  crossEntropyGradientReference,
  crossEntropyReference,
  logSumExpReference,
} from './kernels/cross-entropy/reference.ts';
export { gatherRowsReference, scatterRowsAddReference } from './kernels/elementwise/reference.ts';
export {
  embeddingBackwardReference,
  embeddingReference,
  type EmbeddingReferenceArguments,
} from './kernels/embedding/reference.ts';
export {
  gatedActivationBackwardReference,
  gatedActivationReference,
} from './kernels/gated-activation/reference.ts';
export {
  groupedMatmulReference,
  type GroupedMatmulReferenceOptions,
  matmulReference,
  type MatmulReferenceOptions,
  type ReferenceMatrix,
} from './kernels/matmul/reference.ts';
export { type AdamWOptions, adamWReference, type AdamWState } from './kernels/optimizer/reference.ts';
export { columnSumReference, sumOfSquaresReference, sumReference } from './kernels/reduction/reference.ts';
export { rotaryReference, type RotaryReferenceArguments } from './kernels/rotary/reference.ts';
export {
  layerNormBackwardReference,
  layerNormReference,
  type LayerNormReferenceArguments,
} from './kernels/row-norm/layer-norm-reference.ts';
export {
  rmsNormBackwardReference,
  rmsNormReference,
  type RmsNormReferenceArguments,
} from './kernels/row-norm/rms-norm-reference.ts';
export { topLogProbsReference, type TopLogProbsReference } from './kernels/top-k/reference.ts';
