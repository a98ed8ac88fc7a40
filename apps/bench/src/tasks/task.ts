/** Settings of a run with the task where the command line gives none. */
interface TaskDefaults {
  /** k, the number of demonstrations. */
  readonly shots: number;
  /** Seeds that choose the demonstrations. */
  readonly seeds: readonly number[];
  /** Order of the demonstrations, 0 … 4, `permutations[i]` for `seeds[i]`; 0 is the order in which they were drawn. */
  readonly permutations: readonly number[];
  /** Learning rate of the SGD steps of both GD and LCGD. */
  readonly learningRate: number;
}

/** A field that may hold a row's label. */
export interface LabelSource {
  readonly field: string;
  /** Class index of each value, by the value as text; if absent, the value is the class index. */
  readonly values?: Readonly<Record<string, number>>;
}

/** Which configuration and splits of a dataset a task uses, by their names in the dataset. */
export interface SplitNames {
  /** Configuration (subset) of the dataset, where it has several. */
  readonly config?: string;
  /** Split that demonstrations come from. */
  readonly train: string;
  /** Split that is evaluated. */
  readonly validation: string;
}

/** A dataset of the hub: `name` or `owner/name`, either with `@revision`. */
export interface HubSource extends SplitNames {
  readonly id: string;
}

/** A directory with the layout of a dataset of the hub. */
export interface DirectorySource extends SplitNames {
  readonly directory: string;
}

/** Paths of all files; the rows of a split's files follow one another. */
export interface FileSource {
  readonly files: { readonly train: readonly string[]; readonly validation: readonly string[] };
}

export type DataSource = HubSource | DirectorySource | FileSource;

/** A classification task: a dataset, a template that makes prompts of its rows, and a label word for each class. Plain data. */
export interface Task {
  /** Name in `--datasets`, in every table (column `dataset`), and of the dataset's folder below `--data`. */
  readonly id: string;
  readonly title: string;
  /** Text fields, in the order of their first places in the template. */
  readonly fields: readonly string[];
  /** Name in the rows of each field that has another name there. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Fields that may hold the label; the first that the rows have counts. */
  readonly labels: readonly LabelSource[];
  /** Text with `{field}` in place of each field. In a prompt, the label word follows it after one space. */
  readonly template: string;
  /** Name of each class; a row's class is an index into it. */
  readonly classes: readonly string[];
  /** The word that stands for each class in the prompt. */
  readonly labelWords: readonly string[];
  /** Names of the splits' files in the dataset's folder; files of another format or in shards are found by the same names. */
  readonly files: { readonly train: string; readonly validation: string };
  /** Where `--data hub` finds the dataset. */
  readonly hub?: HubSource;
  /** Data of the task itself, which `--data` does not change. */
  readonly data?: DataSource;
  readonly defaults: TaskDefaults;
}
