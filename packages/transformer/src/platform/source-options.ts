/** What a text is made a source with. */
export interface SourceOptions {
  /** Takes a line of warning. */
  readonly warn?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
