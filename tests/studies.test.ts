import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { iclGd, readCsv } from './golden.ts';

const copy = new FixtureCopy('own-text-gpt2');
afterAll(() => copy[Symbol.dispose]());

type Row = Readonly<Record<string, string>>;

async function table(command: string, file: string, data: string, ...more: string[]): Promise<Row[]> {
  const out = join(copy.folder, `${command}-${more.join('').replaceAll(/\W/g, '')}`);
  const { code, stderr } = await iclGd([
    ...[command, '--out', out, '--model', copy.model, '--data', data, '--datasets', 'mr'],
    ...['--seeds', '5', '--permutation', '2', '--adapter', process.env['ICL_GD_ADAPTER'] ?? 'auto', ...more],
  ]);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return readCsv(join(out, file));
}

/** A run's numbers, `GD accuracy_ft` for instance. */
async function numbers(data: string, ...more: string[]): Promise<Map<string, string>> {
  const rows = await table('run', 'summary.csv', data, ...more);
  return new Map(rows.map(({ method, metric, value }) => [`${method} ${metric}`, value as string]));
}

/** Another data folder, made of the lines of both splits. */
function derive(name: string, change: (lines: readonly string[]) => readonly string[][]): string {
  const read = (split: string): string[] =>
    readFileSync(join(copy.data, 'mr', `${split}.jsonl`), 'utf8')
      .trimEnd()
      .split('\n');
  const folder = join(copy.folder, name);
  mkdirSync(join(folder, 'mr'), { recursive: true });
  const [train, validation = read('validation')] = change(read('train'));
  for (const [split, lines] of Object.entries({ train, validation }))
    writeFileSync(join(folder, 'mr', `${split}.jsonl`), `${lines?.join('\n')}\n`);
  return folder;
}

it('accuracies by shots are those of a run, those with wrong labels of a run on data with the other label', async () => {
  const rows = await table('shots', 'shots.csv', copy.data, '--shots', '0,6,40', '--labels', 'gold,wrong');
  const other = derive('other', (lines) => [
    lines.map((line) =>
      line.replace(/"label": ?([01])/, (_, label: string) => `"label": ${1 - Number(label)}`),
    ),
  ]);
  const of = (data: string) => numbers(data, '--shots', '6', '--methods', 'gd');
  const [gold, wrong] = [await of(copy.data), await of(other)];
  const [zsl, icl] = ['- accuracy_zsl', '- accuracy_icl'];
  // The context window has no room for 40.
  const fitting = expect.stringMatching(/^([7-9]|1\d|2\d)$/);
  expect(rows.map((row) => [row['labels'], row['shots'], row['used'], row['accuracy']])).toEqual([
    ['gold', '0', '0', gold.get(zsl as string)],
    ['gold', '6', gold.get('- demonstrations_in_context'), gold.get(icl as string)],
    ['gold', '40', fitting, expect.anything()],
    ['wrong', '6', wrong.get('- demonstrations_in_context'), wrong.get(icl as string)],
    ['wrong', '40', fitting, expect.anything()],
  ]);
  // Otherwise the comparison would say nothing.
  expect(wrong.get('- accuracy_icl')).not.toBe(gold.get('- accuracy_icl'));
  for (const row of rows) expect([row['chance'], row['examples']]).toEqual(['0.5', '24']);
});

it('accuracies by learning rate are those of a run whose splits are the halves of the training split', async () => {
  const rates = ['0.01', '3'];
  const options = ['--shots', '6', '--methods', 'gd,lcgd'];
  const rows = await table('sweep', 'sweep.csv', copy.data, ...options, '--learning-rates', rates.join(','));
  const halves = derive('halves', (lines) => [lines.slice(0, 20), lines.slice(20)]);
  const own = await numbers(halves, ...options, '--learning-rate', '3');
  const expected = ['GD', 'LCGD'].map((method) => [
    ...[method, '3', own.get('- accuracy_zsl'), own.get(`${method} accuracy_ft`), '20'],
  ]);
  const measured = rows.map((row) => [
    ...[row['method'], row['learning_rate'], row['accuracy_zsl'], row['accuracy_ft'], row['examples']],
  ]);
  expect(measured).toHaveLength(4);
  expect(measured).toEqual(expect.arrayContaining(expected));
  expect(new Set(rows.map((row) => row['accuracy_ft'])).size).toBeGreaterThan(1);
});
