import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { type CommandResult, iclGd, readCsv, readJson } from './golden.ts';

const copy = new FixtureCopy('own-text-gpt2');
afterAll(() => copy[Symbol.dispose]());

type Rows = ReturnType<typeof readCsv>;

async function run(name: string, ...more: string[]): Promise<CommandResult> {
  const short = ['--seeds', '5,6', '--examples', '6', '--methods', 'gd'];
  const result = await iclGd(copy.arguments(...short, '--out', join(copy.folder, name), ...more));
  if (result.code !== 0) throw new Error(`exit code ${result.code}: ${result.stderr}`);
  return result;
}

const rowsOf = (name: string, file: string, variant: string): Rows =>
  readCsv(join(copy.folder, name, file)).filter((row) => row['variant'] === variant);

let both: CommandResult;
beforeAll(async () => {
  both = await run('both', '--variants', 'untrained,trained');
});

it('gives the second variant the numbers of a run of its own', async () => {
  await run('alone', '--variants', 'trained');
  for (const file of ['layerwise.csv', 'predictions.csv', 'training.csv']) {
    expect(rowsOf('both', file, 'trained'), file).toEqual(rowsOf('alone', file, 'trained'));
    const strip = (row: Rows[number]) => ({ ...row, variant: '' });
    expect(rowsOf('both', file, 'untrained').map(strip)).not.toEqual(
      rowsOf('both', file, 'trained').map(strip),
    );
  }
});

it('draws the weights of other variants from the seed of each trial, or all from --init-seed', async () => {
  await run('five', '--variants', 'untrained', '--init-seed', '5');
  const zeroShot = (name: string, seed: string): Rows =>
    rowsOf(name, 'predictions.csv', 'untrained').filter(
      (row) => row['seed'] === seed && row['setting'] === 'ZSL',
    );
  const logProbs = (rows: Rows): unknown[] => rows.map((row) => row['option_0_logprob']);
  expect(logProbs(zeroShot('both', '5'))).toEqual(logProbs(zeroShot('five', '5')));
  expect(logProbs(zeroShot('both', '6'))).not.toEqual(logProbs(zeroShot('both', '5')));
  expect(logProbs(zeroShot('five', '6'))).toEqual(logProbs(zeroShot('five', '5')));
});

it('draws the weights of other variants with --init-seed', async () => {
  await run('other', '--variants', 'untrained', '--init-seed', '1');
  for (const file of ['layerwise.csv', 'predictions.csv'])
    expect(rowsOf('other', file, 'untrained'), file).not.toEqual(rowsOf('both', file, 'untrained'));
});

it('says the accuracies of every trial in per cent as it goes on', () => {
  for (const variant of ['untrained', 'trained'])
    for (const seed of ['5', '6']) {
      const summary = rowsOf('both', 'summary.csv', variant).filter((row) => row['seed'] === seed);
      const percent = (metric: string): string =>
        `${(100 * Number(summary.find((row) => row['metric'] === metric)?.['value'])).toFixed(0)} %`;
      const score = Number(summary.find(({ metric }) => metric === 'simaou')?.['value']).toFixed(3);
      expect(both.stderr).toContain(
        `${variant} mr seed ${seed}: ZSL ${percent('accuracy_zsl')}, ICL ${percent('accuracy_icl')}; GD SimAOU ${score}, accuracy ${percent('accuracy_ft')}`,
      );
    }
  // Otherwise the lines could have one for another.
  const shares = ['accuracy_zsl', 'accuracy_icl', 'accuracy_ft'].map((metric) =>
    JSON.stringify(
      rowsOf('both', 'summary.csv', 'trained')
        .filter((row) => row['metric'] === metric)
        .map((row) => row['value']),
    ),
  );
  expect(new Set(shares).size).toBe(3);
});

it('says of a dataset how many rows it has, and how long the prompts are that were evaluated', () => {
  const { query_lengths: lengths } = readJson(join(copy.golden, 'demonstrations.json')) as {
    query_lengths: number[];
  };
  const evaluated = lengths.slice(0, 6);
  const mean = evaluated.reduce((sum, length) => sum + length, 0) / evaluated.length;
  expect(readCsv(join(copy.folder, 'both', 'table3.csv'))).toEqual([
    { dataset: 'mr', train: '40', validation: '24', average_tokens: `${mean}` },
  ]);
});
