import type { Tensor } from '@icl-gd/gpu-kernels';

/** Tensors by name that `make` adds one by one: all of them, or none is left where it throws. */
export function tensorsByName(make: (made: Map<string, Tensor>) => void): Map<string, Tensor> {
  const made = new Map<string, Tensor>();
  try {
    make(made);
  } catch (error) {
    for (const tensor of made.values()) tensor.dispose();
    throw error;
  }
  return made;
}
