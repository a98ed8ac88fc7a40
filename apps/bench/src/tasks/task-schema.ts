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

const label = z.strictObject({
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

/** What a task file may say: the keys by where they stand, for a mistyped one. */
export const TASK_FILE_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': ['id', 'title', 'template', 'fields', 'label', 'label_words', 'classes', 'data', 'defaults'],
  data: ['hub', 'directory', 'files', 'config', 'train', 'validation'],
  'data.files': ['train', 'validation'],
  label: ['field', 'values'],
  defaults: ['shots', 'seeds', 'permutations', 'learning_rate'],
};

/** A task as a file describes it; see docs/cli.md. */
export const taskFileSchema = z.strictObject({
  id,
  title: text.exactOptional(),
  template: text,
  /** Names in the rows of fields that the template calls otherwise. */
  fields: z.record(z.string(), text).default({}),
  label: label.prefault({}),
  label_words: z.array(text).min(2, 'needs a word for each of at least two classes'),
  classes: z.array(text).exactOptional(),
  data: z.unknown().optional(),
  defaults: defaults.prefault({}),
});

export type TaskFile = z.infer<typeof taskFileSchema>;

/** The schemas of a task's data by the key that says which it is. */
export const DATA_SCHEMAS = { hub, directory, files };
