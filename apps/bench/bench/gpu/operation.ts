import type { Gpu, Scope, Tensor } from '@icl-gd/gpu-kernels';

type Tolerance = { readonly absolute: number; readonly relative: number };

/** A result on the device, and what it should be. */
export interface Output {
  readonly name: string;
  readonly tensor: Tensor;
  readonly expected: ArrayLike<number>;
  readonly tolerance: Tolerance;
  readonly scale?: number;
}

/** Has something disposed with the scope. */
export type Keep = <T extends Disposable>(own: T) => T;

/** An operation that is compared with its reference. */
export interface Operation {
  readonly name: string;
  /** Records it once, with outputs that begin as NaN where it overwrites them. */
  readonly run: (gpu: Gpu, scope: Scope, keep: Keep) => Output[];
}

/** Outputs before a call, which show where nothing is written. */
export function poisoned(scope: Scope, shape: readonly number[]): Tensor {
  return scope.upload(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(NaN), shape, 'poisoned');
}
