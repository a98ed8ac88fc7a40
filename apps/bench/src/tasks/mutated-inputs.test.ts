import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import * as fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, expect, test } from 'vitest';
import { readRows } from './formats/read-rows.ts';
import { findSplitFiles } from './layout/split-files.ts';
import { toExamples } from './row-schema.ts';
import { readTaskFile } from './task-file.ts';
import { findTask } from './tasks.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-mutated-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Names that every object has, and what breaks out of quotes, lines, paths and patterns. */
const PIECES = [
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'label',
    'text',
    'train',
    'validation',
    'dev',
  ],
  ...[
    'null',
    'true',
    '-1',
    '1e999',
    '0x10',
    '.inf',
    '9007199254740993',
    '[]',
    '{}',
    '[',
    '{',
    ']',
    '}',
    ': ',
    ', ',
  ],
  ...[
    '"',
    "'",
    '\\',
    '\n',
    '\r',
    '\r\n',
    '\t',
    '\0',
    '\u2028',
    '\uFEFF',
    '\uD83D',
    '\u{1F3AC}',
    '- ',
    '? ',
    '| ',
    '> ',
  ],
  ...[
    '*',
    '**',
    '**/',
    '?',
    '[!a]',
    '[a-',
    '{a,b}',
    '+(a|b)',
    '../',
    './',
    '/',
    '.csv',
    '.gz',
    '-00000-of-00002',
    '.json',
  ],
  ...[
    '&a ',
    '*a',
    '!!binary ',
    '!<',
    '<<: ',
    '---\n',
    '%',
    '#',
    '@',
    '`',
    'configs:',
    'data_files:',
    'data_dir: ',
  ],
];

const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 4 }));
const edit = fc.record({ at: fc.nat(), cut: fc.nat({ max: 12 }), put: fc.array(piece, { maxLength: 2 }) });
const edits = fc.array(edit, { minLength: 1, maxLength: 4 });

function mutate(
  text: string,
  changes: readonly { at: number; cut: number; put: readonly string[] }[],
): string {
  let changed = text;
  for (const { at, cut, put } of changes) {
    const start = at % (changed.length + 1);
    changed = changed.slice(0, start) + put.join('') + changed.slice(start + cut);
  }
  return changed;
}

function mutateBytes(
  bytes: Buffer,
  changes: readonly { at: number; cut: number; put: readonly string[] }[],
): Buffer {
  return Buffer.from(mutate(bytes.toString('latin1'), changes), 'latin1');
}

const outcomes = (): { read: number; refused: number } => ({ read: 0, refused: 0 });

/** Counts what comes of it; only errors of one line that a user can act on may come. */
async function tryIt(counts: ReturnType<typeof outcomes>, action: () => unknown): Promise<void> {
  try {
    await action();
    counts.read++;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message.length).toBeLessThan(800);
    counts.refused++;
  }
}

const README = `---
license: mit
configs:
- config_name: one
  default: true
  data_dir: data
  data_files:
  - split: train
    path: [a.csv, "c*.csv"]
  - split: validation
    path: "d/**"
- config_name: two
  data_files: "*.csv"
---
# Data
`;
const FILES = [
  'README.md',
  'a.csv',
  'data/a.csv',
  'data/c1.csv',
  'data/d/e.csv',
  'train-00000-of-00001.csv',
  'dev.csv',
];

test('changed READMEs and names of files: files or a UserError', async () => {
  const counts = outcomes();
  const names = fc.record({
    files: fc.array(
      fc.tuple(fc.constantFrom(...FILES), edits).map(([name, changes]) => mutate(name, changes)),
      { maxLength: 4 },
    ),
    split: fc.oneof(fc.constantFrom('train', 'validation', 'test'), piece),
    config: fc.option(fc.oneof(fc.constantFrom('one', 'two'), piece), { nil: undefined }),
    useReadme: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(names, edits, ({ files, split, config, useReadme }, changes) =>
      tryIt(counts, () =>
        findSplitFiles(
          [...FILES.slice(useReadme ? 0 : 1), ...files],
          async () => mutate(README, changes),
          { train: split, validation: 'validation', ...(config === undefined ? {} : { config }) },
          (line) => expect(line.length).toBeLessThan(800),
        ),
      ),
    ),
    { numRuns: 2000 },
  );
  expect(counts.read).toBeGreaterThan(0);
  expect(counts.refused).toBeGreaterThan(10);
});

const TASK = `id: mine
template: "About {text}, {title}: Kind:"
fields: { title: head }
label: [{ field: stars, values: { 1: 0, 2: 1 } }, { field: label }]
label_words: [Bad, Good]
data: { hub: a/b@c, config: en }
file_names: { train: a.csv }
defaults: { shots: 3, seeds: [1], permutations: [0], learning_rate: 0.1 }
`;

test('changed task files: a task or a UserError', async () => {
  const counts = outcomes();
  const path = join(folder, 'task.yaml');
  await fc.assert(
    fc.asyncProperty(edits, async (changes) => {
      writeFileSync(path, mutate(TASK, changes));
      await tryIt(counts, () => readTaskFile(path));
    }),
    { numRuns: 500 },
  );
  expect(counts.read).toBeGreaterThan(0);
  expect(counts.refused).toBeGreaterThan(10);
});

const ROWS = [0, 1, 1].map((label, i) => ({ text: `row ${i} "a", b`, label, more: [{ a: i }] }));
const LINES = ROWS.map((row) => JSON.stringify(row)).join('\n');
const CSV = 'text,label\n"a ""b"", c",0\nplain,1\n"two\nlines",0\n';

test.each([
  ['x.jsonl', Buffer.from(LINES), 1000],
  ['x.json', Buffer.from(JSON.stringify(ROWS)), 1000],
  ['x.csv', Buffer.from(CSV), 1000],
  ['x.tsv', Buffer.from(CSV.replaceAll(',', '\t')), 1000],
  ['x.jsonl.gz', gzipSync(LINES), 1000],
  [
    'x.parquet',
    Buffer.from(
      parquetWriteBuffer({
        columnData: [
          { name: 'text', data: ['a', 'b'], type: 'STRING' },
          { name: 'label', data: [0, 1], type: 'INT32' },
        ],
      }),
    ),
    8,
  ],
] as const)('changed %s: examples or a UserError', async (name, bytes, runs) => {
  const counts = outcomes();
  const tasks = [findTask('mr'), { ...findTask('mr'), labels: [{ field: 'label', values: { 0: 0, 1: 1 } }] }];
  await fc.assert(
    fc.asyncProperty(edits, fc.constantFrom(...tasks), (changes, task) =>
      tryIt(counts, async () =>
        toExamples(await readRows(mutateBytes(bytes, changes), name, [['text'], ['label']]), task),
      ),
    ),
    { numRuns: runs },
  );
  expect(counts.refused).toBeGreaterThan(0);
});
