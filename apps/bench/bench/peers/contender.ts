/** What some calls took. */
export interface Usage {
  /** Seconds by the clock. */
  readonly wall: number;
  /** Seconds of CPU time of the whole process, all threads and a software adapter's work included. */
  readonly cpu: number;
}

/** One library at one task. */
export interface Contender {
  readonly name: string;
  /** Does the work once and gives its result, for it to be checked. */
  result(): Promise<Float32Array>;
  /** Does the work this often, each time until its result can be read. */
  run(calls: number): Promise<Usage>;
  dispose?(): void;
}

/** A task whose operands are made by {@link operands}. Matrices are row by row. */
export type Operation =
  | {
      /** C [m, n] = A [m, k] · B [k, n], or A · Bᵀ with B [n, k]. */
      readonly kind: 'matmul';
      readonly m: number;
      readonly k: number;
      readonly n: number;
      readonly transposeB: boolean;
    }
  | { readonly kind: 'layer-norm'; readonly rows: number; readonly columns: number }
  | { readonly kind: 'log-sum-exp'; readonly rows: number; readonly columns: number }
  | {
      /** Causal, queries, keys and values [tokens, heads, headDim]. */
      readonly kind: 'attention';
      readonly tokens: number;
      readonly heads: number;
      readonly headDim: number;
    };

export const NORM_EPSILON = 1e-5;

/** A GPT-2 and what it learns from. */
export interface TrainingTask {
  readonly layers: number;
  readonly heads: number;
  readonly normEpsilon: number;
  /** By our names, in a fixed order; linear weights are [out, in]. */
  readonly parameters: ReadonlyMap<
    string,
    { readonly shape: readonly number[]; readonly values: Float32Array }
  >;
  readonly tokens: readonly number[];
  readonly adamW: {
    readonly learningRate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly weightDecay: number;
  };
}

/** A library. */
export interface Peer {
  readonly name: string;
  /** Version and what else decides its speed. */
  readonly version: string;
  /** Whether its work runs on the WebGPU adapter that ours runs on. */
  readonly webgpu: boolean;
  /** Nothing where the library does not have the operation. */
  operation(operation: Operation, operands: readonly Float32Array[]): Promise<Contender | undefined>;
  /**
   * Steps of training. Its result: the loss, the gradient of every parameter in their order, and the loss after one step
   * of AdamW. Absent where the library does not train.
   */
  training?(task: TrainingTask): Promise<Contender>;
  dispose(): void;
}

/** A contender that works in this process. */
export function inProcess(
  name: string,
  once: () => Promise<Float32Array>,
  { result = once, dispose }: { result?: () => Promise<Float32Array>; dispose?: () => void } = {},
): Contender {
  return {
    name,
    result,
    async run(calls) {
      const cpu = process.cpuUsage();
      const start = performance.now();
      for (let call = 0; call < calls; call++) await once();
      const wall = (performance.now() - start) / 1e3;
      const { user, system } = process.cpuUsage(cpu);
      return { wall, cpu: (user + system) / 1e6 };
    },
    ...(dispose ? { dispose } : {}),
  };
}

export function concatenated(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let first = 0;
  for (const part of parts) {
    all.set(part, first);
    first += part.length;
  }
  return all;
}
