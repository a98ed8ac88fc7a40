/** A row of a ready-made task: text and class index. */
export type Row = readonly [text: string, label: number];

/** A task that comes with the page; tasks.json is a list of these. */
export interface ReadyMadeTask {
  readonly id: string;
  readonly title: string;
  /** Whether the language is the one that the bundled model knows. */
  readonly invented: boolean;
  readonly template: string;
  readonly labelWords: readonly string[];
  readonly learningRate: number;
  /** Demonstrations are drawn from these. */
  readonly pool: readonly Row[];
  readonly queries: readonly Row[];
}
