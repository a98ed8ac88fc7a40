import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { anyText, spellings, toYaml, withOptional } from '../testing/arbitrary-yaml.ts';
import { readBuiltInTask, readTaskFile } from './task-file.ts';
import { builtInTaskSchema, taskFileSchema } from './task-schema.ts';
import { readYaml } from './yaml/read-yaml.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-task-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(text: string): string {
  const path = join(folder, 'file.yaml');
  writeFileSync(path, text);
  return path;
}

const withoutBraces = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  texts.map((text) => text.replaceAll(/[{}]/g, ''));
const splits = { config: anyText, train: anyText, validation: anyText };
const paths = fc.oneof(anyText, fc.array(anyText, { minLength: 1, maxLength: 3 }));
const source = fc.oneof(
  fc.constant({}),
  fc.record({ hub: withOptional({ id: anyText }, splits) }),
  fc.record({ data: withOptional({ hub: anyText }, splits) }),
  fc.record({ data: withOptional({ directory: anyText }, splits) }),
  fc.record({ data: fc.record({ files: fc.record({ train: paths, validation: paths }) }) }),
);

/** Content of a task file. */
const taskFile = fc
  .record({
    words: fc.uniqueArray(anyText, { minLength: 2, maxLength: 4 }),
    fields: fc.uniqueArray(
      withoutBraces(anyText).filter((name) => name !== ''),
      { minLength: 1, maxLength: 3 },
    ),
    seeds: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
    between: withoutBraces(anyText),
  })
  .chain(({ words, fields, seeds, between }) => {
    const label = withOptional(
      {},
      { field: anyText, values: fc.dictionary(anyText, fc.nat({ max: words.length - 1 })) },
    );
    const columns = fc
      .subarray(fields)
      .chain((named) => fc.record(Object.fromEntries(named.map((name) => [name, anyText]))));
    const numbers = {
      shots: fc.integer({ min: 1, max: 1e6 }),
      learning_rate: fc.double({ min: 1e-300, noNaN: true, noDefaultInfinity: true }),
    };
    const defaults = fc.oneof(
      withOptional({}, numbers),
      withOptional(
        { seeds: fc.constant(seeds) },
        { ...numbers, permutations: fc.tuple(...seeds.map(() => fc.nat({ max: 4 }))) },
      ),
    );
    const file = withOptional(
      {
        ...{ id: fc.stringMatching(/^\w[\w.-]{0,20}$/), label_words: fc.constant(words) },
        template: fc.constant(fields.map((field) => `${between}{${field}}`).join('')),
      },
      {
        ...{ title: anyText, classes: fc.tuple(...words.map(() => anyText)), fields: columns, defaults },
        label: fc.oneof(label, fc.array(label, { minLength: 1, maxLength: 2 })),
        file_names: withOptional({}, { train: anyText, validation: anyText }),
      },
    );
    return (
      fc
        .tuple(file, source)
        .map(([own, data]): Record<string, unknown> => ({ ...own, ...data }))
        // Refused: no field may be called that.
        .filter((own) => !namesLabel(own, fields) && !JSON.stringify(own).includes('__proto__'))
    );
  });

/** Whether a field of the template is the label, which is refused. */
function namesLabel(file: Record<string, unknown>, fields: readonly string[]): boolean {
  const columns = new Map(Object.entries((file['fields'] ?? {}) as Record<string, string>));
  const labels = [file['label'] ?? {}].flat() as { field?: string }[];
  return fields.some((name) => labels.some(({ field = 'label' }) => field === (columns.get(name) ?? name)));
}

test('a task file says the same however it is written, and what was read is what was meant', () => {
  fc.assert(
    fc.property(taskFile, (file) => {
      const meant = taskFileSchema.parse(file);
      const [task, ...others] = spellings(file).map((spelling) => readTaskFile(write(spelling)));
      for (const other of others) expect(other).toEqual(task);
      const labels = (Array.isArray(meant.label) ? meant.label : [meant.label ?? {}]) as object[];
      expect(task).toMatchObject({
        ...{ id: meant.id, title: meant.title ?? meant.id, template: meant.template },
        ...{ labelWords: meant.label_words, classes: meant.classes ?? meant.label_words },
        ...{ columns: meant.fields, files: meant.file_names },
        labels: labels.map((label) => ({ field: 'label', ...label })),
        defaults: {
          ...{ shots: meant.defaults.shots, seeds: meant.defaults.seeds },
          learningRate: meant.defaults.learning_rate,
          permutations: meant.defaults.permutations ?? meant.defaults.seeds.map(() => 0),
        },
      });
      expect(task?.hub).toEqual(meant.hub);
      expect(task?.data).toEqual(dataOf(meant.data));
      // With every default written out it is the same task.
      expect(readTaskFile(write(toYaml(meant)))).toEqual(task);
    }),
    { numRuns: 60 },
  );
});

/** A task's own data as its file has it, paths from the file's folder on. */
function dataOf(data: unknown): unknown {
  if (data === undefined) return undefined;
  const named = { train: 'train', validation: 'validation', ...(data as Record<string, unknown>) };
  if ('hub' in named) {
    const { hub, ...rest } = named;
    return { id: hub, ...rest };
  }
  if ('directory' in named) return { ...named, directory: resolve(folder, named['directory'] as string) };
  const { files } = data as { files: Record<'train' | 'validation', string | string[]> };
  const place = (own: string | string[]): string[] => [own].flat().map((path) => resolve(folder, path));
  return { files: { train: place(files.train), validation: place(files.validation) } };
}

test('a built-in task keeps its place and whether it is the paper’s', () => {
  const place = withOptional({}, { order: fc.nat(), paper: fc.boolean() });
  fc.assert(
    fc.property(taskFile, place, (file, more) => {
      const meant = builtInTaskSchema.parse({ ...file, ...more });
      const { order, paper, task } = readBuiltInTask(write(toYaml({ ...file, ...more })));
      expect([order, paper]).toEqual([meant.order, meant.paper]);
      expect(task).toEqual(readTaskFile(write(toYaml(file))));
    }),
    { numRuns: 20 },
  );
});

test('what YAML holds is read as it is, whatever texts and numbers', () => {
  const value = fc
    .jsonValue({ stringUnit: 'binary', maxDepth: 3 })
    .map((content): unknown => JSON.parse(JSON.stringify(content)));
  fc.assert(
    fc.property(value, (content) => {
      for (const spelling of spellings(content))
        expect(readYaml(write(spelling), 'the file')).toEqual(content);
    }),
    { numRuns: 60 },
  );
});
