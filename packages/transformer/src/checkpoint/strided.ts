import { elementCount } from '../shape.ts';

/**
 * Elements of a strided view in row-major order: `target` takes those from number `first` on.
 * @param run elements of the storage from the view's first one on
 */
export function gatherStrided(
  run: Float32Array,
  shape: readonly number[],
  strides: readonly number[],
  first: number,
  target: Float32Array,
): void {
  const index = shape.map((_, dimension) => {
    const inner = elementCount(shape.slice(dimension + 1));
    return Math.floor(first / inner) % (shape[dimension] as number);
  });
  let at = index.reduce((sum, i, dimension) => sum + i * (strides[dimension] as number), 0);
  for (let done = 0; done < target.length; done++) {
    target[done] = run[at] as number;
    for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
      const stride = strides[dimension] as number;
      at += stride;
      index[dimension] = (index[dimension] as number) + 1;
      if ((index[dimension] as number) < (shape[dimension] as number)) break;
      at -= stride * (shape[dimension] as number);
      index[dimension] = 0;
    }
  }
}
