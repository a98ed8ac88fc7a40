import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readDataset } from '../apps/bench/src/tasks/dataset.ts';
import { columnOf } from '../apps/bench/src/tasks/row-schema.ts';
import type { Task } from '../apps/bench/src/tasks/task.ts';
import { builtInTasks, findTask } from '../apps/bench/src/tasks/tasks.ts';
import { TestHub } from '../packages/transformer/src/hub/test-server.ts';

type Rows = readonly Readonly<Record<string, string | number>>[];

/** The file of a split of each task, as the hub has them where that is not simply `layoutOf` (glue declares its files in a README). */
const LAYOUT: Readonly<Record<string, readonly [id: string, train: string, validation: string]>> = {
  sst2: ['glue', 'sst2/train-00000-of-00001.parquet', 'sst2/validation-00000-of-00001.parquet'],
  sst5: ['SetFit/sst5', 'train.jsonl', 'dev.jsonl'],
  mr: ['rotten_tomatoes', 'train.parquet', 'validation.parquet'],
  subj: ['SetFit/subj', 'train.jsonl', 'test.jsonl'],
  agnews: ['ag_news', 'data/train-00000-of-00001.parquet', 'data/test-00000-of-00001.parquet'],
  cb: ['super_glue', 'cb/train/0000.parquet', 'cb/validation/0000.parquet'],
  trec: ['trec', 'default/train/0000.parquet', 'default/test/0000.parquet'],
  rte: ['glue', 'rte/train-00000-of-00001.parquet', 'rte/validation-00000-of-00001.parquet'],
  dbpedia: [
    'dbpedia_14',
    'dbpedia_14/train-00000-of-00001.parquet',
    'dbpedia_14/test-00000-of-00001.parquet',
  ],
  boolq: ['super_glue', 'boolq/train/0000.parquet', 'boolq/validation/0000.parquet'],
};
const README = (configs: readonly string[], test: string): string =>
  `---\nconfigs:\n${configs
    .map(
      (name) =>
        `- config_name: ${name}\n  data_files:\n  - split: train\n    path: ${name}/train-*\n  - split: ${test}\n    path: ${name}/${test}-*\n`,
    )
    .join('')}---\n`;
/** Where the hub redirects old ids to. */
const RENAMED = {
  glue: 'nyu-mll/glue',
  rotten_tomatoes: 'cornell-movie-review-data/rotten_tomatoes',
  ag_news: 'fancyzhx/ag_news',
  super_glue: 'aps/super_glue',
  trec: 'CogComp/trec',
  dbpedia_14: 'fancyzhx/dbpedia_14',
};

/** Tasks whose data is on the hub. */
const TASKS = builtInTasks().filter((task) => task.hub !== undefined);

/** One Parquet file a split, in a folder of the configuration's name if there is one. */
function layoutOf({ id, hub: source }: Task): readonly [id: string, train: string, validation: string] {
  const own = LAYOUT[id];
  if (own || !source) return own ?? [id, '', ''];
  const folder = source.config === undefined ? 'data' : source.config;
  const file = (split: string): string => `${folder}/${split}-00000-of-00001.parquet`;
  return [source.id.split('@')[0] as string, file(source.train), file(source.validation)];
}

