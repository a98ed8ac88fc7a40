import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { iclGd, readCsv } from './golden.ts';

const CHANCE = (1 / 2 + 1 / 5 + 1 / 2 + 1 / 2 + 1 / 4 + 1 / 3) / 6;
const SEED = ['--preset', 'embedded-full', '--seeds', '0'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'icl-gd-embedded-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function study(name: string, args: string[]): Promise<Record<string, string>[]> {
  const out = join(folder, name);
  const { code, stderr } = await iclGd([name, '--out', out, ...args]);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return readCsv(join(out, `${name}.csv`));
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

describe('the embedded model on tasks that it has not been trained on', () => {
  let rows: Record<string, string>[];
  beforeAll(async () => {
    rows = await study('shots', [
      ...SEED,
      ...['--shots', '0,2,16', '--labels', 'gold,wrong', '--variants', 'trained,untrained'],
    ]);
  });

  function accuracy(variant: string, labels: string, shots: number): number {
    const own = rows.filter(
      (row) => row['variant'] === variant && row['labels'] === labels && Number(row['shots']) === shots,
    );
    expect(own).toHaveLength(6);
    return mean(own.map((row) => Number(row['accuracy'])));
  }

  it('guesses without demonstrations', () => {
    expect(Math.abs(accuracy('trained', 'gold', 0) - CHANCE)).toBeLessThan(0.1);
  });

  it('learns in context: 25 points above zero-shot and more', () => {
    expect(accuracy('trained', 'gold', 16) - accuracy('trained', 'gold', 0)).toBeGreaterThan(0.25);
    expect(accuracy('trained', 'gold', 16)).toBeGreaterThan(accuracy('trained', 'gold', 2));
  });

  it('reads the labels of the demonstrations', () => {
    expect(accuracy('trained', 'wrong', 16)).toBeLessThan(accuracy('trained', 'gold', 16) - 0.25);
  });

  it('cannot do it untrained', () => {
    expect(Math.abs(accuracy('untrained', 'gold', 16) - CHANCE)).toBeLessThan(0.05);
  });
});

describe('a sweep over learning rates', () => {
  it('shows what fine-tuning gains, and where it diverges', async () => {
    const rows = await study('sweep', [
      ...SEED,
      ...[
        '--datasets',
        'syn-agnews',
        '--methods',
        'gd',
        '--learning-rates',
        '0.00001,0.1,1e9',
        '--examples',
        '60',
      ],
    ]);
    expect(rows).toHaveLength(3);
    const gains = (rate: string): number[] =>
      rows
        .filter((row) => row['learning_rate'] === rate)
        .map((row) => Number(row['accuracy_ft']) - Number(row['accuracy_zsl']));
    expect(mean(gains('0.1'))).toBeGreaterThan(0.1);
    expect(Math.abs(mean(gains('0.00001')))).toBeLessThan(0.05);
    const last = rows.filter((row) => row['learning_rate'] === '1000000000');
    expect(last.map((row) => [row['status'], row['accuracy_ft']])).toEqual([['diverged', '']]);
  });
});

describe('the default run', () => {
  it("ends with the numbers that the paper's claims are about, and neither a figure of the paper nor a verdict", async () => {
    const out = join(folder, 'run');
    const small = [
      ...['--datasets', 'syn-sst2', '--examples', '6', '--variants', 'trained', '--seeds', '0,1'],
      ...['--rate', 'published', '--development', '0'],
    ];
    const { code, stdout } = await iclGd(['run', '--preset', 'embedded', '--out', out, ...small]);
    expect(code).toBe(0);
    expect(stdout).toContain("no claim of the paper is judged: the model is not the paper's");
    expect(stdout).not.toMatch(/HOLDS|DOES NOT|CANNOT BE SAID|\(0\.\d\d\)/);
    const claims = stdout.split('\n').filter((line) => line.startsWith('* '));
    expect(claims.length).toBeGreaterThanOrEqual(6);
    for (const claim of claims)
      expect(claim).toMatch(/: syn-sst2 (GD )?[+-]\d\.\d{3} \[-?\d\.\d{3}, -?\d\.\d{3}\]/);

    const validated = await iclGd(['validate', '--from', out]);
    expect(validated.code).toBe(0);
    const written = ['summary.md', 'summary.html', 'validation_claims.csv', 'table1.csv', 'table2.csv'].map(
      (file) => readFileSync(join(out, file), 'utf8'),
    );
    for (const text of [validated.stdout, ...written]) {
      // Of likeness the page says what can be said; of the paper's claims nothing.
      expect(text).not.toMatch(/[✓✗∅]|does not hold|Claims of the paper|, published/);
      expect(text).not.toMatch(/(?<!syn-)\b(sst2|sst5|mr|subj|agnews|cb)\b/);
    }
  });
});
