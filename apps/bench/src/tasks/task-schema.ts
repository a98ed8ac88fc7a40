import { z } from 'zod';

/** An id becomes part of file names and of comma-separated lists. */
const id = z
  .string()
  .regex(
    /^\w[\w.-]{0,63}$/,
    'must be at most 64 letters (a to z), digits, "-", "_" or ".", and begin with none of "-" and "."',
  );
/** Every word is encoded with every prompt; data sets have some hundred classes at most. */
const MOST_CLASSES = 1000;
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

/** A field that may hold a row's label. */
export const labelSchema = z.strictObject({
  field: text.default('label'),
  /** Class index (from 0) of each value of the field. */
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
  /** Name in the rows of each of the template's fields that has another name there. */
  fields: z.record(z.string(), text).default({}),
  /** A {@link labelSchema} or a list of them. */
  label: z.unknown().optional(),
  label_words: z
    .array(text)
    .min(2, 'needs a word for each of at least two classes')
    .max(MOST_CLASSES, `has more than ${MOST_CLASSES} words`),
  classes: z.array(text).exactOptional(),
  /** One of {@link DATA_SCHEMAS}. */
  data: z.unknown().optional(),
  /** Where `--data hub` finds the dataset. */
  hub: hubSource.exactOptional(),
  /** Names of the splits' files in the dataset's folder below `--data`. */
  file_names: fileNames.prefault({}),
  defaults: defaults.prefault({}),
});

/** A built-in task: its file may also say where the task stands in lists and tables. */
export const builtInTaskSchema = taskFileSchema.extend({
  /** Place among the built-in tasks; those without one come last, by id. */
  order: z.int().nonnegative().default(Number.MAX_SAFE_INTEGER),
  /** Whether it is a task of the paper; those are what a run uses where no others are given. */
  paper: z.boolean().default(false),
});

export type TaskFile = z.infer<typeof taskFileSchema>;

/** The schemas of a task's own data by the key that says which it is. */
export const DATA_SCHEMAS = { hub, directory, files };

/** Known keys of the objects inside the schemas above, by their place in the file, for the error about an unknown key. */
export const NESTED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'data.files': Object.keys(files.shape.files.shape),
  hub: Object.keys(hubSource.shape),
  file_names: Object.keys(fileNames.shape),
  defaults: Object.keys(defaults.shape),
};
