import { ELEMENT_BYTES } from '../../runtime/dtype.ts';
import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { defineRowRuns, dispatchRowRuns, rowRunsKernels, hasLoneRows } from '../row-runs.ts';
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
  const of = {
    rows: tokens.length,
    width,
    perElement: hasLoneRows(gpu.tuning) && width % 4 === 0 ? 4 : 1,
  } as const;
  for (const { start, end } of rowWindows(gpu, table.length / width, width * ELEMENT_BYTES[stored])) {
    const storage = { tokens, table: table.rows(start, end), out };
    const params = { firstRow: start, windowRows: end - start, scale };
    if (positions && positionTable) {
      const withPositions = { ...storage, positions, positionTable };
      dispatchRowRuns(gpu, forwardWithPositionsKernel(stored), of, withPositions, params);
    } else dispatchRowRuns(gpu, forwardKernel(stored), of, storage, params);
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

/** Every kernel of embeddings under a tuning. */
export function embeddingKernels(tuning: Tuning): Kernel[] {
  const stored = ['float32', 'float16'] as const;
  const forward = stored.flatMap((dtype) => [
    ...rowRunsKernels(tuning, forwardKernel(dtype)),
    ...rowRunsKernels(tuning, forwardWithPositionsKernel(dtype)),
  ]);
  return [...forward, BACKWARD];
}

type StoredAs = 'float32' | 'float16';

const FORWARD_PARAMS = { firstRow: 'u32', windowRows: 'u32', scale: 'f32' } as const;

const forwardKernel = memoizeKernel((stored: StoredAs) =>
  defineRowRuns({
    label: `embedding.forward${stored === 'float16' ? '.f16' : ''}`,
    storage: (element) => ({ tokens: 'u32', table: tableOf(stored, element), out: `&${element}` }) as const,
    params: FORWARD_PARAMS,
    ofRow: FIND_ROW,
    ofElement: (element) => `out[i] = ${scaled(stored, element)};`,
  }),
);

const forwardWithPositionsKernel = memoizeKernel((stored: StoredAs) =>
  defineRowRuns({
    label: `embedding.forward.positions${stored === 'float16' ? '.f16' : ''}`,
    storage: (element) =>
      ({
        tokens: 'u32',
        table: tableOf(stored, element),
        out: `&${element}`,
        positions: 'u32',
        positionTable: element,
      }) as const,
    params: FORWARD_PARAMS,
    ofRow: `${FIND_ROW}
      let position = positions[row] * params.width;`,
    ofElement: (element) => `out[i] = ${scaled(stored, element)} + positionTable[position + c];`,
  }),
);

function tableOf(stored: StoredAs, element: 'f32' | 'vec4<f32>') {
  if (stored === 'float32') return element;
  return element === 'f32' ? 'f16x2' : 'vec2<f16x2>';
}

/** Rows of tokens that other windows have are left as they are. */
const FIND_ROW = `
      let token = tokens[row] - params.firstRow;
      if (token >= params.windowRows) { return; }
      let start = token * params.width;`;

function scaled(stored: StoredAs, element: 'f32' | 'vec4<f32>'): string {
  if (stored === 'float32') return 'params.scale * table[start + c]';
  return element === 'f32'
    ? 'params.scale * unpack2x16float(table[(start + c) / 2u])[(start + c) % 2u]'
    : 'params.scale * vec4<f32>(unpack2x16float(table[start + c].x), unpack2x16float(table[start + c].y))';
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
