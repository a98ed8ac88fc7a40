import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FixtureCopy, complaint } from './damage.ts';
import { iclGd, spawnIclGd } from './golden.ts';
import { type Fault, expectRefusal, remove } from './refusal.ts';

const LONG = `${'the evening concert '.repeat(200)}.`;
const longTexts = (text: string): string => text.replaceAll(/"text": "[^"]*"/g, `"text": "${LONG}"`);
/** Replaces the line of a JSONL file with that number, counted from 1. */
const withLine = (number: number, line: string) => (text: string) =>
  text
    .split('\n')
    .with(number - 1, line)
    .join('\n');
const given = (...options: string[]) => ({ options: () => options });

const DATA_FAULTS: Fault[] = [
  {
    fault: 'no data folder',
    names: /nowhere.*mr.*train\.jsonl/,
    options: (copy) => ['--data', join(copy.folder, 'nowhere')],
  },
  {
    fault: 'split missing',
    names: /validation\.jsonl does not exist/,
    damage: (copy) => remove(copy, 'data/mr/validation.jsonl'),
  },
  {
    fault: 'split empty',
    names: /train\.jsonl is empty/,
    damage: (copy) => copy.edit('data/mr/train.jsonl', () => ''),
  },
  {
    fault: 'line that is no JSON',
    names: /train\.jsonl, line 3 .*JSON/,
    damage: (copy) => copy.edit('data/mr/train.jsonl', withLine(3, '{"text": ')),
  },
  {
    fault: 'line without its field',
    names: /train\.jsonl, line 2.*'text'/,
    damage: (copy) => copy.edit('data/mr/train.jsonl', withLine(2, '{"label": 1}')),
  },
  {
    fault: 'line without label',
    names: /validation\.jsonl, line 2.*'label'/,
    damage: (copy) => copy.edit('data/mr/validation.jsonl', withLine(2, '{"text": "x"}')),
  },
  {
    fault: 'label out of range',
    names: /validation\.jsonl, line 4.*0 to 1/,
    damage: (copy) => copy.edit('data/mr/validation.jsonl', withLine(4, '{"text": "x", "label": 2}')),
  },
  {
    fault: 'demonstrations past the context',
    names: /mr: .*256/,
    damage: (copy) => copy.edit('data/mr/train.jsonl', longTexts),
  },
  {
    fault: 'example past the context',
    names: /mr: .*256/,
    damage: (copy) => copy.edit('data/mr/validation.jsonl', longTexts),
  },
];

const OPTION_FAULTS: Fault[] = [
  { fault: 'unknown dataset', names: /--datasets.*"mrr".*mr/, ...given('--datasets', 'mrr') },
  { fault: 'dataset that is not there', names: /sst2.*train\.jsonl/, ...given('--datasets', 'mr,sst2') },
  { fault: 'dataset named twice', names: /--datasets.*mr.*twice/, ...given('--datasets', 'mr,mr') },
  { fault: 'unknown method', names: /--methods.*"adam".*LCGD/, ...given('--methods', 'gd,adam') },
  { fault: 'unknown variant', names: /--variants.*"fresh".*untrained/, ...given('--variants', 'fresh') },
  { fault: 'unknown probe', names: /--probe.*"middle".*label/, ...given('--probe', 'middle') },
  { fault: 'unknown preset', names: /--preset.*"none".*embedded/, ...given('--preset', 'none') },
  { fault: 'unknown option', names: /--warmup/, ...given('--warmup', '3') },
  { fault: 'option without value', names: /--shots/, ...given('--shots') },
  { fault: 'stray argument', names: /too many arguments/, ...given('stray') },
  { fault: 'no shots', names: /--shots 0/, ...given('--shots', '0') },
  { fault: 'half a shot', names: /--shots 1\.5/, ...given('--shots', '1.5') },
  { fault: 'negative learning rate', names: /--learning-rate -0\.1/, ...given('--learning-rate', '-0.1') },
  { fault: 'learning rate of words', names: /--learning-rate fast/, ...given('--learning-rate', 'fast') },
  { fault: 'infinite learning rate', names: /--learning-rate 1e999/, ...given('--learning-rate', '1e999') },
  { fault: 'negative seed', names: /--seeds -5/, ...given('--seeds', '-5') },
  { fault: 'permutation that was never drawn', names: /--permutation 5/, ...given('--permutation', '5') },
  { fault: 'no examples', names: /--examples 0/, ...given('--examples', '0') },
  { fault: 'no token budget', names: /--token-budget 0/, ...given('--token-budget', '0') },
  { fault: 'dtype that is none', names: /--dtype.*float16-storage/, ...given('--dtype', 'float16') },
  { fault: 'memory budget of words', names: /--memory-budget 8GB/, ...given('--memory-budget', '8GB') },
  {
    fault: 'memory budget that is too small',
    names: /needs .* MiB on the device, more than --memory-budget 0\.0001 \(weights .*\)/,
    ...given('--memory-budget', '0.0001'),
  },
  { fault: 'no usable adapter', names: /no usable adapter for "nosuch"/, ...given('--adapter', 'nosuch') },
  {
    fault: 'out below a file',
    names: /--out .*config\.json/,
    options: (copy) => ['--out', join(copy.model, 'config.json', 'out')],
  },
];

