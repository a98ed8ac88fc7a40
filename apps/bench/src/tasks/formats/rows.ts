/** Rows of a data file before they are checked. */
export interface RowFile {
  readonly rows: readonly unknown[];
  /** Where the row of that index (from 0) stands, for an error: file, and line or row counted from 1. */
  place(index: number): string;
  /** Whether the format has texts alone (CSV, TSV), so that integers must be read from text. */
  readonly untyped: boolean;
  /** What another reader would read otherwise, in one line. */
  readonly warning?: string | undefined;
}
