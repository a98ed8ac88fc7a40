import { NORM_EPSILON } from '../contender.ts';

/** An array of jax-js: a function takes what it is given, `ref` keeps it for another use. */
export interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: readonly number[];
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  transpose(axes?: readonly number[]): JaxArray;
  blockUntilReady(): Promise<JaxArray>;
  data(): Promise<Float32Array>;
  dispose(): void;
}

type Reduction = (x: JaxArray, axis?: number, options?: { readonly keepdims?: boolean }) => JaxArray;

/** What is used of jax-js. */
export interface Jax {
  init(...devices: string[]): Promise<string[]>;
  defaultDevice(device: string): void;
  jit<T>(work: T): T;
  valueAndGrad<Parameters, Rest extends readonly unknown[]>(
    loss: (parameters: Parameters, ...rest: Rest) => JaxArray,
  ): (parameters: Parameters, ...rest: Rest) => [JaxArray, Parameters];
  readonly numpy: {
    array(values: Float32Array | Int32Array): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    readonly mean: Reduction;
    readonly sum: Reduction;
    sqrt(x: JaxArray): JaxArray;
    exp(x: JaxArray): JaxArray;
  };
  readonly tree: {
    ref<T>(tree: T): T;
    dispose(tree: unknown): void;
  };
  readonly nn: {
    gelu(x: JaxArray, options?: { readonly approximate?: boolean }): JaxArray;
    logsumexp: Reduction;
    logSoftmax(x: JaxArray, axis?: number): JaxArray;
    oneHot(x: JaxArray, classes: number): JaxArray;
    dotProductAttention(
      q: JaxArray,
      k: JaxArray,
      v: JaxArray,
      options?: { readonly isCausal?: boolean },
    ): JaxArray;
  };
}

/** Layer norm of the rows of x, which it takes, as it takes weight and bias. */
export function jaxLayerNorm({ numpy }: Jax, x: JaxArray, weight: JaxArray, bias: JaxArray): JaxArray {
  const keepdims = { keepdims: true };
  const centred = x.ref.sub(numpy.mean(x, -1, keepdims));
  const variance = numpy.mean(centred.ref.mul(centred.ref), -1, keepdims);
  return centred
    .div(numpy.sqrt(variance.add(NORM_EPSILON)))
    .mul(weight)
    .add(bias);
}
