import { dirname, resolve } from 'node:path';
import { UserError } from '@icl-gd/transformer';
import type { z } from 'zod';
import { readYaml } from './yaml/read-yaml.ts';
import { complain } from './yaml/schema-error.ts';
import type { DataSource, Task } from './task.ts';
import { DATA_SCHEMAS, TASK_FILE_KEYS, type TaskFile, taskFileSchema } from './task-schema.ts';
import { builtInTasks } from './tasks.ts';

/**
 * Reads a task from a YAML or JSON file (docs/cli.md has an example). Paths in it are relative to the file.
 *
 * @throws UserError naming the file and the key that does not fit
 */
export function readTaskFile(path: string): Task {
  const content = readYaml(path, 'the task file');
  const check = <T>(schema: z.ZodType<T>, value: unknown, at: string): T => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw complain(path, at, result.error, (place) => TASK_FILE_KEYS[place] ?? []);
  };
  const file = check(taskFileSchema, content, '');
  const refuse = (message: string): never => {
    throw new UserError(`${path}: ${message}`);
  };
  if (builtInTasks.some(({ id }) => id === file.id))
    refuse(`"id": a built-in dataset is called ${file.id} already`);
  const fields = placeholders(file.template);
  if (fields.length === 0) refuse('"template" names no field, such as {text}');
  checkFields(file, fields, refuse);
  checkClasses(file, refuse);
  const data =
    file.data === undefined ? undefined : parseData(file.data, dirname(resolve(path)), check, refuse);
  const { permutations, learning_rate: learningRate, ...defaults } = file.defaults;
  if (permutations && permutations.length !== defaults.seeds.length)
    refuse('"defaults.permutations" needs one for each of "defaults.seeds"');
  return {
    id: file.id,
    title: file.title ?? file.id,
    fields,
    columns: file.fields,
    labels: [file.label],
    template: file.template,
    classes: file.classes ?? file.label_words,
    labelWords: file.label_words,
    files: { train: 'train.jsonl', validation: 'validation.jsonl' },
    ...(data ? { data } : {}),
    defaults: { ...defaults, learningRate, permutations: permutations ?? defaults.seeds.map(() => 0) },
  };
}

type Check = <T>(schema: z.ZodType<T>, value: unknown, at: string) => T;
type Refuse = (message: string) => never;

/** Field names of a template, each once, in the order of their first places. */
function placeholders(template: string): string[] {
  return [...new Set([...template.matchAll(/\{([^{}]+)\}/gu)].map((match) => match[1] as string))];
}

function checkFields({ fields: columns }: TaskFile, fields: readonly string[], refuse: Refuse): void {
  const unused = Object.keys(columns).find((name) => !fields.includes(name));
  if (unused !== undefined)
    refuse(`"fields" has ${unused}, which "template" does not name: ${fields.join(', ')}`);
}

function checkClasses({ classes, label_words: words, label }: TaskFile, refuse: Refuse): void {
  const twice = words.find((word, i) => words.indexOf(word) !== i);
  if (twice !== undefined) refuse(`"label_words" has ${twice} twice; the classes could not be told apart`);
  if (classes && classes.length !== words.length)
    refuse(`"classes" has ${classes.length} names for ${words.length} "label_words"`);
  for (const [value, index] of Object.entries(label.values ?? {})) {
    if (index >= words.length)
      refuse(
        `"label.values": ${value} is class ${index}, but the ${words.length} "label_words" are 0 to ${words.length - 1}`,
      );
  }
}

function parseData(value: unknown, folder: string, check: Check, refuse: Refuse): DataSource {
  const keys = Object.keys(DATA_SCHEMAS) as (keyof typeof DATA_SCHEMAS)[];
  const isObject = typeof value === 'object' && value !== null;
  const chosen = isObject ? keys.filter((key) => Object.hasOwn(value, key)) : [];
  if (chosen.length !== 1) refuse(`"data" needs one of ${keys.join(', ')}`);
  switch (chosen[0]) {
    case 'hub': {
      const { hub: id, ...splits } = check(DATA_SCHEMAS.hub, value, 'data');
      return { id, ...splits };
    }
    case 'directory': {
      const source = check(DATA_SCHEMAS.directory, value, 'data');
      return { ...source, directory: resolve(folder, source.directory) };
    }
    default: {
      const { files } = check(DATA_SCHEMAS.files, value, 'data');
      const place = (path: string): string => resolve(folder, path);
      return { files: { train: files.train.map(place), validation: files.validation.map(place) } };
    }
  }
}
