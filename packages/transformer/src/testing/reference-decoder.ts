import type { DecoderConfig } from '../config.ts';
import type { Readout } from '../decoder/loss-gradient.ts';

type Vector = Float64Array;
/** Values of a parameter by its decoder name, weights [out, in] row-major; undefined if the model has none. */
export type ParameterValues = (name: string) => ArrayLike<number> | undefined;

export interface ReferenceResult {
  /** h of each layer and token: [layers][tokens][dModel]. */
  readonly attentionOutput: readonly Vector[][];
  /** Scaled q·k of each layer: [layers][heads][query token][key token], not masked. */
  readonly attentionScores: readonly number[][][][];
  /** Log-probabilities after each token from what is read of each layer: [layers][tokens][vocabSize]. */
  readonly layerLogProbs: readonly Vector[][];
}

export interface ReferenceOptions {
  /** What of a layer goes through final norm and unembedding; `layer` if absent. */
  readonly readout?: Readout;
  /** Place of the first token; 0 if absent. */
  readonly positionOffset?: number;
}

/**
 * The decoder in float64 as the families' papers define it, one token at a time, sharing no code with the real one.
 */
export function referenceDecoder(
  config: DecoderConfig,
  values: ParameterValues,
  tokens: readonly number[],
  { readout = 'layer', positionOffset = 0 }: ReferenceOptions = {},
): ReferenceResult {
  const { dModel: d, heads, kvHeads, headDim } = config;
  const need = (name: string): ArrayLike<number> => {
    const found = values(name);
    if (!found) throw new RangeError(`no parameter ${name}`);
    return found;
  };
  const linear = (name: string, x: Vector): Vector => {
    const [weight, bias] = [need(`${name}.weight`), values(`${name}.bias`)];
    return Float64Array.from({ length: weight.length / x.length }, (_, o) =>
      x.reduce((sum, value, i) => sum + value * weight[o * x.length + i]!, bias?.[o] ?? 0),
    );
  };
  const norm = (name: string, x: Vector): Vector => {
    const mean = config.norm === 'layer' ? x.reduce((sum, value) => sum + value, 0) / x.length : 0;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    const [weight, bias] = [need(`${name}.weight`), values(`${name}.bias`)];
    return x.map(
      (value, i) =>
        ((value - mean) / Math.sqrt(variance + config.normEpsilon)) * weight[i]! + (bias?.[i] ?? 0),
    );
  };
  const head = (x: Vector, index: number): Vector => x.slice(index * headDim, (index + 1) * headDim);
  const feedForward = (name: string, x: Vector): Vector => {
    const up = linear(`${name}.up`, x);
    const gate = config.gatedFeedForward ? linear(`${name}.gate`, x) : undefined;
    const f = ACTIVATIONS[config.activation];
    return linear(
      `${name}.down`,
      up.map((value, i) => (gate ? f(gate[i]!) * value : f(value))),
    );
  };
  const logProbs = (x: Vector): Vector => {
    const final = config.finalNorm === false ? x : norm('finalNorm', x);
    const normed = values('unembeddingProjection.weight') ? linear('unembeddingProjection', final) : final;
    const table = values('unembedding') ?? need('embedding.tokens');
    const logits = Float64Array.from({ length: config.vocabSize }, (_, token) =>
      normed.reduce((sum, value, i) => sum + value * table[token * normed.length + i]!, 0),
    );
    const normalizer = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
    return logits.map((value) => value - normalizer);
  };

  let residual: Vector[] = tokens.map((token, place) => {
    const width = config.dEmbedding ?? d;
    const table = need('embedding.tokens');
    const own = Float64Array.from(
      { length: width },
      (_, i) => config.embeddingScale * table[token * width + i]!,
    );
    const x = width === d ? own : linear('embedding.projection', own);
    return x.map((value, i) => value + absolutePosition(config, values, positionOffset + place, i));
  });
  const attentionOutput: Vector[][] = [];
  const attentionScores: number[][][][] = [];
  const layerLogProbs: Vector[][] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const name = `layers.${layer}`;
    const normed = config.postNorm ? residual : residual.map((x) => norm(`${name}.attentionNorm`, x));
    const window = config.attentionWindows?.[layer] ?? Infinity;
    const project = (projection: string, count: number, rotated: boolean): Vector[][] =>
      normed.map((x, place) => {
        const all = linear(`${name}.attention.${projection}`, x);
        return Array.from({ length: count }, (_, index) => {
          const own = head(all, index);
          const ready = rotated && config.queryKeyNorm ? norm(`${name}.${projection}Norm`, own) : own;
          return rotated ? turn(config, ready, positionOffset + place) : ready;
        });
      });
    const [q, k] = [project('query', heads, true), project('key', kvHeads, true)];
    const v = project('value', kvHeads, false);
    const logits = Array.from({ length: heads }, (_, index) => {
      const keyHead = Math.floor(index / (heads / kvHeads));
      return q.map((query) => k.map((key) => config.attentionScale * dot(query[index]!, key[keyHead]!)));
    });
    const h = residual.map((_, place) => {
      const headOutputs = logits.flatMap((rows, index) => {
        const weights = rows[place]!.slice(0, place + 1).map((logit, j) =>
          place - j < window ? Math.exp(logit) : 0,
        );
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const keyHead = Math.floor(index / (heads / kvHeads));
        return Array.from({ length: headDim }, (__, i) =>
          weights.reduce((sum, weight, j) => sum + (weight / total) * v[j]![keyHead]![i]!, 0),
        );
      });
      return linear(`${name}.attention.output`, Float64Array.from(headOutputs));
    });
    const middle: Vector[] = [];
    residual = residual.map((x, place) => {
      const residualMiddle = x.map((value, i) => value + h[place]![i]!);
      middle.push(config.postNorm ? norm(`${name}.attentionNorm`, residualMiddle) : residualMiddle);
      if (config.postNorm) {
        const normedMiddle = norm(`${name}.attentionNorm`, residualMiddle);
        const block = feedForward(`${name}.feedForward`, normedMiddle);
        return norm(
          `${name}.feedForwardNorm`,
          normedMiddle.map((value, i) => value + block[i]!),
        );
      }
      const read = norm(`${name}.feedForwardNorm`, config.parallelResidual ? x : residualMiddle);
      const added = feedForward(`${name}.feedForward`, read);
      return residualMiddle.map((value, i) => value + added[i]!);
    });
    attentionOutput.push(h);
    attentionScores.push(logits);
    layerLogProbs.push({ layer: residual, residual: middle, attention: h }[readout].map(logProbs));
  }
  return { attentionOutput, attentionScores, layerLogProbs };
}

