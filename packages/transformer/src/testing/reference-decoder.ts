import type { TokenTargets } from '../decoder/targets.ts';
import { sinusoidalTable } from '../decoder/positions.ts';
import type { DecoderConfig } from '../config.ts';

/** Parameters by decoder name, row-major, float64. */
export type ReferenceParameters = ReadonlyMap<string, Float64Array>;

type Rows = readonly (readonly number[])[];

/** A pre-norm decoder in float64, token by token, for GELU (tanh): the definition that kernels are held against. */
export class ReferenceDecoder {
  readonly #config: DecoderConfig;

  constructor(config: DecoderConfig) {
    if (config.activation !== 'gelu_tanh') throw new RangeError(`no reference for ${config.activation}`);
    this.#config = config;
  }

  embed(p: ReferenceParameters, sequences: readonly (readonly number[])[]): Rows {
    const { dModel, contextLength, positions, embeddingScale } = this.#config;
    const table = p.get('embedding.positions') ?? sinusoidalTable(contextLength + positions.offset, dModel);
    const tokens = p.get('embedding.tokens')!;
    return sequences.flatMap((sequence) =>
      sequence.map((token, place) =>
        Array.from(
          { length: dModel },
          (_, i) =>
            embeddingScale * tokens[token * dModel + i]! + table[(place + positions.offset) * dModel + i]!,
        ),
      ),
    );
  }

  /** One block over packed sequences of these lengths. */
  layer(p: ReferenceParameters, layer: number, x: Rows, lengths: readonly number[]): Rows {
    const name = `layers.${layer}`;
    const normed = this.#norm(p, `${name}.attentionNorm`, x);
    const [q, k, v] = ['query', 'key', 'value'].map((part) =>
      linear(p, `${name}.attention.${part}`, normed),
    ) as [Rows, Rows, Rows];
    const mixed: number[][] = [];
    let start = 0;
    for (const length of lengths) {
      for (let row = start; row < start + length; row++)
        mixed.push(this.#attend(q[row]!, k.slice(start, row + 1), v.slice(start, row + 1)));
      start += length;
    }
    const middle = sum(x, linear(p, `${name}.attention.output`, mixed));
    const up = linear(p, `${name}.feedForward.up`, this.#norm(p, `${name}.feedForwardNorm`, middle));
    return sum(
      middle,
      linear(
        p,
        `${name}.feedForward.down`,
        up.map((row) => row.map(geluTanh)),
      ),
    );
  }

  /** Mean cross-entropy of the targets under final norm and unembedding. */
  loss(p: ReferenceParameters, x: Rows, { rows, tokens }: TokenTargets): number {
    const { dModel, vocabSize } = this.#config;
    const table = p.get('unembedding') ?? p.get('embedding.tokens')!;
    const normed = this.#norm(p, 'finalNorm', x);
    const losses = rows.map((row, i) => {
      const logits = Array.from({ length: vocabSize }, (_, token) =>
        dot(normed[row]!, table.subarray(token * dModel, (token + 1) * dModel)),
      );
      return logSumExp(logits) - logits[tokens[i]!]!;
    });
    return losses.reduce((a, b) => a + b, 0) / losses.length;
  }

  #norm(p: ReferenceParameters, name: string, x: Rows): Rows {
    const [weight, bias] = [p.get(`${name}.weight`)!, p.get(`${name}.bias`)!];
    return x.map((row) => {
      const mean = row.reduce((a, b) => a + b, 0) / row.length;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
      return row.map(
        (value, i) =>
          ((value - mean) / Math.sqrt(variance + this.#config.normEpsilon)) * weight[i]! + bias[i]!,
      );
    });
  }

  /** One query over the keys up to its own, head by head. */
  #attend(q: readonly number[], keys: Rows, values: Rows): number[] {
    const { heads, headDim, attentionScale } = this.#config;
    return Array.from({ length: heads }, (_, head) => {
      const part = (row: readonly number[]): readonly number[] =>
        row.slice(head * headDim, (head + 1) * headDim);
      const logits = keys.map((key) => attentionScale * dot(part(q), part(key)));
      const total = logSumExp(logits);
      const weights = logits.map((logit) => Math.exp(logit - total));
      return Array.from({ length: headDim }, (_, i) =>
        dot(
          weights,
          values.map((value) => part(value)[i]!),
        ),
      );
    }).flat();
  }
}

function linear(p: ReferenceParameters, name: string, x: Rows): Rows {
  const [weight, bias] = [p.get(`${name}.weight`)!, p.get(`${name}.bias`)!];
  return x.map((row) =>
    Array.from(bias, (offset, o) => offset + dot(row, weight.subarray(o * row.length, (o + 1) * row.length))),
  );
}

function sum(a: Rows, b: Rows): Rows {
  return a.map((row, r) => row.map((value, i) => value + b[r]![i]!));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

function logSumExp(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((total, value) => total + Math.exp(value - largest), 0));
}

function geluTanh(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}
