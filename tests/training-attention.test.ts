import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expectClose, tolerances } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRun } from '../apps/bench/src/results/read-run.ts';
import { FixtureCopy } from './damage.ts';
import { type Row, iclGd, readCsv, readJson } from './golden.ts';

const FILE = 'training_attention.csv';
const SCORES = ['kendall_tau', 'kendall_tau_random', 'top_k_recall', 'top_k_recall_random'] as const;
type Level = Record<(typeof SCORES)[number], number>[];
type Golden = Record<
  string,
  {
    readonly items: Record<string, number>;
    readonly methods: Record<string, Record<string, Level>>;
  }
>;
const GOLDEN = readJson(join(import.meta.dirname, 'fixtures', 'training-attention', 'golden.json')) as Golden;

async function run(copy: FixtureCopy, ...more: string[]): Promise<string> {
  const { code, stderr } = await iclGd(copy.arguments(...more));
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return stderr;
}

describe.each(Object.keys(GOLDEN))('training attention of %s', (name) => {
  const copy = new FixtureCopy(name);
  const tables = (): [string, string][] =>
    readdirSync(copy.out)
      .filter((file) => file.endsWith('.csv'))
      .map((file) => [file, readFileSync(join(copy.out, file), 'utf8')]);
  let plain: [string, string][];
  let rows: Row[];
  let said: string;
  beforeAll(async () => {
    await run(copy);
    plain = tables();
    said = await run(copy, '--training-attention');
    rows = readCsv(join(copy.out, FILE));
  });
  afterAll(() => copy[Symbol.dispose]());

  it('is that of an independent float64 implementation, with the same chance beside it', () => {
    const { items, methods } = GOLDEN[name]!;
    for (const [method, levels] of Object.entries(methods))
      for (const [level, layers] of Object.entries(levels)) {
        const own = rows.filter((row) => row['method'] === method && row['level'] === level);
        expect(own.map(({ items: count }) => Number(count))).toEqual(layers.map(() => items[level]));
        for (const score of SCORES)
          expectClose(
            own.map((row) => Number(row[score])),
            layers.map((layer) => layer[score]),
            tolerances['run-rank'].f32,
          );
      }
    expect(rows).toHaveLength(
      Object.values(methods)
        .flatMap((levels) => Object.values(levels))
        .flat().length,
    );
  });

  it('takes the settings from records, leaves the other tables as they are, and is itself on record then', async () => {
    expect(said).toMatch(/2 computed \(1 training-attention-GD, 1 training-attention-LCGD\)/);
    expect(said).toMatch(/memory plan: .*training attention/);
    const all = tables();
    expect(all.filter(([file]) => file !== FILE)).toEqual(plain);
    expect(await run(copy, '--training-attention')).toMatch(/0 computed/);
    expect(tables()).toEqual(all);
    expect((await readRun(copy.out)).trainingAttention).toHaveLength(4);
    await run(copy);
    expect(existsSync(join(copy.out, FILE))).toBe(false);
    expect(tables()).toEqual(plain);
  });

  it('of the first layer does not depend on the order of training: demonstrations are matched', async () => {
    await run(
      copy,
      '--training-attention',
      '--fine-tuning-order',
      'released',
      '--methods',
      'gd',
      '--permutation',
      '1',
    );
    const released = readCsv(join(copy.out, FILE));
    await run(copy, '--training-attention', '--methods', 'gd', '--permutation', '1');
    const scores = (own: readonly Row[]): unknown[] =>
      own
        .filter(({ layer, permutation }) => layer === '0' && permutation === '1')
        .map((row) => SCORES.map((score) => row[score]));
    const inContext = readCsv(join(copy.out, FILE));
    expect(scores(released)).toHaveLength(2);
    expect(scores(released)).toEqual(scores(inContext));
    expect(released).not.toEqual(inContext);
  });
});

describe('learners without a step a demonstration', () => {
  const copy = new FixtureCopy('own-text-gpt2');
  const noise = join(import.meta.dirname, '..', 'examples', 'learners', 'gaussian-noise.ts');
  const own = ['--training-attention', '--examples', '2', '--learner-file', noise, '--methods'];
  afterAll(() => copy[Symbol.dispose]());

  it('are left out with a word, beside others', async () => {
    expect(await run(copy, ...own, 'noise,gd')).toContain(
      'training attention is not measured of Noise: it does not take one step a demonstration',
    );
    expect(new Set(readCsv(join(copy.out, FILE)).map(({ method }) => method))).toEqual(new Set(['GD']));
  });

  it('are refused where there are no others', async () => {
    const { code, stderr } = await iclGd(copy.arguments(...own, 'noise'));
    expect(code).toBe(2);
    expect(stderr).toContain(
      '--training-attention compares ICL with learners that take one step a demonstration, such as GD and LCGD: none of --methods does (Noise)',
    );
  });
});
