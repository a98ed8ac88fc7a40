import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestHub } from '../packages/transformer/src/hub/test-server.ts';
import { FixtureCopy } from './damage.ts';
import { type Fixture, fixtures, iclGd, readCsv, readJson, runArguments } from './golden.ts';
import { type Fault, expectRefusal } from './refusal.ts';

const fixture = (name: string): Fixture => fixtures().find((own) => own.name === name) as Fixture;
const gpt2 = fixture('own-text-gpt2');
const folder = mkdtempSync(join(tmpdir(), 'icl-gd-data-'));
const hub = new TestHub(gpt2.model);
const adapter = ['--adapter', process.env['ICL_GD_ADAPTER'] ?? 'auto'];
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  const endpoint = await hub.start();
  env = { HF_ENDPOINT: endpoint, HF_HOME: folder, HF_HUB_CACHE: '', HF_TOKEN: '', HF_HUB_OFFLINE: '' };
});
afterAll(async () => {
  await hub.stop();
  rmSync(folder, { recursive: true });
});

interface MrRow {
  readonly text: string;
  readonly label: number;
}

function mrRows(split: string): MrRow[] {
  const lines = readFileSync(join(gpt2.data, 'mr', `${split}.jsonl`), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as MrRow);
}

function mrParquet(split: string): Buffer {
  const rows = mrRows(split);
  const columnData = [
    { name: 'text', data: rows.map(({ text }) => text), type: 'STRING' as const },
    { name: 'label', data: rows.map(({ label }) => BigInt(label)), type: 'INT64' as const },
  ];
  return Buffer.from(parquetWriteBuffer({ columnData }));
}

/** The metrics of a run without the columns that name it. */
function numbers(out: string): unknown {
  return readCsv(join(out, 'layerwise.csv')).map(({ method, layer, metric, value }) => [
    method,
    layer,
    metric,
    value,
  ]);
}

