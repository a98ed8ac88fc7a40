import { UserError } from '@icl-gd/gpu-kernels/errors';
import { describe, expect, test } from 'vitest';
import { findSplitFiles } from './split-files.ts';
import type { SplitNames } from '../task.ts';

const BOTH = { train: 'train', validation: 'validation' };
const GLUE = [
  'README.md',
  ...['cola', 'sst2'].flatMap((name) => [
    `${name}/train-00000-of-00001.parquet`,
    `${name}/validation-00000-of-00001.parquet`,
  ]),
];

function find(files: readonly string[], names: SplitNames = BOTH, readme = '') {
  return findSplitFiles(files, async () => readme, names);
}

function found(train: string | string[], validation: string | string[]) {
  return { train: [train].flat(), validation: [validation].flat() };
}

describe('by name', () => {
  test.each([
    ['files', ['train.jsonl', 'validation.jsonl'], {}, found('train.jsonl', 'validation.jsonl')],
    ['dev for validation', ['dev.csv', 'train.csv', 'test.csv'], {}, found('train.csv', 'dev.csv')],
    [
      'test on demand',
      ['dev.jsonl', 'train.jsonl', 'test.jsonl'],
      { validation: 'test' },
      found('train.jsonl', 'test.jsonl'),
    ],
    [
      'shards in data/, in order',
      [
        'data/train-00001-of-00002.parquet',
        'data/train-00000-of-00002.parquet',
        'data/validation-00000-of-00001.parquet',
      ],
      {},
      found(
        ['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet'],
        'data/validation-00000-of-00001.parquet',
      ),
    ],
    ['a configuration', GLUE, { config: 'sst2' }, found(GLUE[3] as string, GLUE[4] as string)],
    [
      'the branch of converted files',
      [
        'cb/train/0000.parquet',
        'cb/validation/0000.parquet',
        'cb/test/0000.parquet',
        'rte/train/0000.parquet',
      ],
      { config: 'cb' },
      found('cb/train/0000.parquet', 'cb/validation/0000.parquet'),
    ],
    [
      'the same without configurations',
      ['default/train/0000.parquet', 'default/test/0000.parquet'],
      { validation: 'test' },
      found('default/train/0000.parquet', 'default/test/0000.parquet'),
    ],
    [
      'splits whose names go on',
      ['train.tsv', 'validation_matched.tsv', 'validation.tsv', 'validation.txt', 'trainer.jsonl'],
      {},
      found('train.tsv', 'validation.tsv'),
    ],
  ])('%s', async (_, files, names, expected) => {
    expect(await find(files, { ...BOTH, ...names })).toEqual(expected);
  });

  test.each([
    [['train.jsonl'], {}, 'no files for split "validation"; there is train.jsonl'],
    [['train.jsonl', 'test.jsonl'], {}, 'no files for split "validation"; there is train.jsonl, test.jsonl'],
    [
      ['train.jsonl', 'train.parquet', 'dev.jsonl'],
      {},
      'train.jsonl, train.parquet: the same split in several kinds of files',
    ],
    [['train-00000-of-00002.csv', 'dev.csv'], {}, 'train-00000-of-00002.csv: shards are missing'],
    [['train-00001-of-00002.csv', 'train-00002-of-00002.csv', 'dev.csv'], {}, 'shards are missing'],
    [
      ['x/train/0001.parquet', 'x/validation/0000.parquet'],
      { config: 'x' },
      'x/train/0001.parquet: shards are missing',
    ],
    [GLUE, {}, 'no files for split "train"; there is cola/train-00000-of-00001.parquet, cola/validation'],
    [GLUE, { config: 'sst' }, 'no files for split "train" of configuration "sst"; there is cola/'],
    [
      ['data.py', 'README.md'],
      { config: 'cb' },
      'it is a loading script: give the revision that has its data, @refs/convert/parquet',
    ],
    [
      ['train.zip', 'notes.txt'],
      {},
      'no files for split "train"; there is train.zip, notes.txt; looked for train, training with .jsonl, .json, .parquet, .csv, .tsv',
    ],
    [[], { train: 'trial' }, 'no files for split "trial"; there are no files at all; looked for trial with'],
    [
      Array.from({ length: 17 }, (_, i) => `part${i}.csv`),
      {},
      'there is part0.csv, part1.csv, part2.csv, part3.csv, part4.csv and 12 more; looked for',
    ],
  ])('%j is refused with %j', async (files, names, message) => {
    const failure = find(files, { ...BOTH, ...names });
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(message);
  });
});

describe('as the README declares', () => {
  const readme = (configs: string) => `---\nlicense: other\nconfigs:\n${configs}\n---\n# About\n`;
  const TWO = readme(
    ['cola', 'sst2']
      .map(
        (name) =>
          `- config_name: ${name}\n  data_files:\n  - split: train\n    path: ${name}/train-*\n  - split: validation\n    path: ["${name}/validation-*"]`,
      )
      .join('\n'),
  );

  test('patterns of the chosen configuration', async () => {
    expect(await find(GLUE, { ...BOTH, config: 'sst2' }, TWO)).toEqual(
      found(GLUE[3] as string, GLUE[4] as string),
    );
  });

  test('the default configuration, the only one, and names that nothing but the README explains', async () => {
    const files = ['README.md', 'a.csv', 'b.csv', 'old/a.csv'];
    const only = '- data_files:\n  - split: train\n    path: ./a.csv\n  - split: validation\n    path: b.csv';
    expect(await find(files, BOTH, readme(only))).toEqual(found('a.csv', 'b.csv'));
    const other = `${only.replace('- ', '- config_name: new\n  default: true\n  ')}\n- config_name: old\n  data_files: old/a.csv`;
    expect(await find(files, BOTH, readme(other))).toEqual(found('a.csv', 'b.csv'));
  });

  test('a folder in place of patterns', async () => {
    const files = ['README.md', 'v2/train.csv', 'v2/dev.csv', 'train.csv', 'dev.csv'];
    for (const folder of ['v2', './v2', 'v2/', './v2/']) {
      const configs = `- config_name: two\n  data_dir: ${folder}`;
      expect(await find(files, BOTH, readme(configs))).toEqual(found('v2/train.csv', 'v2/dev.csv'));
      // Patterns are those of files in the folder.
      const swapped = `${configs}\n  data_files:\n  - { split: train, path: ./dev.csv }\n  - { split: validation, path: [train.csv] }`;
      expect(await find(files, BOTH, readme(swapped))).toEqual(found('v2/dev.csv', 'v2/train.csv'));
    }
  });

  test('nothing is declared: by name', async () => {
    for (const text of ['# About', '---\nlicense: mit\n---\n', '---\n\n---\n'])
      expect(await find(['README.md', 'train.csv', 'dev.csv'], BOTH, text)).toEqual(
        found('train.csv', 'dev.csv'),
      );
  });

  test.each([
    [TWO, {}, 'the dataset has several configurations; choose one of: cola, sst2'],
    [TWO, { config: 'sst' }, 'unknown configuration "sst"; known: cola, sst2'],
    [
      TWO,
      { config: 'sst2', train: 'trial' },
      'configuration "sst2" has no split "trial"; known: train, validation',
    ],
    [readme('- data_files: x-*'), { validation: 'train' }, 'no files for split "train"'],
    ['---\nconfigs: [\n---\n', {}, 'README.md: its header is not YAML'],
    [readme('- data_files: 3'), {}, 'README.md: its "configs" cannot be read'],
  ])('%j is refused', async (text, names, message) => {
    const failure = find(GLUE, { ...BOTH, ...names }, text);
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(message);
  });
});
