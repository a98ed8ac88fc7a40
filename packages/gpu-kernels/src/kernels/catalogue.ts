import type { Kernel } from '../runtime/kernel.ts';
import { TUNINGS, type Tuning } from '../runtime/tuning.ts';
import { activationKernels } from './activation/activation.ts';
import { attentionBackwardKernels } from './attention/backward.ts';
import { attentionForwardKernels } from './attention/forward.ts';
import { attentionScoresKernels } from './attention/scores.ts';
import { crossEntropyKernels } from './cross-entropy/cross-entropy.ts';
import { elementwiseKernels } from './elementwise/elementwise.ts';
import { embeddingKernels } from './embedding/embedding.ts';
import { gatedActivationKernels } from './gated-activation/gated-activation.ts';
import { gatedMatmulKernels } from './matmul/gated.ts';
import { groupedMatmulKernels } from './matmul/grouped.ts';
import { matrixUnitKernels } from './matmul/matrix-unit-product.ts';
import { matmulKernels } from './matmul/matmul.ts';
import { rotatedMatmulKernels } from './matmul/rotated.ts';
import { matmulSetKernels } from './matmul/set.ts';
import { optimizerKernels } from './optimizer/optimizer.ts';
import { columnSumKernels } from './reduction/column-sum.ts';
import { groupedReductionKernels } from './reduction/grouped.ts';
import { l2NormKernels } from './reduction/l2-norm.ts';
import { reductionKernels } from './reduction/reduction.ts';
import { peakKernels } from './rates/peak-kernels.ts';
import { rotaryKernels } from './rotary/rotary.ts';
import { layerNormKernels } from './row-norm/layer-norm.ts';
import { rmsNormKernels } from './row-norm/rms-norm.ts';
import { rotatedNormMatmulKernels } from './row-norm/rotated-matmul.ts';
import { rotatedNormKernels } from './row-norm/rotated.ts';
import { topKernels } from './top-k/top-k.ts';

/** By folder, every kernel that the operations there may run under a tuning. */
const KERNELS: Readonly<Record<string, (tuning: Tuning) => Kernel[]>> = {
  activation: activationKernels,
  attention: (tuning) => [
    ...attentionForwardKernels(tuning),
    ...attentionBackwardKernels(tuning),
    ...attentionScoresKernels(),
  ],
  'cross-entropy': crossEntropyKernels,
  elementwise: elementwiseKernels,
  embedding: embeddingKernels,
  'gated-activation': gatedActivationKernels,
  matmul: (tuning) => [
    ...matmulKernels(tuning),
    ...groupedMatmulKernels(tuning),
    ...matmulSetKernels(tuning),
    ...gatedMatmulKernels(tuning),
    ...rotatedMatmulKernels(tuning),
    ...(tuning.matmul.strategy === 'tiled' ? matrixUnitKernels() : []),
  ],
  optimizer: optimizerKernels,
  rates: peakKernels,
  reduction: (tuning) => [
    ...reductionKernels(tuning),
    ...l2NormKernels(tuning),
    ...columnSumKernels(tuning),
    ...groupedReductionKernels(tuning),
  ],
  rotary: rotaryKernels,
  'row-norm': (tuning) => [
    ...layerNormKernels(tuning),
    ...rmsNormKernels(tuning),
    ...rotatedNormKernels(tuning),
    ...rotatedNormMatmulKernels(tuning),
  ],
  'top-k': topKernels,
};

/** A kernel and the folder of its operation. */
export interface CatalogueEntry {
  readonly folder: string;
  readonly kernel: Kernel;
}

/** Every kernel variant of the package under these tunings, each once. */
export function kernelCatalogue(tunings: readonly Tuning[] = Object.values(TUNINGS)): CatalogueEntry[] {
  return Object.entries(KERNELS).flatMap(([folder, list]) =>
    [...new Set(tunings.flatMap(list))].map((kernel) => ({ folder, kernel })),
  );
}

/**
 * The WGSL of every kernel variant of the package, by label: for reading, and for tools that check or profile it.
 * @param tunings those of all adapters if absent
 */
export function kernelTexts(tunings?: readonly Tuning[]): Map<string, string> {
  return new Map(kernelCatalogue(tunings).map(({ kernel }) => [kernel.label, kernel.wgsl]));
}
