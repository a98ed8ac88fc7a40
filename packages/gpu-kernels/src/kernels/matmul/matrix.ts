import { type Binding, ELEMENT_BYTES, type Tensor } from '../../runtime/tensor.ts';

/** WebGPU's largest possible storage-offset alignment, in bytes. */
const ALIGNMENT = 256;

/** A row-major matrix inside a tensor: element (r, c) lies at `offset + r * stride + c`. */
export interface Matrix {
  readonly tensor: Tensor;
  readonly rows: number;
  readonly columns: number;
  readonly offset: number;
  readonly stride: number;
}

/** Views a whole tensor [..., columns] as one matrix. */
export function matrix(tensor: Tensor): Matrix {
  const columns = tensor.shape.at(-1) ?? 1;
  return { tensor, rows: tensor.length / columns, columns, offset: 0, stride: columns };
}

/** Rows [start, start + count). */
export function sliceRows(m: Matrix, start: number, count: number): Matrix {
  return { ...m, rows: count, offset: m.offset + start * m.stride };
}

/** Columns [start, start + count). */
export function sliceColumns(m: Matrix, start: number, count: number): Matrix {
  return { ...m, columns: count, offset: m.offset + start };
}

/** Rows of `m` that fit one binding of at most `limit` bytes, whatever the alignment of the first. */
export function rowsPerBinding(m: Matrix, limit: number): number {
  return Math.floor((limit - ALIGNMENT) / (m.stride * ELEMENT_BYTES[m.tensor.dtype]));
}

/**
 * The whole tensor if it may be bound, else the smallest aligned binding that holds `m`; and where in it the first
 * element lies.
 */
export function bindMatrix(m: Matrix, limit: number): { binding: Binding; offset: number } {
  const { tensor } = m;
  const whole = tensor.byteLength <= limit;
  const elementBytes = ELEMENT_BYTES[tensor.dtype];
  const start = whole ? 0 : Math.floor((m.offset * elementBytes) / ALIGNMENT) * ALIGNMENT;
  // Whole words: an f16 span may end in the middle of one.
  const end = Math.ceil(((m.offset + span(m)) * elementBytes) / 4) * 4;
  const size = whole ? tensor.byteLength : end - start;
  return {
    binding: { buffer: tensor.buffer, offset: start, size, label: tensor.label },
    offset: m.offset - start / elementBytes,
  };
}

/** Elements from the first to the last. */
function span(m: Matrix): number {
  return (m.rows - 1) * m.stride + m.columns;
}
