import { UserError } from '../errors.ts';
import type { Gpu } from '../runtime/gpu.ts';
import { ELEMENT_BYTES } from '../runtime/dtype.ts';
import type { Binding, Tensor } from '../runtime/tensor.ts';

/** Elements or rows [start, end). */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** Windows hold multiples of this many rows, so that float32 rows of any length start at a multiple of the alignment. */
const ALIGNED_ROWS = 64;
/** Suits every adapter as a binding's offset, in bytes. */
const ALIGNMENT = 256;

/**
 * Splits the rows of a tensor into ranges that one binding can span.
 * @throws UserError (`binding-limit`) if even the fewest rows that keep bindings aligned are more than may be bound
 */
export function rowWindows(gpu: Gpu, rows: number, rowBytes: number): Window[] {
  const limit = gpu.maxBindingBytes;
  if (rows * rowBytes <= limit) return [{ start: 0, end: rows }];
  let aligned = ALIGNED_ROWS;
  while ((aligned * rowBytes) % ALIGNMENT !== 0) aligned *= 2;
  const step = Math.floor(limit / (rowBytes * aligned)) * aligned;
  if (step === 0) {
    throw new UserError(
      `${aligned} rows of ${rowBytes} bytes exceed the binding limit of ${limit} bytes of ${gpu.adapter.description}`,
      'binding-limit',
    );
  }
  const windows: Window[] = [];
  for (let start = 0; start < rows; start += step) windows.push({ start, end: Math.min(start + step, rows) });
  return windows;
}

/** Elements [start, end) of a flattened tensor of 32-bit elements as a binding; start must be a multiple of 64. */
export function elements(tensor: Tensor, { start, end }: Window): Binding {
  const bytes = ELEMENT_BYTES[tensor.dtype];
  return {
    tensor,
    offset: start * bytes,
    size: (end - start) * bytes,
    label: `${tensor.label}[${start}:${end}]`,
  };
}
