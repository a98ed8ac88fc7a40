import { mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
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

/** What a study writes, its records aside, and what it says. */
async function study(out: string, ...args: string[]) {
  const adapter = process.env['ICL_GD_ADAPTER'] ?? 'auto';
  const result = await iclGd([
    ...[args[0] as string, '--out', out, '--model', copy.model, '--data', copy.data, '--adapter', adapter],
    ...['--seeds', '5,6', '--examples', '4', ...args.slice(1)],
  ]);
  if (result.code !== 0) throw new Error(`exit code ${result.code}: ${result.stderr}`);
  const files = readdirSync(out).filter((name) => name !== 'records');
  return {
    ...result,
    files: files.map((name) => [name, readFileSync(join(out, name), 'utf8')]),
    counts: /^settings: .*$/m.exec(result.stderr)?.[0],
  };
}

describe.each([
  [
    ['shots', '--datasets', 'mr', '--shots', '0,1,2', '--labels', 'gold,wrong'],
    'settings: 9 asked for (1 ZSL, 4 ICL, 4 ICL[labels=wrong])',
  ],
  [
    ['flips', '--datasets', 'mr', '--shots', '3', '--shares', '0.5,1', '--methods', 'gd'],
    'settings: 9 asked for (1 ZSL, 4 ICL, 4 GD)',
  ],
  [
    ['sweep', '--datasets', 'mr', '--shots', '2', '--learning-rates', '0.01,0.1', '--methods', 'gd'],
    'settings: 5 asked for (1 ZSL, 4 GD)',
  ],
])('%j', (args, asked) => {
  const out = join(copy.folder, `resumed-${args[0]}`);
  const records = (): string[] => readdirSync(join(out, 'records')).map((name) => join(out, 'records', name));

  it('goes on from the accuracies that are recorded, to the same bytes', async () => {
    const whole = await study(out, ...args);
    const [, total = ''] = /(\d+) asked/.exec(asked) ?? [];
    expect(whole.counts).toBe(
      asked.replace(/asked for(.*)/, `asked for$1, ${total} computed$1, 0 taken from records`),
    );
    const all = records();
    expect(all).toHaveLength(Number(total));
    const repeated = await study(out, ...args);
    expect(repeated.counts).toContain(`, 0 computed, ${total} taken from records`);
    const [gone, cut] = [all[0] as string, all.at(-1) as string];
    rmSync(gone);
    truncateSync(cut, 30);
    const rest = await study(out, ...args);
    expect(rest.counts).toContain(', 2 computed');
    expect(rest.stderr).toContain(`WARNING: ${cut} is damaged; computing it again`);
    expect(records()).toEqual(all);
    const fresh = await study(out, ...args, '--fresh');
    expect(fresh.counts).toContain(`, ${total} computed`);
    const other = await study(out, ...args, '--seeds', '5,7');
    const half = (Number(total) - 1) / 2;
    const rows = args[0] === 'shots' ? half + 1 : half;
    expect(other.stderr).toContain(`${rows} rows of an earlier command with other options are no longer in`);
    const back = await study(out, ...args);
    expect(back.stderr).toContain(`${rows} rows of an earlier command`);
    expect(repeated.stderr).not.toContain('rows of an earlier command');
    for (const again of [repeated, rest, fresh, back]) {
      expect(again.files).toEqual(whole.files);
      expect(again.stdout).toBe(whole.stdout);
    }
  });
});

it('shots and sweep take tasks of the user’s own', async () => {
  const task = join(copy.folder, 'own.yaml');
  const builtIn = readFileSync(join(import.meta.dirname, '../apps/bench/tasks/mr.yaml'), 'utf8');
  const text = builtIn.replace(/^id: mr$/m, 'id: own').replaceAll(/^(order|paper|hub): .*$/gm, '');
  writeFileSync(task, `${text}\ndata:\n  directory: ${JSON.stringify(join(copy.data, 'mr'))}\n`);
  const args = ['--shots', '2', '--task-file', task];
  const own = await study(join(copy.folder, 'own-shots'), 'shots', ...args);
  const known = await study(join(copy.folder, 'mr-shots'), 'shots', '--datasets', 'mr', '--shots', '2');
  expect(own.files.map(([, text]) => text?.replaceAll(/\bown\b/g, 'mr'))).toEqual(
    known.files.map(([, text]) => text),
  );
  const swept = await study(join(copy.folder, 'own-sweep'), 'sweep', ...args, '--learning-rates', '0.1');
  expect(swept.stdout).toMatch(/^│ own /m);
});

it('fewer demonstrations than are asked for are said by run, shots and sweep, and shots shows how many were used', async () => {
  const options = ['--datasets', 'mr', '--shots', '1000'];
  const said = (half: string): RegExp =>
    new RegExp(`^WARNING: mr: 1000 demonstrations are asked for, but ${half}: all \\d+ are used$`, 'm');
  const run = await study(join(copy.folder, 'few-run'), 'run', ...options, '--methods', 'gd');
  expect(run.stderr).toMatch(said('its training split has 40 rows'));
  const sweep = await study(join(copy.folder, 'few-sweep'), 'sweep', ...options, '--learning-rates', '0.1');
  expect(sweep.stderr).toMatch(said('the first half of its training split has 20 rows'));
  const shots = await study(join(copy.folder, 'few-shots'), 'shots', '--datasets', 'mr', '--shots', '1,1000');
  expect(shots.stderr).toMatch(said('its training split has 40 rows'));
  expect(shots.stdout).toMatch(/│ 1 shot │ 1000 shots │\n│ demonstrations used +│ 1 +│ \d\d? +│\n/);
  expect(shots.files.find(([name]) => name === 'shots.svg')?.[1]).not.toContain('demonstrations: 1000;');
});

it('accuracies by shots are those of a run, those with other labels of its controls, or of a run on data with the other label', async () => {
  const LABELS = 'gold,wrong,random';
  const rows = await table('shots', 'shots.csv', copy.data, '--shots', '0,6,40', '--labels', LABELS);
  const other = derive('other', (lines) => [
    lines.map((line) =>
      line.replace(/"label": ?([01])/, (_, label: string) => `"label": ${1 - Number(label)}`),
    ),
  ]);
  const controls = 'icl[labels=wrong],icl[labels=random]';
  const of = (data: string) => numbers(data, '--shots', '6', '--methods', 'gd', '--controls', controls);
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
    ['random', '6', expect.anything(), gold.get('ICL[labels=random] accuracy_ft')],
    ['random', '40', fitting, expect.anything()],
  ]);
  expect(gold.get('ICL[labels=wrong] accuracy_ft')).toBe(wrong.get('- accuracy_icl'));
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

it('accuracies by flipped labels are those of a run with gold labels, and of one with the other label, whatever learns', async () => {
  const options = ['--shots', '6', '--methods', 'gd,gd[noise]', '--learning-rate', '3'];
  const rows = await table('flips', 'flips.csv', copy.data, ...options, '--shares', '0,0.5,1');
  const other = derive('flipped', (lines) => [
    lines.map((line) =>
      line.replace(/"label": ?([01])/, (_, label: string) => `"label": ${1 - Number(label)}`),
    ),
  ]);
  const [gold, wrong] = [await numbers(copy.data, ...options), await numbers(other, ...options)];
  const used = gold.get('- demonstrations_in_context');
  const of = (share: string) =>
    rows.filter((row) => row['share'] === share).map((row) => [row['method'], row['used'], row['accuracy']]);
  for (const [share, run] of [
    ['0', gold],
    ['1', wrong],
  ] as const)
    expect(of(share)).toEqual([
      ['ICL', used, run.get('- accuracy_icl')],
      ['GD', '6', run.get('GD accuracy_ft')],
      ['GD[noise]', '6', run.get('GD[noise] accuracy_ft')],
    ]);
  expect(rows.map((row) => row['flipped'])).toEqual(['0', '0', '0', '3', '3', '3', used, '6', '6']);
  // Otherwise the comparison would say nothing.
  expect(of('0')).not.toEqual(of('1'));
  await expect(
    study(join(copy.folder, 'no-flips'), 'flips', '--methods', 'gd[labels=wrong]'),
  ).rejects.toThrow('GD[labels=wrong] has demonstrations of its own');
  for (const [method, reason] of [
    ['gd[rate=best]', 'GD[rate=best] has a rule for its learning rate'],
    ['gd[tangent]', 'GD[tangent] gives a direction'],
  ] as const)
    await expect(
      study(join(copy.folder, 'no-flips'), 'flips', '--datasets', 'mr', '--methods', method),
    ).rejects.toThrow(reason);
  for (const shares of ['2', '-0.5', 'half', '0.5,0.5', ''])
    await expect(study(join(copy.folder, 'no-flips'), 'flips', '--shares', shares)).rejects.toThrow(
      '--shares',
    );
});
