import type { ProductParts } from '../matmul/product-parts.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { AttentionInputs } from './shape.ts';

/** Operands and options of `attentionBackward`. */
export interface AttentionBackwardArguments extends AttentionInputs {
  /** float32 [T, H·D], from the forward pass. */
  readonly out: Tensor;
  /** float32 [T, H], from the forward pass. */
  readonly logSumExp: Tensor;
  /** float32 [T, H·D]: the gradient with respect to `out`. A product without a bias may come in parts, which are added up first. */
  readonly gradOutput: Tensor | ProductParts;
  /** float32 [T, H·D], overwritten; may be left out where only keys and values are trained. */
  readonly gradQuery?: Tensor;
  /** float32 [T, Hkv·D], overwritten. */
  readonly gradKey: Tensor;
  /** float32 [T, Hkv·D], overwritten. */
  readonly gradValue: Tensor;
}

/** With a gradient that is added up. */
export interface WholeBackwardArguments extends AttentionBackwardArguments {
  readonly gradOutput: Tensor;
}
