import type { ActivationKind } from '@icl-gd/gpu-kernels';

/**
 * How a token's place in its sequence enters the model. Row of the position table = place + offset. `learned` and
 * `sinusoidal` positions are added to the embeddings, `rotary` ones turn queries and keys in every layer.
 */
export type PositionConfig =
  | { readonly kind: 'learned' | 'sinusoidal'; readonly offset: number }
  | {
      readonly kind: 'rotary';
      readonly offset: 0;
      /** Coordinates of each head that are rotated, from the first on. */
      readonly size: number;
      readonly theta: number;
      /** Frequencies changed for a context longer than the one trained with; none if absent. */
      readonly rescaling?: RotaryRescaling;
    };

/** How rotary frequencies theta^(−2i / size) are rescaled; see `rotaryFrequencies`. */
export type RotaryRescaling =
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      /** Context length that the model was first trained with. */
      readonly originalContext: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
    }
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalContext: number;
      /** Rotations within the original context from which on, and below which, a frequency is kept or interpolated. */
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Whether the bounds are rounded outwards to whole coordinates. */
      readonly truncate: boolean;
      /** Multiplies rotated queries and keys. */
      readonly amplitude: number;
    };

/** Which linear layers have biases. */
export interface BiasConfig {
  readonly query: boolean;
  readonly keyValue: boolean;
  readonly attentionOutput: boolean;
  readonly feedForward: boolean;
}

/**
 * A decoder-only transformer in one vocabulary for all families: blocks, final norm, unembedding. What families differ in
 * is an option here; the decoder knows no families.
 */
export interface DecoderConfig {
  /** `model_type` of config.json. */
  readonly family: string;
  readonly layers: number;
  readonly dModel: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly dFeedForward: number;
  readonly vocabSize: number;
  /** Longest sequence in tokens, BOS included. */
  readonly contextLength: number;
  /** null where config.json does not say: the model can be run, the experiment cannot (`specialToken`). */
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  readonly activation: ActivationKind;
  /** Feed-forward f(gate x) * (up x) instead of f(up x). */
  readonly gatedFeedForward: boolean;
  /** `layer`: with mean and bias; `rms`: root mean square alone, no bias. */
  readonly norm: 'layer' | 'rms';
  readonly normEpsilon: number;
  readonly positions: PositionConfig;
  readonly biases: BiasConfig;
  /** The feed-forward block reads the layer's input, not the attention block's output. */
  readonly parallelResidual: boolean;
  /** Multiplies token embeddings. */
  readonly embeddingScale: number;
  /** Multiplies q·k. */
  readonly attentionScale: number;
  readonly tiedUnembedding: boolean;
  /** Width of token embeddings and unembedding, projected to and from dModel; dModel if absent. */
  readonly dEmbedding?: number;
  /** For each layer how many tokens back its attention reaches, the token itself included; null or absent: all of them. */
  readonly attentionWindows?: readonly (number | null)[];
  /** Root-mean-square norms over each query and key head, before rotary positions. */
  readonly queryKeyNorm?: boolean;
  /** Norms after each residual sum (Vaswani et al. 2017) instead of before each block. */
  readonly postNorm?: boolean;
  /** Whether a norm stands before the unembedding; true if absent. */
  readonly finalNorm?: boolean;
}
