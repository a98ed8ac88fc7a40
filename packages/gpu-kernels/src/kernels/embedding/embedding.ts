import { ELEMENT_BYTES } from '../../runtime/dtype.ts';
import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { rowWindows } from '../windows.ts';
import { tokenOccurrences } from './token-occurrences.ts';

/** Operands and options of {@link embeddingForward}. */
export interface EmbeddingForwardArguments {
  /** uint32 [T], each below V: rows of other tokens are left as they were. */
  readonly tokens: Tensor;
  /** float32 or float16 [V, d]; may exceed the binding limit. */
  readonly table: Tensor;
  /** Factor on the table (sqrt(d) in XGLM, else 1). */
  readonly scale: number;
  /** uint32 [T], each below P; together with positionTable. */
  readonly positions?: Tensor;
  /** float32 [P, d], added unscaled. */
  readonly positionTable?: Tensor;
  /** float32 [T, d], a buffer of its own. */
  readonly out: Tensor;
}

/**
 * out[t] = scale * table[tokens[t]] (+ positionTable[positions[t]]).
 * @throws RangeError for sizes that do not agree, or positions without their table
 */
export function embeddingForward(gpu: Gpu, args: EmbeddingForwardArguments): void {
  const { tokens, table, scale, positions, positionTable, out } = args;
  const width = rowLength('embeddingForward', table, tokens.length, out);
  if ((positions === undefined) !== (positionTable === undefined)) {
    throw new RangeError('embeddingForward: positions and positionTable go together');
  }
  if (positions && (positions.length !== tokens.length || positionTable?.shape.at(-1) !== width)) {
    throw new RangeError(
      `embeddingForward: positions or positionTable do not match ${tokens.length} tokens of width ${width}`,
    );
  }
  const stored = table.dtype === 'float16' ? 'float16' : 'float32';
  const count = out.length;
  for (const { start, end } of rowWindows(gpu, table.length / width, width * ELEMENT_BYTES[stored])) {
    const storage = { tokens, table: table.rows(start, end), out };
    const params = { count, width, firstRow: start, windowRows: end - start, scale };
    const workgroups = pointwiseGrid(count);
    if (positions && positionTable) {
      const withPositions = { ...storage, positions, positionTable };
      gpu.dispatch(forwardWithPositionsKernel(stored), withPositions, params, workgroups);
    } else {
      gpu.dispatch(forwardKernel(stored), storage, params, workgroups);
    }
  }
}

/** Operands and options of {@link embeddingBackward}. */
export interface EmbeddingBackwardArguments {
  /** [T], on the host: tokens for the token table, positions for the position table. */
  readonly tokens: readonly number[];
  /** float32 [T, d]. */
  readonly gradOutput: Tensor;
  /** float32 [V, d]; added to; may exceed the binding limit. */
  readonly gradTable: Tensor;
  /** The forward's factor on the table. */
  readonly scale: number;
}

/**
 * gradTable[v] += scale * sum of the gradOutput rows whose token is v, in ascending order of rows.
 * @throws RangeError for sizes that do not agree, or if a token is not a row of the table
 */
export function embeddingBackward(gpu: Gpu, args: EmbeddingBackwardArguments): void {
  const { tokens, gradOutput, gradTable, scale } = args;
  const width = rowLength('embeddingBackward', gradTable, tokens.length, gradOutput);
  const tableRows = gradTable.length / width;
  const { distinct, starts, rows } = tokenOccurrences(tokens, tableRows, gradTable.label);
  if (distinct.length === 0) return;
  using scope = gpu.scope();
  const occurrences = scope.upload(
    Uint32Array.from([...distinct, ...starts, ...rows]),
    [distinct.length + starts.length + rows.length],
    'embedding.occurrences',
  );
  const layout = { startsAt: distinct.length, rowsAt: distinct.length + starts.length };
  let first = 0;
  for (const { start, end } of rowWindows(gpu, tableRows, width * 4)) {
    const next = distinct.findIndex((token, i) => i >= first && token >= end);
    const last = next === -1 ? distinct.length : next;
    const count = (last - first) * width;
    gpu.dispatch(
      BACKWARD,
      { gradOutput, occurrences, gradTable: gradTable.rows(start, end) },
      { count, width, firstRow: start, firstToken: first, scale, ...layout },
      pointwiseGrid(count),
    );
    first = last;
  }
}

/** Every kernel of embeddings. */
export function embeddingKernels(): Kernel[] {
  const stored = ['float32', 'float16'] as const;
  return [...stored.flatMap((dtype) => [forwardKernel(dtype), forwardWithPositionsKernel(dtype)]), BACKWARD];
}

type StoredAs = 'float32' | 'float16';

const FORWARD_PARAMS = { width: 'u32', firstRow: 'u32', windowRows: 'u32', scale: 'f32' } as const;

const forwardKernel = memoizeKernel((stored: StoredAs) =>
  definePointwise({
    label: `embedding.forward${stored === 'float16' ? '.f16' : ''}`,
    storage: { tokens: 'u32', table: stored === 'float16' ? 'f16x2' : 'f32', out: '&f32' },
    params: FORWARD_PARAMS,
    body: forwardBody(stored, ''),
  }),
);

const forwardWithPositionsKernel = memoizeKernel((stored: StoredAs) =>
  definePointwise({
    label: `embedding.forward.positions${stored === 'float16' ? '.f16' : ''}`,
    storage: {
      tokens: 'u32',
      table: stored === 'float16' ? 'f16x2' : 'f32',
      out: '&f32',
      positions: 'u32',
      positionTable: 'f32',
    },
    params: FORWARD_PARAMS,
    body: forwardBody(stored, ' + positionTable[positions[t] * params.width + c]'),
  }),
);

function forwardBody(stored: StoredAs, position: string): string {
  const element = stored === 'float16' ? 'unpack2x16float(table[at / 2u])[at % 2u]' : 'table[at]';
  return `
      let t = i / params.width;
      let c = i % params.width;
      let row = tokens[t] - params.firstRow;
      if (row >= params.windowRows) { return; }
      let at = row * params.width + c;
      out[i] = params.scale * ${element}${position};`;
}

/** `occurrences` holds the distinct tokens, where the rows of each start, and the rows. */
const BACKWARD = definePointwise({
  label: 'embedding.backward',
  storage: { gradOutput: 'f32', occurrences: 'u32', gradTable: '&f32' },
  params: { width: 'u32', firstRow: 'u32', firstToken: 'u32', startsAt: 'u32', rowsAt: 'u32', scale: 'f32' },
  body: `
    let token = params.firstToken + i / params.width;
    let c = i % params.width;
    let end = occurrences[params.startsAt + token + 1u];
    var sum = 0.0;
    for (var j = occurrences[params.startsAt + token]; j < end; j++) {
      sum += gradOutput[occurrences[params.rowsAt + j] * params.width + c];
    }
    gradTable[(occurrences[token] - params.firstRow) * params.width + c] += params.scale * sum;`,
});

function rowLength(op: string, table: Tensor, tokens: number, values: Tensor): number {
  const width = table.shape.at(-1) ?? 1;
  if (values.length !== tokens * width) {
    throw new RangeError(
      `${op}: ${values.label} [${values.shape.join(', ')}] does not match ${tokens} tokens of width ${width} (${table.label})`,
    );
  }
  return width;
}
