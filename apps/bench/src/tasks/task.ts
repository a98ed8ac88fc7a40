/** Settings of a task where none are given: of the paper's six, the paper's (hyper-parameters of arXiv 2311.07772v4). */
interface TaskDefaults {
  /** k, the number of demonstrations. */
  readonly shots: number;
  /** Seeds that choose the demonstrations. */
  readonly seeds: readonly number[];
  /** Draw of the order of the demonstrations, `permutations[i]` going with `seeds[i]`; 0 leaves it as it is. */
  readonly permutations: readonly number[];
  /** Learning rate of the SGD steps, for GD and LCGD alike. */
  readonly learningRate: number;
}

/** Where a row's label stands. */
export interface LabelSource {
  readonly field: string;
  /** Class of each value, by the value as text; without it the value is the class's index itself. */
  readonly values?: Readonly<Record<string, number>>;
}

/** The two splits of a dataset by their names there. */
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

/** A directory laid out as a dataset of the hub. */
export interface DirectorySource extends SplitNames {
  readonly directory: string;
}

/** Files named one by one; the rows of a split's files follow one another. */
export interface FileSource {
  readonly files: { readonly train: readonly string[]; readonly validation: readonly string[] };
}

export type DataSource = HubSource | DirectorySource | FileSource;

/** A classification task as plain data: how its rows are read and how they are put before the model. */
export interface Task {
  /** Name on the command line, in the tables, and of the folder that holds the files. */
  readonly id: string;
  readonly title: string;
  /** Text fields of a row, in the order in which the template names them. */
  readonly fields: readonly string[];
  /** The rows' names of fields that are called otherwise there. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Where the label stands: the first of these that the rows have. */
  readonly labels: readonly LabelSource[];
  /** Text with a `{field}` for each field. The answer follows after one space. */
  readonly template: string;
  /** Name of each class; a row's class is an index into it. */
  readonly classes: readonly string[];
  /** The word that stands for each class in the prompt. */
  readonly labelWords: readonly string[];
  /** Files inside the task's folder; Parquet, CSV and TSV files of the same names, also in shards, do as well. */
  readonly files: { readonly train: string; readonly validation: string };
  /** Where the hub has the data. */
  readonly hub?: HubSource;
  /** The task's own data, whatever folder the others are in. */
  readonly data?: DataSource;
  readonly defaults: TaskDefaults;
}
