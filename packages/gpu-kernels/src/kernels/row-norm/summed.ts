import type { Tensor } from '../../runtime/tensor.ts';
import type { RowText } from './layout.ts';

/** What a norm is of: x, or with `addend` and `sum` the residual stream x + addend, which is kept. */
export interface Summed {
  /** float32 [T, d]. */
  readonly x: Tensor;
  /** float32 [T, d]: added to x before the norm. */
  readonly addend?: Tensor;
  /** float32 [T, d], a buffer of its own: receives x + addend; needed with `addend`. */
  readonly sum?: Tensor;
}

/**
 * The tensors of the sum, if there is one.
 * @throws RangeError for one without the other, or sizes that do not agree
 */
export function summed(
  op: string,
  { x, addend, sum }: Summed,
): { readonly addend: Tensor; readonly sum: Tensor } | undefined {
  if (!addend && !sum) return undefined;
  if (!addend || !sum) throw new RangeError(`${op}: addend and sum go together`);
  for (const tensor of [addend, sum])
    if (tensor.length !== x.length)
      throw new RangeError(`${op}: ${tensor.label} [${tensor.shape.join(', ')}] does not match ${x.label}`);
  return { addend, sum };
}

/** Bindings of a kernel that norms a sum. */
export function summedStorage<E extends RowText['element']>(element: E) {
  return { x: element, addend: element, sum: `&${element}` } as const;
}

/** How a kernel sees an element of what it norms, as WGSL. */
export interface NormedInput {
  /** Declares `value`, the first time that an invocation comes by. */
  readonly first: string;
  /** The same number later. */
  readonly again: string;
}

export const X: NormedInput = { first: 'let value = x[row + c];', again: 'x[row + c]' };

/** Each invocation reads back what it wrote itself. */
export const SUM: NormedInput = {
  first: `let value = x[row + c] + addend[row + c];
        sum[row + c] = value;`,
  again: 'sum[row + c]',
};
