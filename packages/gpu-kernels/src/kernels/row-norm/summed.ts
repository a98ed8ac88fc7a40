import type { ParameterType, StorageType } from '../../runtime/kernel.ts';
import type { Operand, Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { ProductParts } from '../matmul/product-parts.ts';
import type { RowLayout, RowText } from './layout.ts';
import { PARTS_PARAMS, addedUp, partsParams } from '../matmul/parts-text.ts';

/** What a norm is of: x, or with `addend` and `sum` the residual stream x + addend, which is kept (but for `beside`). */
export interface Summed {
  /** float32 [T, d]. */
  readonly x: Tensor;
  /** float32 [T, d]: added to x before the norm. A product may come in parts, which are added up first. */
  readonly addend?: Tensor | ProductParts;
  /** float32 [T, d], a buffer of its own: receives x + addend; needed with `addend`. */
  readonly sum?: Tensor;
  /** Whether the norm is of x all the same, for an addend in parts: the sum is made beside it. No if absent. */
  readonly beside?: boolean;
}

/** Which kernel a norm is of what it norms. */
export type InputKind = 'x' | 'sum' | 'sum.parts' | 'beside.parts';

/** Those of a tuning: products come in parts where tiles are staged. */
export function inputKinds({ matmul }: Pick<Tuning, 'matmul'>): readonly InputKind[] {
  return matmul.strategy === 'tiled' ? ['x', 'sum', 'sum.parts', 'beside.parts'] : ['x', 'sum'];
}

/** What a norm's kernel is given besides what it always is. */
export interface GivenInput {
  readonly kind: InputKind;
  readonly storage: Readonly<Record<string, Operand>>;
  readonly params: Readonly<Record<string, number>>;
}

/**
 * The tensors of the sum, if there is one.
 * @param weight stands in the place of a bias that is not there
 * @throws RangeError for one without the other, a whole addend beside the norm, or sizes that do not agree
 */
export function inputOf(
  op: string,
  { x, addend, sum, beside = false, weight }: Summed & { readonly weight: Tensor },
  layout: RowLayout,
): GivenInput {
  if (!addend && !sum) return { kind: 'x', storage: { x }, params: {} };
  if (!addend || !sum) throw new RangeError(`${op}: addend and sum go together`);
  for (const tensor of [addend, sum])
    if (tensor.length !== x.length)
      throw new RangeError(`${op}: ${tensor.label} [${tensor.shape.join(', ')}] does not match ${x.label}`);
  if (!(addend instanceof ProductParts)) {
    if (beside) throw new RangeError(`${op}: beside a norm of x only parts are added up`);
    return { kind: 'sum', storage: { x, addend, sum }, params: {} };
  }
  const { tensor, bias } = addend;
  if (bias && bias.length !== weight.length)
    throw new RangeError(`${op}: ${bias.label} [${bias.length}] does not match ${weight.label}`);
  return {
    kind: beside ? 'beside.parts' : 'sum.parts',
    storage: { x, parts: tensor, addendBias: bias ?? weight, sum },
    params: { ...partsParams(addend, layout), useBias: Number(bias !== undefined) },
  };
}

/** How a kernel sees an element of what it norms, as WGSL. */
export interface NormedInput {
  /** Declares `value`, the first time that an invocation comes by. */
  readonly first: string;
  /** The same number later. */
  readonly again: string;
}

/** What the kernel of a kind binds and takes besides what all do, and its text. */
interface InputText {
  readonly storage: Readonly<Record<string, StorageType>>;
  readonly params: Readonly<Record<string, ParameterType>>;
  readonly declarations: string;
  readonly input: NormedInput;
}

export function inputText(kind: InputKind, element: RowText['element']): InputText {
  switch (kind) {
    case 'x':
      return { storage: { x: element }, params: {}, declarations: '', input: X };
    case 'sum':
      return {
        storage: { x: element, addend: element, sum: `&${element}` },
        params: {},
        declarations: '',
        input: sumOf('', 'addend[row + c]'),
      };
    case 'sum.parts':
    case 'beside.parts':
      return {
        storage: { x: element, parts: element, addendBias: element, sum: `&${element}` },
        params: { ...PARTS_PARAMS, useBias: 'u32' },
        declarations: addedUp(element),
        input:
          kind === 'sum.parts'
            ? sumOf(ADDEND, 'addend')
            : {
                first: `${ADDEND}let value = x[row + c];
        sum[row + c] = value + addend;`,
                again: X.again,
              },
      };
  }
}

const X: NormedInput = { first: 'let value = x[row + c];', again: 'x[row + c]' };

const ADDEND = `var addend = addedUp(row + c);
        if (params.useBias != 0u) { addend += addendBias[c]; }
        `;

/** Each invocation reads back what it wrote itself. */
function sumOf(declared: string, addend: string): NormedInput {
  return {
    first: `${declared}let value = x[row + c] + ${addend};
        sum[row + c] = value;`,
    again: 'sum[row + c]',
  };
}
