import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { iclGd, readCsv, readJson } from './golden.ts';

const OPTIONS = ['--examples', '3', '--shots', '3'];

it('a check says what would be computed and allocated, and writes nothing', async () => {
  using copy = new FixtureCopy('own-text-gpt2');
  const { code, stdout } = await iclGd(copy.arguments(...OPTIONS, '--seeds', '5,9', '--check-only'));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^model: .*, gpt2, \d+ parameters$/m);
  expect(stdout.match(/^to do: trained mr seed [59] permutation 0, 3 shots, GD and LCGD$/gm)).toHaveLength(2);
  expect(stdout).toMatch(
    /^memory plan: \d+\.\d\d MiB on the device in float32 \(weights .*, training .*\)$/m,
  );
  expect(existsSync(copy.out)).toBe(false);
});

it('a check of a preset that makes its own model and data writes nothing either', async () => {
  using copy = new FixtureCopy('own-text-gpt2');
  const { code, stdout } = await iclGd(['run', '--preset', 'smoke', '--check-only', '--out', copy.out]);
  expect(code).toBe(0);
  expect(stdout).toContain('to do: untrained syn-cb');
  expect(existsSync(copy.out)).toBe(false);
});

it('float16 storage gives nearly the same tables, shares no record with float32 and is named in the manifest', async () => {
  using copy = new FixtureCopy('own-text-gpt2');
  const run = async (...options: string[]): Promise<number[]> => {
    const { code, stderr } = await iclGd(copy.arguments(...OPTIONS, ...options));
    expect(code, stderr).toBe(0);
    return readCsv(join(copy.out, 'predictions.csv')).map((row) => Number(row['option_0_logprob']));
  };
  const full = await run('--memory-budget', '0.1');
  const halved = await run('--dtype', 'float16-storage', '--memory-budget', '0.1');
  const differences = halved.map((value, i) => Math.abs(value - (full[i] ?? NaN)));
  expect(Math.max(...differences)).toBeLessThan(0.02);
  expect(Math.max(...differences)).toBeGreaterThan(0);
  // ZSL, ICL, GD, LCGD and their pair, of each storage.
  const records = readdirSync(join(copy.out, 'records')).filter((name) => name.endsWith('.json'));
  expect(records).toHaveLength(2 * 5);
  expect(readJson(join(copy.out, 'manifest.json'))).toMatchObject({ settings: { dtype: 'float16-storage' } });
  expect(readFileSync(join(copy.out, 'summary.csv'), 'utf8')).not.toMatch(/nan|inf/i);
});

it('inspect reads a model in float16 storage, within a budget', async () => {
  using copy = new FixtureCopy('own-text-gpt2');
  const inspect = (...options: string[]): ReturnType<typeof iclGd> =>
    iclGd(['inspect', '--model', copy.model, '--tokens', '5,17,300,42', '--json', ...options]);
  const nll = async (...options: string[]): Promise<number[]> => {
    const { code, stdout, stderr } = await inspect(...options);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^memory plan: .* MiB on the device in float(32|16-storage) \(weights .*\)$/m);
    return (JSON.parse(stdout) as { nll: number[] }).nll;
  };
  const [full, halved] = [await nll(), await nll('--dtype', 'float16-storage', '--memory-budget', '1')];
  const differences = halved.map((value, i) => Math.abs(value - (full[i] ?? NaN)));
  expect(Math.max(...differences)).toBeLessThan(0.02);
  expect(Math.max(...differences)).toBeGreaterThan(0);
  const { code, stderr } = await inspect('--memory-budget', '1e-5');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^icl-gd: this needs .* on the device, more than --memory-budget /m);
});