const COMMAND_FAULTS: Fault[] = [
  { fault: 'no out', names: /--out/, command: (copy) => ['run', '--model', copy.model, '--data', copy.data] },
  { fault: 'no model', names: /--model/, command: (copy) => ['run', '--data', copy.data, '--out', copy.out] },
  { fault: 'no data', names: /--data/, command: (copy) => ['run', '--model', copy.model, '--out', copy.out] },
  { fault: 'unknown command', names: /frobnicate/, command: () => ['frobnicate'] },
  { fault: 'unknown list', names: /ls.*"weights".*presets/, command: () => ['ls', 'weights'] },
  {
    fault: 'tables from no run',
    names: /summary\.csv does not exist.*--from/,
    command: (copy) => ['tables', '--from', copy.folder],
  },
  {
    fault: 'validate from nowhere',
    names: /nowhere.*--from/,
    command: (copy) => ['validate', '--from', join(copy.folder, 'nowhere')],
  },
];

const PROC: Fault[] =
  process.platform === 'linux'
    ? [{ fault: 'out below /proc', names: /--out \/proc\/x/, ...given('--out', '/proc/x/out') }]
    : [];

it.each([...DATA_FAULTS, ...OPTION_FAULTS, ...COMMAND_FAULTS, ...PROC])('refuses: $fault', (fault) =>
  expectRefusal(fault),
);

/** One of each kind: what is wrong with options, arguments, data, the model and the machine. */
const ALONE = [
  'unknown option',
  'unknown dataset',
  'option without value',
  'split missing',
  'line that is no JSON',
  'example past the context',
  'memory budget that is too small',
  'no usable adapter',
  'unknown command',
];

it.each(ALONE)('refuses in a process of its own as it does within this one: %s', async (name) => {
  using copy = new FixtureCopy('own-text-gpt2');
  const fault = [...DATA_FAULTS, ...OPTION_FAULTS, ...COMMAND_FAULTS].find((each) => each.fault === name)!;
  fault.damage?.(copy);
  const args = fault.command?.(copy) ?? copy.arguments(...(fault.options?.(copy) ?? []));
  const [alone, within] = await Promise.all([spawnIclGd(args), iclGd(args)]);
  expect(alone.code).toBe(2);
  expect([alone.stdout, complaint(alone)]).toEqual([within.stdout, complaint(within)]);
});

it('runs the fixture that the faults are made from', async () => {
  using copy = new FixtureCopy('own-text-gpt2');
  const result = await spawnIclGd(copy.arguments('--examples', '1', '--shots', '1'));
  expect(result.code, result.stderr).toBe(0);
  expect(existsSync(join(copy.out, 'summary.csv'))).toBe(true);
});
