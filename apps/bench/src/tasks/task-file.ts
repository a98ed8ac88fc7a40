import { dirname, resolve } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { z } from 'zod';
import { cut, listed } from '../terminal/words.ts';
import type { DataSource, LabelSource, Task } from './task.ts';
import {
  DATA_SCHEMAS,
  NESTED_KEYS,
  type TaskFile,
  builtInTaskSchema,
  labelSchema,
  taskFileSchema,
} from './task-schema.ts';
import { readYaml } from './yaml/read-yaml.ts';
import { schemaError } from './yaml/schema-error.ts';

/** A task of the folder of built-in tasks, with what its file says about lists and tables. */
export interface BuiltInTask {
  readonly task: Task;
  /** Place among the built-in tasks, the lowest first. */
  readonly order: number;
  /** Whether it is a task of the paper (arXiv 2311.07772v4). */
  readonly paper: boolean;
}

/**
 * Reads a task from a YAML or JSON file (docs/cli.md has an example). Paths in it are relative to the file.
 *
 * @throws UserError naming the file and the key that does not fit
 */
export function readTaskFile(path: string): Task {
  return toTask(path, checked(path, taskFileSchema, readYaml(path, 'the task file'), ''));
}

/**
 * Reads the file of a built-in task: a task file that may also have `order` and `paper`.
 *
 * @throws UserError naming the file and the key that does not fit
 */
export function readBuiltInTask(path: string): BuiltInTask {
  const file = checked(path, builtInTaskSchema, readYaml(path, 'the task file'), '');
  return { task: toTask(path, file), order: file.order, paper: file.paper };
}

/** @param at where in the file the value stands, as `a.b`; empty for the whole */
function checked<S extends z.ZodObject>(path: string, schema: S, value: unknown, at: string): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const keys = (place: string): readonly string[] =>
    place === at
      ? Object.keys(schema.shape)
      : Object.hasOwn(NESTED_KEYS, place)
        ? (NESTED_KEYS[place] ?? [])
        : [];
  throw schemaError(path, at, result.error, keys);
}

/** Each is looked for in the whole template, for every row. */
const MOST_FIELDS = 100;

type Refuse = (message: string) => never;

function toTask(path: string, file: TaskFile): Task {
  const refuse = (message: string): never => {
    throw new UserError(`${path}: ${message}`);
  };
  refuseOtherLanguages(file.template, refuse);
  const fields = placeholders(file.template);
  if (fields.length === 0) refuse('"template" names no field, such as {text}');
  if (fields.length > MOST_FIELDS)
    refuse(`"template" names ${fields.length} fields; at most ${MOST_FIELDS} are replaced`);
  const labels = labelSources(path, file, refuse);
  checkFields(file, fields, labels, refuse);
  checkClasses(file, refuse);
  const { permutations, learning_rate: learningRate, ...defaults } = file.defaults;
  if (permutations && permutations.length !== defaults.seeds.length)
    refuse('"defaults.permutations" needs one for each of "defaults.seeds"');
  if (file.data !== undefined && file.hub !== undefined)
    refuse('"data" and "hub" exclude each other: a task with data of its own is not looked for on the hub');
  return {
    id: file.id,
    title: file.title ?? file.id,
    fields,
    columns: file.fields,
    labels,
    template: file.template,
    classes: file.classes ?? file.label_words,
    labelWords: file.label_words,
    files: file.file_names,
    ...(file.hub === undefined ? {} : { hub: file.hub }),
    ...(file.data === undefined ? {} : { data: ownData(path, file.data, refuse) }),
    defaults: { ...defaults, learningRate, permutations: permutations ?? defaults.seeds.map(() => 0) },
  };
}

/** Jinja's braces would be taken for our own with a brace more, which stays in the prompt. */
function refuseOtherLanguages(template: string, refuse: Refuse): void {
  const [double] = /\{\{[^{}]*\}\}/u.exec(template) ?? [];
  if (double !== undefined)
    refuse(`"template" has ${cut(double)}; a field stands in single braces, such as {text}`);
  const [block] = /\{[%#][^{}]*[%#]\}/u.exec(template) ?? [];
  if (block !== undefined) refuse(`"template" has ${cut(block)}; only fields in single braces are replaced`);
}

/** Field names of a template, each once, in the order of their first places. */
function placeholders(template: string): string[] {
  return [...new Set([...template.matchAll(/\{([^{}]+)\}/gu)].map((match) => match[1] as string))];
}

function checkFields(
  { fields: columns }: TaskFile,
  fields: readonly string[],
  labels: readonly LabelSource[],
  refuse: Refuse,
): void {
  const unused = Object.keys(columns).find((name) => !fields.includes(name));
  if (unused !== undefined)
    refuse(`"fields" has ${cut(unused)}, which "template" does not name: ${listed(fields)}`);
  const sources = labels.map(({ field }) => field);
  const column = (field: string): string =>
    Object.hasOwn(columns, field) ? (columns[field] as string) : field;
  if ([...fields, ...fields.map(column), ...sources].includes('__proto__'))
    refuse('no field may be called __proto__');
  const label = fields.find((field) => sources.includes(column(field)));
  if (label !== undefined)
    refuse(`"template" names ${cut(label)}, which holds the label: the answer would stand in the prompt`);
}

function checkClasses({ classes, label_words: words }: TaskFile, refuse: Refuse): void {
  const seen = new Set<string>();
  for (const word of words) {
    if (seen.has(word)) refuse(`"label_words" has ${cut(word)} twice; the classes could not be told apart`);
    seen.add(word);
  }
  if (classes && classes.length !== words.length)
    refuse(`"classes" has ${classes.length} names for ${words.length} "label_words"`);
}

function labelSources(path: string, { label, label_words: words }: TaskFile, refuse: Refuse): LabelSource[] {
  const listed = Array.isArray(label);
  const values: readonly unknown[] = listed ? label : [label ?? {}];
  if (values.length === 0) refuse('"label" is an empty list');
  return values.map((value, i) => {
    const at = listed ? `label.${i}` : 'label';
    const source = checked(path, labelSchema, value, at);
    for (const [name, index] of Object.entries(source.values ?? {})) {
      if (index >= words.length)
        refuse(
          `"${at}.values": ${cut(name)} is class ${index}, but the ${words.length} "label_words" are 0 to ${words.length - 1}`,
        );
    }
    return source;
  });
}

function ownData(path: string, value: unknown, refuse: Refuse): DataSource {
  const keys = Object.keys(DATA_SCHEMAS) as (keyof typeof DATA_SCHEMAS)[];
  const isObject = typeof value === 'object' && value !== null;
  const chosen = isObject ? keys.filter((key) => Object.hasOwn(value, key)) : [];
  if (chosen.length !== 1) refuse(`"data" needs one of ${keys.join(', ')}`);
  const place = (relative: string): string => resolve(dirname(resolve(path)), relative);
  switch (chosen[0]) {
    case 'hub': {
      const { hub: id, ...splits } = checked(path, DATA_SCHEMAS.hub, value, 'data');
      return { id, ...splits };
    }
    case 'directory': {
      const source = checked(path, DATA_SCHEMAS.directory, value, 'data');
      return { ...source, directory: place(source.directory) };
    }
    default: {
      const { files } = checked(path, DATA_SCHEMAS.files, value, 'data');
      return { files: { train: files.train.map(place), validation: files.validation.map(place) } };
    }
  }
}
