import { join } from 'node:path';
import type { Pcg64 } from '@icl-gd/transformer';
import { createProgram } from '../../../apps/bench/src/cli/program.ts';
import { fixtures, iclGd } from '../../golden.ts';
import { mutateWord } from '../mutate.ts';
import { requirePrintable } from '../printable.ts';
import type { Reader } from '../reader.ts';

const RIGHT: Readonly<Record<string, readonly string[]>> = {
  ...{
    datasets: ['mr', 'sst2,mr', 'agnews'],
    methods: ['gd', 'gd,lcgd', 'lcgd'],
    variants: ['trained', 'untrained'],
  },
  ...{
    shots: ['2', '0', '32', '4,8'],
    seeds: ['0', '0,1,2', '42'],
    permutation: ['0', '4'],
    examples: ['2', '2000'],
  },
  ...{
    probe: ['label', 'label,prompt'],
    adapter: ['auto', 'software'],
    dtype: ['float32', 'float16-storage'],
  },
  ...{
    preset: ['smoke', 'tiny', 'paper'],
    tokens: ['1,2,3', '0'],
    text: ['a text'],
    labels: ['gold', 'gold,wrong'],
  },
  ...{
    model: ['own/model', '/nowhere'],
    data: ['hub', '/nowhere'],
    'task-file': ['/nowhere.yaml', 'package.json'],
  },
  ...{ 'learning-rate': ['0.01', '1e-3'], 'learning-rates': ['0.1,0.01'], 'token-budget': ['64', '2048'] },
};
/** What makes a command end before it computes for long, whatever its options are. */
const BRIEF: Readonly<Record<string, readonly string[]>> = {
  run: ['--check-only'],
  shots: ['--model', '/nowhere'],
  sweep: ['--model', '/nowhere'],
  pretrain: ['--stop-after', '-1'],
};

/** Every option of every command with words that do not fit it. Exit code 0 or 2, and one line that can be printed. */
export const commandLine: Reader = {
  name: 'command line',
  share: 0.5,
  async prepare(folder) {
    const own = fixtures().find(({ name }) => name === 'own-text-gpt2')!;
    process.env['HF_HUB_OFFLINE'] = '1';
    process.env['HF_HUB_CACHE'] = join(folder, 'cache');
    return async (random) => {
      const args = argumentsOf(random, own, join(folder, 'out'));
      const { code, stdout, stderr } = await iclGd(args);
      if (code !== 0 && code !== 2)
        throw new Error(`exit code ${code} of ${JSON.stringify(args)}: ${stderr}`);
      requirePrintable(stdout, Number.POSITIVE_INFINITY);
      requirePrintable(stderr);
    };
  },
};

function argumentsOf(random: Pcg64, own: { model: string; data: string }, out: string): string[] {
  const commands = createProgram(() => {}).commands;
  const command = commands[random.integers(0, commands.length)]!;
  const name = random.integers(0, 40) === 0 ? mutateWord(random, [command.name()]) : command.name();
  const args: string[] = [];
  const flags = new Set(command.options.map(({ long }) => long));
  if (flags.has('--model')) args.push('--model', own.model);
  if (flags.has('--data')) args.push('--data', own.data, '--datasets', 'mr');
  if (flags.has('--from')) args.push('--from', out);
  for (let left = 1 + random.integers(0, 3); left > 0 && command.options.length > 0; left--) {
    const option = command.options[random.integers(0, command.options.length)]!;
    const flag = option.long!;
    if (flag === '--out' || flag === '--fresh') continue;
    args.push(random.integers(0, 20) === 0 ? mutateWord(random, [flag]) : flag);
    if (option.required) args.push(mutateWord(random, RIGHT[flag.slice(2)] ?? ['1']));
  }
  if (flags.has('--out')) args.push('--out', out);
  return [name, ...args, ...(BRIEF[command.name()] ?? [])];
}
