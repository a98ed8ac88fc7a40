import { ELEMENT_BYTES } from '../../runtime/dtype.ts';
import type { Binding, Operand, Tensor } from '../../runtime/tensor.ts';

/** WebGPU's largest possible storage-offset alignment, in bytes. */
const ALIGNMENT = 256;
const VECTOR_BYTES = 16;

/** A row-major matrix inside a tensor: element (r, c) lies at `offset + r * stride + c`, counted in elements. */
export interface Matrix {
  readonly tensor: Tensor;
  readonly rows: number;
  readonly columns: number;
  readonly offset: number;
  readonly stride: number;
}

/** Views a whole tensor [..., columns] as one matrix [rows, columns]. */
export function matrix(tensor: Tensor): Matrix {
  const columns = tensor.shape.at(-1) ?? 1;
  return { tensor, rows: tensor.length / columns, columns, offset: 0, stride: columns };
}

/** Rows [start, start + count); nothing is copied. */
export function sliceRows(m: Matrix, start: number, count: number): Matrix {
  return { ...m, rows: count, offset: m.offset + start * m.stride };
}

/** Columns [start, start + count); nothing is copied. */
export function sliceColumns(m: Matrix, start: number, count: number): Matrix {
  return { ...m, columns: count, offset: m.offset + start };
}

/** Rows of `m` that fit one binding of at most `limit` bytes, whatever the alignment of the first. */
export function rowsPerBinding(m: Matrix, limit: number): number {
  return Math.floor((limit - ALIGNMENT) / (m.stride * ELEMENT_BYTES[m.tensor.dtype]));
}

/** A matrix as a kernel sees it. */
export interface BoundMatrix {
  readonly operand: Operand;
  /** Bytes that the binding spans. */
  readonly size: number;
  /** The first element's place in the binding. */
  readonly offset: number;
}

/** Binds the whole tensor if a binding may span `limit` bytes of it, else the smallest aligned range that holds `m`. */
export function bindMatrix(m: Matrix, limit: number): BoundMatrix {
  const { tensor } = m;
  if (tensor.byteLength <= limit) return { operand: tensor, size: tensor.byteLength, offset: m.offset };
  // Nothing is read, but a binding holds a vector at least.
  if (m.rows === 0) {
    const nothing: Binding = { tensor, offset: 0, size: VECTOR_BYTES, label: tensor.label };
    return { operand: nothing, size: nothing.size, offset: 0 };
  }
  const elementBytes = ELEMENT_BYTES[tensor.dtype];
  const start = Math.floor((m.offset * elementBytes) / ALIGNMENT) * ALIGNMENT;
  // Whole words: a span of halves may end in the middle of one.
  const end = Math.ceil(((m.offset + span(m)) * elementBytes) / 4) * 4;
  const binding: Binding = { tensor, offset: start, size: end - start, label: tensor.label };
  return { operand: binding, size: binding.size, offset: m.offset - start / elementBytes };
}

/** Whether a matrix whose first element lies at `offset` of its binding consists of whole vec4s. */
export function inVectors({ columns, stride }: Matrix, offset: number): boolean {
  return [offset, columns, stride].every((size) => size % 4 === 0);
}

/** Elements from the first to the last. */
function span(m: Matrix): number {
  return (m.rows - 1) * m.stride + m.columns;
}
