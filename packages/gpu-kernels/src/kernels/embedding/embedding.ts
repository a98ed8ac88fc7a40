import type { Gpu } from '../../runtime/gpu.ts';
import { memoizeKernel } from '../../runtime/kernel.ts';
import { ELEMENT_BYTES, type Tensor } from '../../runtime/tensor.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { rowWindows } from '../windows.ts';
import { groupByToken } from './group-by-token.ts';

const forwardKernel = memoizeKernel(({ positions, halves }: { positions: boolean; halves: boolean }) =>
  definePointwise<string, 'width' | 'firstRow' | 'windowRows' | 'scale'>({
    label: `embedding.forward${positions ? '.positions' : ''}${halves ? '.f16' : ''}`,
    storage: {
      tokens: 'u32',
      table: halves ? 'u32' : 'f32',
      out: '&f32',
      ...(positions ? { positions: 'u32', positionTable: 'f32' } : {}),
    },
    params: { width: 'u32', firstRow: 'u32', windowRows: 'u32', scale: 'f32' },
    body: `
  let t = i / params.width;
  let c = i % params.width;
  let row = tokens[t] - params.firstRow;
  if (row >= params.windowRows) { return; }
  let at = row * params.width + c;
  out[i] = params.scale * ${halves ? 'unpack2x16float(table[at / 2u])[at % 2u]' : 'table[at]'}${positions ? ' + positionTable[positions[t] * params.width + c]' : ''};`,
  }),
);

/** `groups` holds the distinct tokens, where the rows of each start, and the rows. */
const BACKWARD = definePointwise({
  label: 'embedding.backward',
  storage: { gradOutput: 'f32', groups: 'u32', gradient: '&f32' },
  params: { width: 'u32', firstRow: 'u32', firstGroup: 'u32', startsAt: 'u32', rowsAt: 'u32', scale: 'f32' },
  body: `
  let g = params.firstGroup + i / params.width;
  let c = i % params.width;
  var sum = 0.0;
  for (var j = groups[params.startsAt + g]; j < groups[params.startsAt + g + 1u]; j++) {
    sum += gradOutput[groups[params.rowsAt + j] * params.width + c];
  }
  gradient[(groups[g] - params.firstRow) * params.width + c] += params.scale * sum;`,
});

export interface EmbeddingForwardArguments {
  /** u32 [T], each below V: rows of other tokens are left as they were. */
  readonly tokens: Tensor;
  /** [V, d] in f32 or f16; may exceed the binding limit. */
  readonly table: Tensor;
  /** Factor on the table (sqrt(d) in XGLM, else 1). */
  readonly scale: number;
  /** u32 [T], each below P; together with positionTable. */
  readonly positions?: Tensor;
  /** [P, d], added unscaled. */
  readonly positionTable?: Tensor;
  /** [T, d]. */
  readonly out: Tensor;
}

/** out[t] = scale * table[tokens[t]] (+ positionTable[positions[t]]). */
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
  const kernel = forwardKernel({ positions: positions !== undefined, halves: table.dtype === 'float16' });
  for (const { start, end } of rowWindows(gpu, table.length / width, width * ELEMENT_BYTES[table.dtype])) {
    gpu.dispatch(
      kernel,
      {
        tokens,
        table: table.rows(start, end),
        out,
        ...(positions && positionTable ? { positions, positionTable } : {}),
      },
      { count: out.length, width, firstRow: start, windowRows: end - start, scale },
      pointwiseGrid(out.length),
    );
  }
}

export interface EmbeddingBackwardArguments {
  /** [T]: tokens for the token table, positions for the position table. */
  readonly tokens: readonly number[];
  /** [T, d]. */
  readonly gradOutput: Tensor;
  /** [V, d]; added to; may exceed the binding limit. */
  readonly gradient: Tensor;
  readonly scale: number;
}

/**
 * gradient[v] += scale * sum of the gradOutput rows whose token is v, in ascending order of rows.
 * @throws RangeError if a token is not a row of the table
 */
export function embeddingBackward(
  gpu: Gpu,
  { tokens, gradOutput, gradient, scale }: EmbeddingBackwardArguments,
): void {
  const width = rowLength('embeddingBackward', gradient, tokens.length, gradOutput);
  const tableRows = gradient.length / width;
  const { distinct, starts, rows } = groupByToken(tokens, tableRows, gradient.label);
  if (distinct.length === 0) return;
  using scope = gpu.scope();
  const groups = scope.upload(
    Uint32Array.from([...distinct, ...starts, ...rows]),
    [distinct.length + starts.length + rows.length],
    'embedding.groups',
  );
  const layout = { startsAt: distinct.length, rowsAt: distinct.length + starts.length };
  let firstGroup = 0;
  for (const { start, end } of rowWindows(gpu, tableRows, width * 4)) {
    const next = distinct.findIndex((token, g) => g >= firstGroup && token >= end);
    const lastGroup = next === -1 ? distinct.length : next;
    const count = (lastGroup - firstGroup) * width;
    const params = { count, width, firstRow: start, firstGroup, scale, ...layout };
    gpu.dispatch(
      BACKWARD,
      { gradOutput, groups, gradient: gradient.rows(start, end) },
      params,
      pointwiseGrid(count),
    );
    firstGroup = lastGroup;
  }
}

function rowLength(op: string, table: Tensor, tokens: number, values: Tensor): number {
  const width = table.shape.at(-1) ?? 1;
  if (values.length !== tokens * width) {
    throw new RangeError(
      `${op}: ${values.label} [${values.shape.join(', ')}] does not match ${tokens} tokens of width ${width} (${table.label})`,
    );
  }
  return width;
}
