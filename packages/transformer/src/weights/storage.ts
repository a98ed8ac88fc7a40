import type { DType } from '@icl-gd/gpu-kernels';
import { type ParameterRole, type ParameterSpec } from '../parameters.ts';

/**
 * How weights are kept on the device. `float16-storage` rounds the large matrices to float16 and widens them inside the
 * kernels, so that all arithmetic and every activation stays float32.
 */
export const WEIGHT_DTYPES = ['float32', 'float16-storage'] as const;
/** One of `WEIGHT_DTYPES`. */
export type WeightDtype = (typeof WEIGHT_DTYPES)[number];

const LARGE: readonly ParameterRole[] = ['tokens', 'unembedding', 'query', 'output', 'feedForward'];

/**
 * How one parameter is stored: key and value projections, which gradient descent trains, and everything small (norms,
 * biases, learned positions) are always float32.
 */
export function storageDType({ role, kind }: ParameterSpec, dtype: WeightDtype): DType {
  const halved = kind === 'weight' && LARGE.includes(role);
  return dtype === 'float16-storage' && halved ? 'float16' : 'float32';
}
