/** Rows of a data file, as its format gives them. */
export interface RowFile {
  readonly rows: readonly unknown[];
  /** Where a row stands, for a complaint: file, and line or row counted from 1. */
  place(index: number): string;
  /** Whether the format knows only texts, so that a number is one that reads as such. */
  readonly untyped: boolean;
}
