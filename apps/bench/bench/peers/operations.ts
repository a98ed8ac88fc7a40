import { NORM_EPSILON, type Operation } from './contender.ts';

/** Operands of an operation, the same whenever it is asked for. */
export function operands(operation: Operation): Float32Array[] {
  switch (operation.kind) {
    case 'matmul':
      return [noise(operation.m * operation.k, 1), noise(operation.k * operation.n, 2)];
    case 'layer-norm': {
      const { rows, columns } = operation;
      return [noise(rows * columns, 1), noise(columns, 2), noise(columns, 3)];
    }
    case 'log-sum-exp':
      return [noise(operation.rows * operation.columns, 1)];
    case 'attention': {
      const size = operation.tokens * operation.heads * operation.headDim;
      return [noise(size, 1), noise(size, 2), noise(size, 3)];
    }
  }
}

export function taskOf(operation: Operation): string {
  switch (operation.kind) {
    case 'matmul':
      return `${operation.m}×${operation.k}×${operation.n} ${operation.transposeB ? 'A·Bᵀ' : 'A·B'}`;
    case 'layer-norm':
    case 'log-sum-exp':
      return `${operation.kind} ${operation.rows}×${operation.columns}`;
    case 'attention':
      return `attention T ${operation.tokens}, ${operation.heads} heads of ${operation.headDim}`;
  }
}

/** Floating-point operations that the definition asks for; 0 where memory counts. */
export function flops(operation: Operation): number {
  if (operation.kind === 'matmul') return 2 * operation.m * operation.k * operation.n;
  if (operation.kind !== 'attention') return 0;
  return 2 * operation.tokens * (operation.tokens + 1) * operation.heads * operation.headDim;
}

/**
 * What is wrong with a result, if anything: compared with float64 in sampled rows and columns, each whole, so that no
 * column is left out. Tolerated is what float32 may round in sums of this length.
 */
export function fault(
  operation: Operation,
  given: readonly Float32Array[],
  result: Float32Array,
): string | undefined {
  const { shape, length, element } = reference(operation, given);
  const [rows, columns] = shape;
  if (result.length !== rows * columns) return `gives ${result.length} numbers, not ${rows * columns}`;
  const tolerance = 1e-6 * Math.sqrt(length) + 2e-5;
  const sampled = (size: number): Set<number> => new Set([0, Math.floor(size / 2), size - 1]);
  const wrong: number[] = [];
  const check = (row: number, column: number): void => {
    const found = result[row * columns + column] as number;
    const wanted = element(row, column);
    if (!(Math.abs(found - wanted) <= tolerance * Math.max(1, Math.abs(wanted)))) wrong.push(found);
  };
  for (const row of sampled(rows)) for (let column = 0; column < columns; column++) check(row, column);
  for (const column of sampled(columns)) for (let row = 0; row < rows; row++) check(row, column);
  if (wrong.length === 0) return undefined;
  return wrong.every((value) => value === 0) ? 'gives zeros' : `gives wrong numbers, such as ${wrong[0]}`;
}

interface Reference {
  readonly shape: readonly [rows: number, columns: number];
  /** How many products an element adds up. */
  readonly length: number;
  readonly element: (row: number, column: number) => number;
}

function reference(operation: Operation, given: readonly Float32Array[]): Reference {
  const [x, y, z] = given as [Float32Array, Float32Array, Float32Array];
  switch (operation.kind) {
    case 'matmul': {
      const { m, k, n, transposeB } = operation;
      const [byColumn, byTerm] = transposeB ? [k, 1] : [1, n];
      return {
        shape: [m, n],
        length: k,
        element: (row, column) =>
          total(k, (i) => (x[row * k + i] as number) * (y[column * byColumn + i * byTerm] as number)),
      };
    }
    case 'layer-norm': {
      const { rows, columns: d } = operation;
      const rowStatistics = Array.from({ length: rows }, (_, row) => {
        const mean = total(d, (i) => x[row * d + i] as number) / d;
        return { mean, variance: total(d, (i) => ((x[row * d + i] as number) - mean) ** 2) / d };
      });
      return {
        shape: [rows, d],
        length: d,
        element(row, column) {
          const { mean, variance } = rowStatistics[row] as { mean: number; variance: number };
          const normed = ((x[row * d + column] as number) - mean) / Math.sqrt(variance + NORM_EPSILON);
          return normed * (y[column] as number) + (z[column] as number);
        },
      };
    }
    case 'log-sum-exp': {
      const { rows, columns } = operation;
      const element = (row: number): number =>
        Math.log(total(columns, (i) => Math.exp(x[row * columns + i] as number)));
      return { shape: [rows, 1], length: columns, element };
    }
    case 'attention': {
      const { tokens, heads, headDim } = operation;
      const width = heads * headDim;
      const weights = new Map<number, number[]>();
      const weightsOf = (row: number, head: number): number[] => {
        const key = row * heads + head;
        const known = weights.get(key);
        if (known) return known;
        const at = (values: Float32Array, token: number, i: number): number =>
          values[token * width + head * headDim + i] as number;
        const scores = Array.from(
          { length: row + 1 },
          (_, token) => total(headDim, (i) => at(x, row, i) * at(y, token, i)) / Math.sqrt(headDim),
        );
        const sum = total(scores.length, (i) => Math.exp(scores[i] as number));
        const made = scores.map((score) => Math.exp(score) / sum);
        weights.set(key, made);
        return made;
      };
      return {
        shape: [tokens, width],
        length: tokens,
        element(row, column) {
          const own = weightsOf(row, Math.floor(column / headDim));
          return total(own.length, (token) => (own[token] as number) * (z[token * width + column] as number));
        },
      };
    }
  }
}

function total(count: number, term: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += term(i);
  return sum;
}

/** Uniform numbers from -0.5 to 0.5 (xorshift32). */
export function noise(length: number, seed: number): Float32Array {
  const values = new Float32Array(length);
  let state = (seed * 0x9e3779b9) >>> 0;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = (state >>> 0) / 2 ** 32 - 0.5;
  }
  return values;
}
