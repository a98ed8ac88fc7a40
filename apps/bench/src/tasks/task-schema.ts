import { z } from 'zod';

/** Characters that go into file names and comma-separated lists. */
const id = z.string().regex(/^\w[\w.-]{0,63}$/, 'must be letters, digits, "-", "_" or "."');
const text = z.string().min(1, 'is empty');
const paths = z.union([text.transform((path) => [path]), z.array(text).min(1, 'is empty')], {
  error: 'must be a path or a list of paths',
});
const splits = {
  config: text.exactOptional(),
  train: text.default('train'),
  validation: text.default('validation'),
};

const hub = z.strictObject({ hub: text, ...splits });
const directory = z.strictObject({ directory: text, ...splits });
const files = z.strictObject({ files: z.strictObject({ train: paths, validation: paths }) });

/** One place where a row's label may stand. */
export const labelSchema = z.strictObject({
  field: text.default('label'),
  /** Class of each value of the field, counted from 0. */
  values: z.record(z.string(), z.int().nonnegative()).exactOptional(),
});

const defaults = z.strictObject({
  shots: z.int().positive().default(32),
  seeds: z.array(z.int().nonnegative()).min(1).default([0, 1, 2]),
  permutations: z.array(z.int().min(0).max(4)).exactOptional(),
  learning_rate: z.number().positive().default(0.003),
});

const hubSource = z.strictObject({ id: text, ...splits });
const fileNames = z.strictObject({
  train: text.default('train.jsonl'),
  validation: text.default('validation.jsonl'),
});

/** A task as a file describes it; docs/cli.md says what each key means. */
export const taskFileSchema = z.strictObject({
  id,
  title: text.exactOptional(),
  template: text,
  /** Names in the rows of fields that the template calls otherwise. */
  fields: z.record(z.string(), text).default({}),
  /** A {@link labelSchema} or a list of them. */
  label: z.unknown().optional(),
  label_words: z.array(text).min(2, 'needs a word for each of at least two classes'),
  classes: z.array(text).exactOptional(),
  /** One of {@link DATA_SCHEMAS}. */
  data: z.unknown().optional(),
  /** Where `--data hub` finds the dataset. */
  hub: hubSource.exactOptional(),
  /** Names of the splits' files in the dataset's folder below `--data`. */
  file_names: fileNames.prefault({}),
  defaults: defaults.prefault({}),
});

/** A task that is built in: its file also says where it stands in lists and tables. */
export const builtInTaskSchema = taskFileSchema.extend({
  /** Place among the built-in tasks; those without one come last, by id. */
  order: z.int().nonnegative().default(Number.MAX_SAFE_INTEGER),
  /** Whether the paper has the task; a run takes the paper's tasks if it is told no others. */
  paper: z.boolean().default(false),
});

export type TaskFile = z.infer<typeof taskFileSchema>;

/** The schemas of a task's own data by the key that says which it is. */
export const DATA_SCHEMAS = { hub, directory, files };

/** The known keys of objects inside the schemas above, by where they stand, for the complaint about a mistyped one. */
export const NESTED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'data.files': Object.keys(files.shape.files.shape),
  hub: Object.keys(hubSource.shape),
  file_names: Object.keys(fileNames.shape),
  defaults: Object.keys(defaults.shape),
};