const hub = new TestHub();
const home = mkdtempSync(join(tmpdir(), 'icl-gd-hub-datasets-'));
let endpoint: string;
beforeAll(async () => {
  endpoint = await hub.start();
  for (const [old, id] of Object.entries(RENAMED)) hub.renamed.set(old, id);
  for (const task of TASKS) serve(task);
});
afterAll(async () => {
  await hub.stop();
  rmSync(home, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

function rowsOf(task: Task, split: string): Rows {
  const [first] = task.labels;
  const label = task.id === 'trec' ? 'coarse_label' : (first?.field ?? 'label');
  const values = task.id === 'trec' ? [] : Object.entries(first?.values ?? {});
  const valueOf = (index: number) => values.find(([, each]) => each === index)?.[0] ?? index;
  return task.labelWords.map((word, i) => ({
    ...Object.fromEntries(
      task.fields.map((field) => [columnOf(task, field), `${split} ${field} of ${word}`]),
    ),
    [label]: valueOf(i),
    idx: i,
  }));
}

function encode(file: string, rows: Rows): Buffer {
  if (file.endsWith('.jsonl')) return Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const names = Object.keys(rows[0] ?? {});
  const columnData = names.map((name) => {
    const data = rows.map((row) => row[name]);
    return typeof data[0] === 'string'
      ? { name, data, type: 'STRING' as const }
      : { name, data: data.map((value) => BigInt(value as number)), type: 'INT64' as const };
  });
  return Buffer.from(parquetWriteBuffer({ columnData }));
}

function serve(task: Task): void {
  const [old, train, validation] = layoutOf(task);
  const id = hub.renamed.get(old) ?? old;
  const files = hub.datasets.get(id) ?? new Map<string, Buffer>();
  // One configuration more than there are tasks.
  const glue = ['mnli', ...TASKS.flatMap((each) => (each.hub?.id === 'glue' ? (each.hub.config ?? []) : []))];
  files.set(train, encode(train, rowsOf(task, 'train')));
  files.set(validation, encode(validation, rowsOf(task, 'validation')));
  if (old === 'glue') files.set('README.md', Buffer.from(README(glue, 'validation')));
  if (old === 'dbpedia_14') files.set('README.md', Buffer.from(README(['dbpedia_14'], 'test')));
  hub.datasets.set(id, files);
}

function atHub(more: Readonly<Record<string, string>> = {}): void {
  const env = {
    HF_ENDPOINT: endpoint,
    HF_HOME: home,
    HF_HUB_CACHE: '',
    HF_TOKEN: '',
    HF_HUB_OFFLINE: '',
    ...more,
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

describe.each(TASKS.map((task) => [task.id, task] as const))('%s', (_, task) => {
  it('is read from the hub, and offline from the cache', async () => {
    atHub();
    const dataset = await readDataset('hub', task);
    // In the hub's present numbering of TREC the words come in this order.
    const words =
      task.id === 'trec'
        ? ['Expression', 'Entity', 'Description', 'Person', 'Location', 'Number']
        : task.labelWords;
    for (const split of ['train', 'validation'] as const) {
      expect(dataset[split].map(({ label }) => task.labelWords[label])).toEqual(words);
      expect(dataset[split].map(({ fields }) => fields)).toEqual(
        task.labelWords.map((word) =>
          Object.fromEntries(task.fields.map((field) => [field, `${split} ${field} of ${word}`])),
        ),
      );
    }
    expect(dataset.hub).toMatchObject({ id: task.hub?.id.split('@')[0], commit: hub.commit });
    atHub({ HF_HUB_OFFLINE: '1' });
    hub.requests.length = 0;
    expect(await readDataset('hub', task)).toEqual(dataset);
    expect(hub.requests).toEqual([]);
  });
});

it('names dataset, file and row of what does not fit', async () => {
  atHub();
  const sst5 = findTask('sst5');
  const files = hub.datasets.get('SetFit/sst5') as Map<string, Buffer>;
  files.set('dev.jsonl', encode('dev.jsonl', [{ text: 'x', label: 5 }]));
  await expect(readDataset('hub', sst5)).rejects.toThrow(
    /datasets--SetFit--sst5.*dev\.jsonl, line 1: field 'label' must be an integer from 0 to 4/,
  );
  files.set('dev.jsonl', Buffer.alloc(0));
  await expect(readDataset('hub', sst5)).rejects.toThrow(/dev\.jsonl is empty/);
  files.delete('dev.jsonl');
  await expect(readDataset('hub', sst5)).rejects.toThrow(
    'SetFit/sst5: no files for split "validation"; there is train.jsonl',
  );
  files.clear();
  files.set('sst5.py', Buffer.from('a script'));
  await expect(readDataset('hub', sst5)).rejects.toThrow(
    /SetFit\/sst5: .*loading script: .*@refs\/convert\/parquet/,
  );
  hub.datasets.delete('SetFit/sst5');
  await expect(readDataset('hub', sst5)).rejects.toThrow(
    /SetFit\/sst5: neither a directory here nor a dataset on/,
  );
});
