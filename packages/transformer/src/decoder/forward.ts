import type { KeyValuePrefix, Tensor } from '@icl-gd/gpu-kernels';
import { type LayerActivations, type LayerInput, layerForward } from './layer.ts';
import type { Pass } from './pass.ts';

export interface ForwardOptions {
  /** Keys and values that come before every sequence, one entry a layer. */
  readonly prefix?: readonly KeyValuePrefix[] | undefined;
  /** Number of layers to run; all of them if absent. */
  readonly layers?: number;
  /** As of a layer: whether attention blocks' own outputs are read; no if absent. */
  readonly keepsAttention?: boolean;
  /** Rows that are wanted of what comes after attention in the last layer, uint32 [R]; all of them if absent. */
  readonly lastRows?: Tensor | undefined;
  /** Sees each layer's activations, which live as long as `inner`. */
  readonly onLayer?: (index: number, activations: LayerActivations, inner: Pass) => void;
}

/**
 * Runs the layers with one layer's activations in memory at a time.
 * @param embedded the residual stream before the first layer, [T, d]; disposed on the way
 * @returns the residual stream after the last layer, [T, d], or of the rows that are wanted
 */
export function forwardLayers(
  pass: Pass,
  embedded: Tensor,
  { prefix, layers = pass.config.layers, lastRows, keepsAttention = false, onLayer }: ForwardOptions = {},
): Tensor {
  let input: LayerInput = { residual: embedded };
  for (let index = 0; index < layers; index++) {
    using inner = pass.nested();
    const isFollowed = index + 1 < layers;
    const activations = layerForward(inner, index, input, {
      ...{ prefix: prefix?.[index], isFollowed, keepsAttention },
      rows: isFollowed ? undefined : lastRows,
    });
    onLayer?.(index, activations, inner);
    for (const tensor of [input.residual, input.normed?.output, input.normed?.stats]) tensor?.dispose();
    const { output, nextNorm } = activations;
    for (const tensor of [output, nextNorm?.output, nextNorm?.stats]) if (tensor) inner.keep(tensor);
    input = { residual: output, normed: nextNorm };
  }
  return input.residual;
}
