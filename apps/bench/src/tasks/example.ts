/** One labelled row of a dataset. */
export interface Example {
  /** Texts by the task's field names, exactly as in the file. */
  readonly fields: Readonly<Record<string, string>>;
  /** Index into the task's classes. */
  readonly label: number;
}
