/** Which cell something is of: the first columns of the tables. */
export interface CellKey {
  readonly variant: string;
  readonly dataset: string;
  readonly method: string;
  readonly seed: number;
  readonly permutation: number;
  /** Null where the method takes none; the run's under `-`. */
  readonly learningRate: number | null;
}
