/** Elements of a dense array; 1 for no dimensions. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
