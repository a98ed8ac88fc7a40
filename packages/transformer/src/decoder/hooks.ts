import type { Gpu, PackedSequences, Tensor } from '@icl-gd/gpu-kernels';

/** Something that a layer has just computed, before anything reads it. */
export interface HookedActivation {
  /** The device that it is on: what a hook dispatches there is done before anything reads the tensor. */
  readonly gpu: Gpu;
  /** From 0. */
  readonly layer: number;
  /** float32 [T, d]; a hook may change it in place. It lives as long as the call. */
  readonly tensor: Tensor;
  /** Which rows belong to which sequence: `starts` and `lengths`, tokens of a prefix not included. */
  readonly sequences: Pick<PackedSequences, 'starts' | 'lengths' | 'totalTokens'>;
}

/** A function that sees an activation and may change it by what it dispatches. */
export type Hook = (activation: HookedActivation) => void;

/** Hooks by what they see, each called once a layer and pass. */
export interface Hooks {
  /**
   * h: the attention block's output after its output projection, before the residual is added. Probes record what a
   * hook leaves.
   */
  readonly attentionOutput?: Hook;
  /** The feed-forward block's output, before the residual is added. */
  readonly feedForwardOutput?: Hook;
  /** The residual stream after the layer. */
  readonly layerOutput?: Hook;
}
