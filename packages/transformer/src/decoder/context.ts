import type { Gpu, HeadShape } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import type { Batch } from './batch.ts';

/** What every step of a pass needs to know. */
export interface DecoderContext {
  readonly gpu: Gpu;
  readonly config: DecoderConfig;
  readonly headShape: HeadShape;
  readonly batch: Batch;
}

/** The sliding window of a layer's attention, if it has one, to be spread into the attention's arguments. */
export function windowOf({ attentionWindows }: DecoderConfig, layer: number): { readonly window?: number } {
  const window = attentionWindows?.[layer] ?? null;
  return window === null ? {} : { window };
}

export function decoderContext(gpu: Gpu, config: DecoderConfig, batch: Batch): DecoderContext {
  const { heads, kvHeads, headDim, attentionScale } = config;
  return { gpu, config, batch, headShape: { heads, kvHeads, headDim, scale: attentionScale } };
}