it('gives the same numbers whether the rows come from a folder, the hub, or a task of the user', async () => {
  const [local, remote, own] = ['local', 'remote', 'own'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  expect((await iclGd(runArguments(gpt2, local))).code).toBe(0);

  hub.datasets.set(
    'rotten_tomatoes',
    new Map(['train', 'validation'].map((split) => [`${split}.parquet`, mrParquet(split)])),
  );
  const byHub = await iclGd(runArguments({ ...gpt2, data: 'hub' }, remote), env);
  expect(byHub.stderr).toContain('downloading train.parquet');
  expect(byHub.code).toBe(0);
  expect(readCsv(join(remote, 'layerwise.csv'))).toEqual(readCsv(join(local, 'layerwise.csv')));
  expect(readJson(join(remote, 'manifest.json'))).toMatchObject({
    datasets: { mr: { hub: { id: 'rotten_tomatoes', revision: 'main', commit: hub.commit } } },
  });

  const mails = join(folder, 'mails');
  mkdirSync(mails);
  for (const split of ['train', 'validation']) {
    const lines = mrRows(split).map(
      ({ text, label }) => `"${text.replaceAll('"', '""')}",${['no', 'yes'][label]}\n`,
    );
    writeFileSync(join(mails, `${split}.csv`), `body,liked\n${lines.join('')}`);
  }
  const task = join(folder, 'mine.yaml');
  writeFileSync(
    task,
    `id: mine\ntemplate: "Review: {text} Sentiment:"\nfields: { text: body }\nlabel_words: [Negative, Positive]\n` +
      `label: { field: liked, values: { no: 0, yes: 1 } }\ndata: { directory: mails }\n`,
  );
  const args = runArguments({ ...gpt2, run: { ...gpt2.run, dataset: 'mine' } }, own);
  const byTask = await iclGd([
    ...args.filter((arg) => arg !== '--data' && arg !== gpt2.data),
    '--task-file',
    task,
  ]);
  expect(byTask.code, byTask.stderr).toBe(0);
  expect(byTask.stdout).toContain('│ mine');
  expect(numbers(own)).toEqual(numbers(local));
  expect(readCsv(join(own, 'table3.csv'))).toMatchObject([
    { dataset: 'mine', train: '40', validation: '24' },
  ]);
  expect(readJson(join(own, 'manifest.json'))).toMatchObject({
    prompts: { mine: { template: 'Review: {text} Sentiment:', label_words: ['Negative', 'Positive'] } },
  });
});

it('fine-tunes in the released order on demand; what needs no training stays as it is', async () => {
  const xglm = fixture('own-text-xglm');
  expect(xglm.run.permutation).toBeGreaterThan(0);
  const [same, released] = [join(folder, 'same'), join(folder, 'released')];
  expect((await iclGd(runArguments(xglm, same))).code).toBe(0);
  expect((await iclGd([...runArguments(xglm, released), '--fine-tuning-order', 'released'])).code).toBe(0);
  const of = (out: string, method: string): unknown[] =>
    readCsv(join(out, 'layerwise.csv')).filter(
      (row) => row['method'] === method && row['metric'] !== 'alpha',
    );
  expect(of(released, '-')).toEqual(of(same, '-'));
  for (const method of ['GD', 'LCGD']) expect(of(released, method)).not.toEqual(of(same, method));
  const [prompts] = readJson(join(released, 'prompts.json')) as [
    { train_rows: number[]; fine_tuning_rows: number[] },
  ];
  expect(prompts.fine_tuning_rows).not.toEqual(prompts.train_rows);
  expect(prompts.fine_tuning_rows.toSorted()).toEqual(prompts.train_rows.toSorted());
});

it('runs the smoke preset and plans the paper without a network', async () => {
  const out = join(folder, 'smoke');
  const smoke = await iclGd(['run', '--preset', 'smoke', '--out', out, ...adapter]);
  expect(smoke.code, smoke.stderr).toBe(0);
  const simaou = (variant: string): unknown[] =>
    readCsv(join(out, 'layerwise.csv'))
      .filter((row) => row['variant'] === variant && row['metric'] === 'simaou')
      .map(({ value }) => value);
  expect(simaou('trained')).toHaveLength(16);
  expect(simaou('untrained')).not.toEqual(simaou('trained'));
  hub.requests.length = 0;
  const plan = await iclGd(['run', '--preset', 'paper', '--dry-run'], env);
  expect(plan.code, plan.stderr).toBe(0);
  expect(plan.stdout).toContain('2160 cells in all');
  expect(hub.requests).toEqual([]);
});

it('runs each pass of a preset of the user in a folder of its own', async () => {
  using copy = new FixtureCopy('own-text-gpt2');
  const preset = join(copy.folder, 'mine.yaml');
  writeFileSync(
    preset,
    'title: mine\noptions: { datasets: mr, examples: 1, shots: 1, seeds: 5, methods: gd }\npasses: [{ name: prompt, options: { probe: prompt } }]\n',
  );
  const args = [
    'run',
    '--preset',
    preset,
    '--model',
    copy.model,
    '--data',
    copy.data,
    '--out',
    copy.out,
    ...adapter,
  ];
  const result = await iclGd(args);
  expect(result.code, result.stderr).toBe(0);
  for (const [out, probe] of [
    [copy.out, 'label'],
    [join(copy.out, 'prompt'), 'prompt'],
  ] as const)
    expect(readJson(join(out, 'manifest.json'))).toMatchObject({ settings: { probe } });
});

const inMr = (name: string, content: string | Buffer) => (copy: FixtureCopy) => {
  rmSync(join(copy.data, 'mr/train.jsonl'));
  writeFileSync(join(copy.data, 'mr', name), content);
};
const FAULTS: Fault[] = [
  {
    fault: 'bad Parquet',
    names: /train\.parquet is not a Parquet file/,
    damage: inMr('train.parquet', 'PAR1'),
  },
  {
    fault: 'cut Parquet',
    names: /train\.parquet is not a Parquet file/,
    damage: inMr('train.parquet', mrParquet('train').subarray(0, 300)),
  },
  {
    fault: 'missing column',
    names: /train\.csv: column 'text' is missing; it has a, label/,
    damage: inMr('train.csv', 'a,label\nx,1\n'),
  },
  {
    fault: 'label out of range',
    names: /train\.tsv, line 2: .*0 to 1/,
    damage: inMr('train.tsv', 'text\tlabel\nx\t2\n'),
  },
  {
    fault: 'empty split',
    names: /train\.csv has a header line but no rows/,
    damage: inMr('train.csv', 'text,label\n'),
  },
  {
    fault: 'two kinds of files',
    names: /train\.csv, train\.jsonl: the same split/,
    damage: (copy) => writeFileSync(join(copy.data, 'mr/train.csv'), 'text,label\nx,1\n'),
  },
  {
    fault: 'unknown key in a task file',
    names: /mine\.json: unknown key "label_word" \(did you mean label_words\?\)/,
    damage: (copy) => writeFileSync(join(copy.folder, 'mine.json'), '{"id": "mine", "label_word": []}'),
    options: (copy) => ['--task-file', join(copy.folder, 'mine.json')],
  },
  {
    fault: 'task file that is not there',
    names: /nowhere\.yaml: the task file does not exist/,
    options: (copy) => ['--task-file', join(copy.folder, 'nowhere.yaml')],
  },
  {
    fault: 'unknown order',
    names: /--fine-tuning-order.*in-context, released/,
    options: () => ['--fine-tuning-order', 'random'],
  },
];

it.each(FAULTS)('refuses: $fault', (fault) => expectRefusal(fault));
