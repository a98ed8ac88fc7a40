import type { ActivationKind } from '@icl-gd/gpu-kernels';

/**
 * How a token's place in its sequence enters the model. A token at place i, counted from 0, reads row i + offset of the
 * position table. `learned` and `sinusoidal` positions are added to the embeddings; `rotary` ones (Su et al. 2021) rotate
 * queries and keys in every layer.
 */
export type PositionConfig =
  | { readonly kind: 'learned'; readonly offset: number }
  | {
      readonly kind: 'sinusoidal';
      readonly offset: number;
      /** A row that is zero: that of the padding token in fairseq's table. None if absent. */
      readonly zeroRow?: number;
    }
  | {
      readonly kind: 'rotary';
      readonly offset: 0;
      /** Coordinates of each head that are rotated, from the first on. */
      readonly size: number;
      /** Base of the frequencies theta^(−2i / size), in radians a token. */
      readonly theta: number;
      /** Frequencies changed for a context longer than the one trained with; none if absent. */
      readonly rescaling?: RotaryRescaling;
    };

/**
 * How rotary frequencies are rescaled: divided by a factor (`linear`), by wavelength as Llama 3 does (`llama3`), or by
 * wavelength as YaRN does (`yarn`, Peng et al. 2023).
 */
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
      /** A frequency is kept from this many rotations within the original context on. */
      readonly betaFast: number;
      /** A frequency is divided by the factor up to this many rotations; between both it is a mix. */
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
 *
 * Letters that shapes are written with, in this package and in gpu-kernels:
 *
 * | letter | size |
 * | --- | --- |
 * | T | tokens of a packed batch, of all its sequences together |
 * | R | rows of a batch that something is asked for |
 * | L | `layers` |
 * | d | `dModel`, the width of the residual stream |
 * | H, H_kv | `heads`, `kvHeads` |
 * | D | `headDim` |
 * | F | `dFeedForward` |
 * | V | `vocabSize` |
 */
export interface DecoderConfig {
  /** `model_type` of config.json. */
  readonly family: string;
  /** L. */
  readonly layers: number;
  /** d: width of the residual stream. */
  readonly dModel: number;
  /** H: query heads of each layer. */
  readonly heads: number;
  /** H_kv: key and value heads of each layer; divides `heads`, fewer of them with grouped-query attention. */
  readonly kvHeads: number;
  /** D: width of each head; H D need not be d. */
  readonly headDim: number;
  /** F: width of the feed-forward block. */
  readonly dFeedForward: number;
  /** V: tokens of the vocabulary. */
  readonly vocabSize: number;
  /** Longest sequence in tokens, BOS included. */
  readonly contextLength: number;
  /** null where config.json does not say: the model runs without, but see `specialToken`. */
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  /** f of the feed-forward block. */
  readonly activation: ActivationKind;
  /** The feed-forward block is down(f(gate x) · up x) instead of down(f(up x)). */
  readonly gatedFeedForward: boolean;
  /** `layer`: with mean and bias; `rms`: root mean square alone, no bias. */
  readonly norm: 'layer' | 'rms';
  /** Added to the variance, or to the mean square. */
  readonly normEpsilon: number;
  readonly positions: PositionConfig;
  readonly biases: BiasConfig;
  /** The feed-forward block reads the residual stream before the layer's attention block, not after it. */
  readonly parallelResidual: boolean;
  /** Multiplies token embeddings. */
  readonly embeddingScale: number;
  /** Multiplies q·k. */
  readonly attentionScale: number;
  /** The unembedding is the token embedding. */
  readonly tiedUnembedding: boolean;
  /** Width of token embeddings and unembedding where they are projected to and from d; d if absent. */
  readonly dEmbedding?: number;
  /** For each layer how many tokens its attention sees, the token itself included; null or absent: all before it. */
  readonly attentionWindows?: readonly (number | null)[];
  /** Norms over each query and key head, before rotary positions; none if absent. */
  readonly queryKeyNorm?: boolean;
  /** Norms after each residual sum (Vaswani et al. 2017) instead of before each block; before if absent. */
  readonly postNorm?: boolean;
  /** Whether a norm stands before the unembedding; true if absent. */
  readonly finalNorm?: boolean;
}
