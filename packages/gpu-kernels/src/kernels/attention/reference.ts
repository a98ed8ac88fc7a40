import type { HeadShape } from './shape.ts';

/** Operands and options of {@link attentionReference}, in the layout of the kernels. */
export interface AttentionReferenceArguments {
  readonly shape: HeadShape;
  /** Tokens of each of the packed sequences; T together. */
  readonly lengths: readonly number[];
  /** [T, H·D]. */
  readonly q: ArrayLike<number>;
  /** [T, Hkv·D]. */
  readonly k: ArrayLike<number>;
  /** [T, Hkv·D]. */
  readonly v: ArrayLike<number>;
  /** A token sees itself and the window − 1 tokens before it. */
  readonly window?: number;
  /** Keys and values [S, Hkv·D] before every sequence, S of them. */
  readonly prefix?: { readonly length: number; readonly k: ArrayLike<number>; readonly v: ArrayLike<number> };
}

/** What {@link attentionReference} gives. */
export interface AttentionReference {
  /** [T, H·D]. */
  readonly out: Float64Array;
  /** [T, H]. */
  readonly logSumExp: Float64Array;
}

/** What {@link attentionBackwardReference} gives. */
export interface AttentionGradientsReference {
  /** [T, H·D]. */
  readonly gradQuery: Float64Array;
  /** [T, Hkv·D]. */
  readonly gradKey: Float64Array;
  /** [T, Hkv·D]. */
  readonly gradValue: Float64Array;
}

/** One visible key of one row: where its vectors lie, and its weight. */
interface Visible {
  readonly score: number;
  readonly weight: number;
  readonly keyAt: number;
  readonly keys: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** Causal softmax attention in float64, row by row as it is defined. */
export function attentionReference(args: AttentionReferenceArguments): AttentionReference {
  const { heads, headDim } = args.shape;
  const tokens = args.lengths.reduce((sum, length) => sum + length, 0);
  const out = new Float64Array(tokens * heads * headDim);
  const logSumExp = new Float64Array(tokens * heads);
  eachRow(args, (row, head, visible, normalizer) => {
    logSumExp[row * heads + head] = normalizer;
    const at = (row * heads + head) * headDim;
    for (const { weight, keyAt, values } of visible) {
      for (let i = 0; i < headDim; i++) out[at + i]! += weight * values[keyAt + i]!;
    }
  });
  return { out, logSumExp };
}

/** Gradients of sum(gradOutput * out), with gradOutput [T, H·D], with respect to q, k and v, without a prefix. */
export function attentionBackwardReference(
  args: Omit<AttentionReferenceArguments, 'prefix'>,
  gradOutput: ArrayLike<number>,
): AttentionGradientsReference {
  const { heads, headDim, scale } = args.shape;
  const gradQuery = new Float64Array(args.q.length);
  const gradKey = new Float64Array(args.k.length);
  const gradValue = new Float64Array(args.v.length);
  eachRow(args, (row, head, visible) => {
    const at = (row * heads + head) * headDim;
    const gradWeights = visible.map(({ keyAt, values }) => dot(gradOutput, at, values, keyAt, headDim));
    const mean = visible.reduce((sum, { weight }, j) => sum + weight * gradWeights[j]!, 0);
    for (const [j, { weight, keyAt }] of visible.entries()) {
      const gradScore = scale * weight * (gradWeights[j]! - mean);
      for (let i = 0; i < headDim; i++) {
        gradQuery[at + i]! += gradScore * args.k[keyAt + i]!;
        gradKey[keyAt + i]! += gradScore * args.q[at + i]!;
        gradValue[keyAt + i]! += weight * gradOutput[at + i]!;
      }
    }
  });
  return { gradQuery, gradKey, gradValue };
}

/** Scaled q·k of one row towards keys [firstKey, row], before the softmax: [H, keys]. */
export function attentionScoresReference(
  { shape, q, k }: Pick<AttentionReferenceArguments, 'shape' | 'q' | 'k'>,
  row: number,
  firstKey: number,
): number[] {
  const { heads, kvHeads, headDim, scale } = shape;
  const scores: number[] = [];
  for (let head = 0; head < heads; head++) {
    const kvHead = Math.floor((head * kvHeads) / heads);
    for (let key = firstKey; key <= row; key++) {
      scores.push(
        scale * dot(q, (row * heads + head) * headDim, k, (key * kvHeads + kvHead) * headDim, headDim),
      );
    }
  }
  return scores;
}

function eachRow(
  args: AttentionReferenceArguments,
  visit: (row: number, head: number, visible: Visible[], normalizer: number) => void,
): void {
  const { heads, kvHeads, headDim, scale } = args.shape;
  let start = 0;
  for (const length of args.lengths) {
    for (let row = start; row < start + length; row++) {
      for (let head = 0; head < heads; head++) {
        const kvHead = Math.floor((head * kvHeads) / heads);
        const queryAt = (row * heads + head) * headDim;
        const see = (key: number, keys: ArrayLike<number>, values: ArrayLike<number>): Visible => {
          const keyAt = (key * kvHeads + kvHead) * headDim;
          return {
            score: scale * dot(args.q, queryAt, keys, keyAt, headDim),
            weight: 0,
            keyAt,
            keys,
            values,
          };
        };
        const visible: Visible[] = [];
        const { prefix, window = Infinity } = args;
        const place = (prefix?.length ?? 0) + row - start;
        if (prefix)
          for (let key = 0; key < prefix.length; key++)
            if (place - key < window) visible.push(see(key, prefix.k, prefix.v));
        for (let key = start; key <= row; key++)
          if (row - key < window) visible.push(see(key, args.k, args.v));
        const maximum = Math.max(...visible.map(({ score }) => score));
        const normalizer =
          maximum + Math.log(visible.reduce((sum, { score }) => sum + Math.exp(score - maximum), 0));
        const weighted = visible.map((seen) => ({ ...seen, weight: Math.exp(seen.score - normalizer) }));
        visit(row, head, weighted, normalizer);
      }
    }
    start += length;
  }
}

function dot(a: ArrayLike<number>, aAt: number, b: ArrayLike<number>, bAt: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[aAt + i]! * b[bAt + i]!;
  return sum;
}