/**
 * Mean cross-entropy (nats) of all next-token predictions of the sequences, from what is read of a layer, under final norm and
 * unembedding.
 */
export function referenceLoss(
  config: DecoderConfig,
  values: ParameterValues,
  sequences: readonly (readonly number[])[],
  layer = config.layers - 1,
  readout: Readout = 'layer',
): number {
  const losses = sequences.flatMap((tokens) => {
    const { layerLogProbs } = referenceDecoder(config, values, tokens, { readout });
    return tokens.slice(1).map((token, i) => -(layerLogProbs[layer]?.[i]?.[token] ?? NaN));
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function absolutePosition(config: DecoderConfig, values: ParameterValues, place: number, i: number): number {
  const { positions, dModel } = config;
  if (positions.kind === 'rotary') return 0;
  const row = place + positions.offset;
  if (positions.kind === 'learned') return values('embedding.positions')?.[row * dModel + i] ?? NaN;
  if (row === positions.zeroRow) return 0;
  const half = dModel / 2;
  const angle = row * 10000 ** (-(i % half) / (half - 1));
  return i < half ? Math.sin(angle) : Math.cos(angle);
}

/** Pairs (i, i + size / 2) of a head turned by place · theta^(−2i / size), rescaled where the model does that. */
function turn({ positions }: DecoderConfig, x: Vector, place: number): Vector {
  if (positions.kind !== 'rotary') return x;
  const half = positions.size / 2;
  const out = Float64Array.from(x);
  const amplitude = positions.rescaling?.kind === 'yarn' ? positions.rescaling.amplitude : 1;
  for (let i = 0; i < half; i++) {
    const angle = (place * stretch(positions, i)) / positions.theta ** (i / half);
    out[i] = amplitude * (x[i]! * Math.cos(angle) - x[i + half]! * Math.sin(angle));
    out[i + half] = amplitude * (x[i]! * Math.sin(angle) + x[i + half]! * Math.cos(angle));
  }
  return out;
}

/** What the frequency of pair i is multiplied by. */
function stretch(
  { size, theta, rescaling }: Extract<DecoderConfig['positions'], { kind: 'rotary' }>,
  i: number,
): number {
  if (!rescaling) return 1;
  const { kind, factor } = rescaling;
  if (kind === 'linear') return 1 / factor;
  const wavelength = 2 * Math.PI * theta ** ((2 * i) / size);
  if (kind === 'llama3') {
    const longest = rescaling.originalContext / rescaling.lowFrequencyFactor;
    const shortest = rescaling.originalContext / rescaling.highFrequencyFactor;
    if (wavelength < shortest) return 1;
    if (wavelength > longest) return 1 / factor;
    const smooth =
      (rescaling.originalContext / wavelength - rescaling.lowFrequencyFactor) /
      (rescaling.highFrequencyFactor - rescaling.lowFrequencyFactor);
    return (1 - smooth) / factor + smooth;
  }
  // The pair whose wave fits `rotations` times into the original context.
  const pairOf = (rotations: number): number =>
    (size / 2) * (Math.log(rescaling.originalContext / rotations / (2 * Math.PI)) / Math.log(theta));
  const [fast, slow] = [pairOf(rescaling.betaFast), pairOf(rescaling.betaSlow)];
  const first = Math.max(0, rescaling.truncate ? Math.floor(fast) : fast);
  const last = Math.min(size - 1, rescaling.truncate ? Math.ceil(slow) : slow);
  // A ramp from first to last, or a step where both are one; it need not rise.
  const share = Math.min(1, Math.max(0, (i - first) / (last === first ? 0.001 : last - first)));
  return 1 + share * (1 / factor - 1);
}

const ACTIVATIONS: Readonly<Record<DecoderConfig['activation'], (x: number) => number>> = {
  relu: (x) => Math.max(x, 0),
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu_tanh: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  gelu: (x) => {
    // Phi by Taylor's series: exact enough for the |x| < 6 of small models.
    let [term, sum] = [x, x];
    for (let k = 3; Math.abs(term) > 1e-18; k += 2) sum += term *= (x * x) / k;
    return x * (0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI));
  },
};
