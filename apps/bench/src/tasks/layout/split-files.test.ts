import { UserError } from '@icl-gd/gpu-kernels/errors';
import { describe, expect, test, vi } from 'vitest';
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
      Array.from({ length: 24 }, (_, i) => `${i}.csv`),
      {},
      '4.csv, 5.csv, 6.csv, 7.csv, 8.csv, 9.csv, 10.csv, 11.csv and 12 more; looked for',
    ],
  ])('%j is refused with %j', async (files, names, message) => {
    const failure = find(files, { ...BOTH, ...names });
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(message);
  });
});

describe('where Python’s datasets reads others, a warning says so:', () => {
  test.each<[string, string[], ...string[]]>([
    [
      'more files of the split',
      ['train.jsonl', 'train_extra.jsonl', 'dev.jsonl'],
      'the split "train" is read from train.jsonl; Python\'s datasets would read train.jsonl, train_extra.jsonl; to have others, name them in the task ("data.files")',
    ],
    [
      'others of another kind',
      ['train.jsonl', 'data/train-00000-of-00001.parquet', 'dev.jsonl'],
      'the split "train" is read from train.jsonl; Python\'s datasets would read data/train-00000-of-00001.parquet; to have others, name them in the task ("data.files")',
      'the split "validation" is read from dev.jsonl; Python\'s datasets would find no such split here',
    ],
  ])('%s', async (_, files, ...lines) => {
    const warn = vi.fn<(line: string) => void>();
    expect((await findSplitFiles(files, async () => '', BOTH, warn)).train).toEqual(['train.jsonl']);
    expect(warn.mock.calls).toEqual(lines.map((line) => [line]));
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

  test('what the header says of columns and sizes is passed over, however long it is', async () => {
    const info = `dataset_info:\n- config_name: cola\n${'  features: []\n'.repeat(50_000)}`;
    const text = TWO.replace('configs:', `${info}configs:`).replace(
      'license: other',
      `license: other\n${info}tags: [a]`,
    );
    expect(await find(GLUE, { ...BOTH, config: 'sst2' }, text)).toEqual(
      found(GLUE[3] as string, GLUE[4] as string),
    );
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

  test('a file of its own for the header stands before the README', async () => {
    const files = ['README.md', '.huggingface.yaml', 'a.csv', 'b.csv'];
    const configs = (first: string, second: string) =>
      `configs:\n- config_name: x\n  data_files: [{ split: train, path: ${first} }, { split: validation, path: ${second} }]\n`;
    const texts = new Map([
      ['README.md', `---\n${configs('a.csv', 'b.csv')}---\n`],
      ['.huggingface.yaml', configs('b.csv', 'a.csv')],
    ]);
    const read = (): Promise<ReturnType<typeof found>> =>
      findSplitFiles(files, async (file) => texts.get(file) as string, BOTH);
    expect(await read()).toEqual(found('b.csv', 'a.csv'));
    texts.set('.huggingface.yaml', 'license: mit\n');
    expect(await read()).toEqual(found('a.csv', 'b.csv'));
  });

  const files = (keys: string) =>
    readme(
      `- config_name: x\n  ${keys}\n  data_files: [{ split: train, path: "${GLUE[3]}" }, { split: validation, path: "${GLUE[4]}" }]`,
    );

  test.each([
    'header: 0',
    'header: infer',
    'encoding: utf-8',
    "quotechar: '\"'",
    'description: text',
    'sep: ";"',
    'nrows: null',
  ])('what does not change the rows is passed over: %s', async (keys) => {
    expect(await find(GLUE, BOTH, files(keys))).toEqual(found(GLUE[3] as string, GLUE[4] as string));
  });

  test.each(['header: null', 'names: [a, b]', 'field: data', 'skiprows: 1', 'encoding: latin-1'])(
    'what has the files read otherwise is refused: %s',
    async (keys) => {
      await expect(find(GLUE, BOTH, files(keys))).rejects.toThrow(
        `configuration "x" has its files read with "${keys.slice(0, keys.indexOf(':'))}"`,
      );
    },
  );

  test('a separator must be that of the extension', async () => {
    const both = (separator: string, extension: string) =>
      find(
        ['README.md', `a.${extension}`, `b.${extension}`],
        BOTH,
        readme(
          `- sep: "${separator}"\n  data_files: [{ split: train, path: a.* }, { split: validation, path: b.* }]`,
        ),
      );
    expect(await both(',', 'csv')).toEqual(found('a.csv', 'b.csv'));
    expect(await both('\\t', 'tsv')).toEqual(found('a.tsv', 'b.tsv'));
    await expect(both('\\t', 'csv')).rejects.toThrow(
      'has a.csv read with the separator "\\t"; .csv is read with commas',
    );
    await expect(both(',', 'tsv')).rejects.toThrow('has a.tsv read with the separator ","');
  });

  test('a file that two patterns name is read once, with a warning', async () => {
    const warn = vi.fn<(line: string) => void>();
    const text = readme(
      '- data_files: [{ split: train, path: ["a.csv", "*.csv"] }, { split: validation, path: b.csv }]',
    );
    expect(await findSplitFiles(['README.md', 'a.csv', 'b.csv'], async () => text, BOTH, warn)).toEqual(
      found(['a.csv', 'b.csv'], 'b.csv'),
    );
    expect(warn.mock.calls).toEqual([
      [
        'the patterns of the split "train" name a file twice; it is read once, and twice by Python\'s datasets',
      ],
    ]);
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
    [
      readme('- data_files: [x.csv, "b*"]'),
      { validation: 'train' },
      'README.md declares the file x.csv, which is not there; there is README.md, cola/',
    ],
    [readme('- data_files: "{a,b}"'), {}, 'README.md declares the file {a,b}, which is not there'],
    [
      readme('- data_files: a\n- data_files: b'),
      {},
      'README.md: it declares the configuration "default" twice',
    ],
    [
      readme('- data_files: [{ split: train, path: a }, { split: train, path: b }]'),
      {},
      'README.md: configuration "default" has the split "train" twice',
    ],
    [
      readme('- config_name: a\n  default: true\n- config_name: default'),
      {},
      'the dataset has several configurations; choose one of: a, default',
    ],
    [`---\nlicense: ${'x'.repeat(1 << 20)}\n---\n`, {}, 'README.md: its header has over 524288 characters'],
    [readme(`- data_files: &a [x]\n- ${'*a,'.repeat(9)}`), {}, 'README.md: its header is not YAML'],
    [readme('- data_files: 3'), {}, 'README.md: its "configs" cannot be read'],
  ])('%j is refused', async (text, names, message) => {
    const failure = find(GLUE, { ...BOTH, ...names }, text);
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(message);
  });
});
