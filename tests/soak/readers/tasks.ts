import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { findPreset } from '../../../apps/bench/src/cli/presets/presets.ts';
import { readDataset } from '../../../apps/bench/src/tasks/dataset.ts';
import { findSplitFiles } from '../../../apps/bench/src/tasks/layout/split-files.ts';
import { readBuiltInTask } from '../../../apps/bench/src/tasks/task-file.ts';
import { findTask, readUserTask } from '../../../apps/bench/src/tasks/tasks.ts';
import { damagedFiles } from '../damaged-files.ts';
import { mutateWord } from '../mutate.ts';
import type { FileSubject, Reader } from '../reader.ts';

const APP = join(import.meta.dirname, '../../../apps/bench');
const ROWS = [
  { text: 'a fine, "quoted" film', label: 1 },
  { text: 'd\u{e9}j\u{e0} vu \u{1f600}', label: 0 },
  { text: 'it drags\tand drags', label: 0 },
];

const CSV = `text,label\n${ROWS.map(({ text, label }) => `"${text.replaceAll('"', '""')}",${label}`).join('\n')}\n`;
const TSV = 'text\tlabel\na fine film\t1\nd\u{e9}j\u{e0} vu\t0\n';

function parquet(): Buffer {
  const columnData = [
    { name: 'text', data: ROWS.map(({ text }) => text), type: 'STRING' as const },
    { name: 'label', data: ROWS.map(({ label }) => label), type: 'INT32' as const },
  ];
  return Buffer.from(parquetWriteBuffer({ columnData }));
}

/** Rows of every format, as a task reads them. */
export const data: Reader = {
  name: 'data',
  share: 4,
  async prepare(folder) {
    const lines = ROWS.map((row) => JSON.stringify(row)).join('\n');
    const contents: Readonly<Record<string, Buffer>> = {
      jsonl: Buffer.from(lines),
      csv: Buffer.from(CSV),
      tsv: Buffer.from(TSV),
      json: Buffer.from(JSON.stringify(ROWS)),
      'jsonl.gz': gzipSync(lines),
      'csv.gz': gzipSync(CSV),
    };
    const subjects = Object.entries(contents).map(([extension, bytes]): FileSubject => {
      const own = join(folder, extension);
      mkdirSync(join(own, 'mr'), { recursive: true });
      for (const split of ['train', 'validation'])
        writeFileSync(join(own, 'mr', `${split}.${extension}`), bytes);
      return { file: join(own, 'mr', `train.${extension}`), read: () => readDataset(own, findTask('mr')) };
    });
    return damagedFiles(subjects);
  },
};

/** Parquet, which a thread of its own reads. */
export const parquetFiles: Reader = {
  name: 'parquet',
  share: 0.2,
  async prepare(folder) {
    mkdirSync(join(folder, 'mr'));
    for (const split of ['train', 'validation'])
      writeFileSync(join(folder, 'mr', `${split}.parquet`), parquet());
    const read = (): Promise<unknown> => readDataset(folder, findTask('mr'));
    return damagedFiles([{ file: join(folder, 'mr/train.parquet'), read }]);
  },
};

const README = `---
license: mit
configs:
- config_name: default
  data_files:
  - split: train
    path: "data/train-*.parquet"
  - split: validation
    path: ["data/val-*.parquet"]
- config_name: other
  data_dir: other
---
# A data set
`;
const FILES = [
  ...['README.md', 'data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet', 'train.jsonl'],
  ...[
    'data/val-00000-of-00001-0123456789abcdef.parquet',
    'extra/a/val.csv',
    'validation.json.gz',
    'other/test.tsv',
  ],
];

/** What a data set's page and the names of its files say of its splits. */
export const layouts: Reader = {
  name: 'layout',
  share: 2,
  async prepare(folder) {
    const file = join(folder, 'README.md');
    writeFileSync(file, README);
    let names = FILES;
    let splits = { train: 'train', validation: 'validation' };
    const read = (): Promise<unknown> =>
      findSplitFiles(names, async () => readFileSync(file, 'utf8'), splits);
    const next = await damagedFiles([{ file, read }]);
    return (random) => {
      names = FILES.map((name) => (random.integers(0, 20) === 0 ? mutateWord(random, FILES) : name));
      const word = (): string => mutateWord(random, ['train', 'validation', 'test']);
      splits =
        random.integers(0, 4) === 0
          ? { train: word(), validation: word() }
          : { train: 'train', validation: 'validation' };
      return next(random);
    };
  },
};

/** Tasks and presets of a user. */
export const yamlFiles: Reader = {
  name: 'yaml',
  share: 2,
  async prepare(folder) {
    for (const kind of ['tasks', 'presets']) cpSync(join(APP, kind), join(folder, kind), { recursive: true });
    const task = `id: own
title: Own
template: "Review: {text} Sentiment:"
label_words: [Negative, Positive]
fields: { text: review_body }
label: { field: stars, values: { 1: 0, 5: 1 } }
classes: [bad, good]
data: { directory: reviews, config: plain, train: train, validation: dev }
defaults: { shots: 16, seeds: [1, 2], permutations: [0, 1], learning_rate: 0.01 }
`;
    writeFileSync(join(folder, 'tasks/own.yaml'), task);
    const own = join(folder, 'tasks/own.yaml');
    const builtIn = join(folder, 'tasks/mr.yaml');
    const subjects = [
      { file: own, read: async () => readUserTask(own) },
      { file: builtIn, read: async () => readBuiltInTask(builtIn) },
      ...['paper', 'smoke']
        .map((id) => join(folder, 'presets', `${id}.yaml`))
        .map((file) => ({ file, read: () => findPreset(file) })),
    ];
    return damagedFiles(subjects);
  },
};
