import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { type CommandResult, iclGd, readCsv } from './golden.ts';

const NOT_FINITE = /\b(nan|inf|infinity)\b/i;

function expectFiniteTables(out: string): void {
  const tables = readdirSync(out).filter((file) => file.endsWith('.csv'));
  expect(tables).toContain('layerwise.csv');
  for (const table of tables) expect(readFileSync(join(out, table), 'utf8'), table).not.toMatch(NOT_FINITE);
}

/** 1e6 leaves finite losses and weights of 1e5 times their size; 1e300 is infinite in float32. */
describe.each(['1e6', '1e300'])('learning rate %s', (rate) => {
  let copy: FixtureCopy;
  let result: CommandResult;
  beforeAll(async () => {
    copy = new FixtureCopy('own-text-gpt2');
    result = await iclGd(copy.arguments('--learning-rate', rate));
    return () => copy[Symbol.dispose]();
  });

  it('marks both cells diverged and exits with 1', () => {
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/icl-gd: some cells diverged/);
    const cells = readCsv(join(copy.out, 'cells.csv'));
    expect(cells.map(({ method, status }) => [method, status])).toEqual([
      ['GD', 'diverged'],
      ['LCGD', 'diverged'],
    ]);
    for (const { message } of cells) expect(message).toContain(`learning rate ${Number(rate)} diverged`);
  });

  it('puts no number into a table that is not finite', () => expectFiniteTables(copy.out));

  it('keeps what needs no training', () => {
    const settings = readCsv(join(copy.out, 'predictions.csv')).map(({ setting }) => setting);
    expect(new Set(settings)).toEqual(new Set(['ZSL', 'ICL']));
    const metrics = readCsv(join(copy.out, 'layerwise.csv')).map(({ metric }) => metric);
    expect(new Set(metrics)).toEqual(new Set(['simaou_random', 'simam_zsl']));
    expect(readCsv(join(copy.out, 'training.csv'))).toEqual([]);
  });
});

it('finishes the other cells when one overflows', async () => {
  using copy = new FixtureCopy('own-text-gpt2');
  // Keys so large that attention scores leave float32; the re-initialised variant does not have them.
  copy.editWeights((header, data) => {
    const [start, end] = header['transformer.h.0.attn.c_attn.weight']!.data_offsets;
    for (let at = start; at < end; at += 4) data.writeFloatLE(data.readFloatLE(at) * 1e30, at);
  });
  const result = await iclGd(copy.arguments('--variants', 'trained,untrained', '--seeds', '5,6'));
  expect(result.code).toBe(1);
  expectFiniteTables(copy.out);
  const cells = readCsv(join(copy.out, 'cells.csv'));
  expect(cells).toHaveLength(8);
  for (const { variant, status } of cells)
    expect(status).toBe(variant === 'trained' ? 'diverged' : 'finished');
  const accuracies = readCsv(join(copy.out, 'summary.csv')).filter(({ metric }) => metric === 'accuracy_ft');
  expect(accuracies.map(({ variant, seed, method }) => `${variant} ${seed} ${method}`)).toEqual([
    'untrained 5 GD',
    'untrained 5 LCGD',
    'untrained 6 GD',
    'untrained 6 LCGD',
  ]);
});

it('exits with 1 where any pass of a preset has cells that diverged, not the last one alone', async () => {
  using copy = new FixtureCopy('own-text-gpt2');
  const preset = join(copy.folder, 'mine.yaml');
  writeFileSync(
    preset,
    'title: mine\noptions: { datasets: mr, examples: 1, shots: 1, seeds: 5, methods: gd, controls: none, learning-rate: 1e6 }\npasses: [{ name: low, options: { learning-rate: 0.01 } }]\n',
  );
  const places = ['--model', copy.model, '--data', copy.data, '--out', copy.out];
  const adapter = ['--adapter', process.env['ICL_GD_ADAPTER'] ?? 'auto'];
  const { code, stderr } = await iclGd(['run', '--preset', preset, ...places, ...adapter]);
  expect(code, stderr).toBe(1);
  expect(readCsv(join(copy.out, 'cells.csv')).map(({ status }) => status)).toEqual(['diverged']);
  expect(readCsv(join(copy.out, 'low', 'cells.csv')).map(({ status }) => status)).toEqual(['finished']);
});
