import { NORM_EPSILON } from '../contender.ts';

export interface TfTensor {
  add(other: TfTensor | number): TfTensor;
  sub(other: TfTensor | number): TfTensor;
  mul(other: TfTensor | number): TfTensor;
  div(other: TfTensor | number): TfTensor;
  data(): Promise<Float32Array>;
  dispose(): void;
}

export interface TfVariable extends TfTensor {
  assign(value: TfTensor): void;
}

/** What is used of TensorFlow.js. */
export interface Tf {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tidy<T>(work: () => T): T;
  tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype?: string): TfTensor;
  variable(initial: TfTensor, trainable: boolean, name: string): TfVariable;
  variableGrads(
    loss: () => TfTensor,
    variables: readonly TfVariable[],
  ): { readonly value: TfTensor; readonly grads: Readonly<Record<string, TfTensor>> };
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  mean(x: TfTensor, axis: number, keepDims?: boolean): TfTensor;
  sum(x: TfTensor): TfTensor;
  sqrt(x: TfTensor): TfTensor;
  tanh(x: TfTensor): TfTensor;
  logSumExp(x: TfTensor, axis: number): TfTensor;
  softmax(x: TfTensor): TfTensor;
  gather(x: TfTensor, indices: TfTensor): TfTensor;
  oneHot(indices: TfTensor, depth: number): TfTensor;
  slice(x: TfTensor, begin: readonly number[], size: readonly number[]): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  transpose(x: TfTensor, axes: readonly number[]): TfTensor;
  zeros(shape: readonly number[]): TfTensor;
}

export function tfLayerNorm(tf: Tf, x: TfTensor, weight: TfTensor, bias: TfTensor): TfTensor {
  const centred = x.sub(tf.mean(x, -1, true));
  const variance = tf.mean(centred.mul(centred), -1, true);
  return centred
    .div(tf.sqrt(variance.add(NORM_EPSILON)))
    .mul(weight)
    .add(bias);
}

/** Attention of [tokens, heads, headDim]; the result has this shape, too. */
export function tfAttention(
  tf: Tf,
  [q, k, v]: readonly [TfTensor, TfTensor, TfTensor],
  mask: TfTensor,
  headDim: number,
) {
  const [heads, keys, values] = [q, k, v].map((x) => tf.transpose(x, [1, 0, 2])) as [
    TfTensor,
    TfTensor,
    TfTensor,
  ];
  const scores = tf.matMul(heads, keys, false, true).mul(headDim ** -0.5);
  return tf.transpose(tf.matMul(tf.softmax(scores.add(mask)), values), [1, 0, 2]);
}
