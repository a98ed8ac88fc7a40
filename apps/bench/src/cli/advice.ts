import type { UserError } from '@icl-gd/gpu-kernels/errors';
import type { Command } from 'commander';

/** The part of the command that was run which advice depends on. */
export interface Invocation {
  /** Long names of all options that the command has, as `--shots`. */
  readonly flags: ReadonlySet<string>;
  /** Values of the options that were typed, by camel-case name. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** @param command undefined if the error came before a command was run */
export function invocationOf(command: Command | undefined): Invocation {
  const flags = command?.options.flatMap(({ long }) => long ?? []);
  return { flags: new Set(flags), values: command?.opts() ?? {} };
}

/** The error's message and what can be done about it, in words of the command's options. */
export function explain(error: UserError, invocation: Invocation): string {
  const advice = adviceFor(error.code, invocation);
  return advice === undefined ? error.message : `${error.message.replace(/\.$/, '')}: ${advice}`;
}

function adviceFor(code: UserError['code'], { flags, values }: Invocation): string | undefined {
  const having = (flag: string, advice: string): string[] => (flags.has(flag) ? [advice] : []);
  const halve = values['dtype'] === 'float16-storage' ? [] : having('--dtype', 'use --dtype float16-storage');
  const less = flags.has('--token-budget')
    ? ['lower --token-budget or --shots']
    : having('--text', 'shorten the text');
  const smaller = having('--model', 'take a smaller model');
  const elsewhere = having('--adapter', 'take another --adapter');
  switch (code) {
    case 'no-adapter':
      // The message says what an adapter may be called.
      return either(having('--adapter', 'give another --adapter (`icl-gd devices` lists them)'));
    case 'unfit-device':
      return either([...elsewhere, ...(values['matmul'] === 'matrix' ? ['leave out --matmul matrix'] : [])]);
    case 'out-of-memory':
    case 'memory-budget':
      return either([...halve, ...less, ...smaller]);
    case 'device-full':
      return either(['end what else uses the device', ...elsewhere]);
    case 'buffer-limit':
      return either([...halve, ...smaller, ...elsewhere]);
    case 'binding-limit':
      return either([...less, ...having('--shots', 'use shorter demonstrations'), ...elsewhere]);
    case 'float16-range':
    case 'float16-training':
      return either(having('--dtype', 'use --dtype float32'));
    case 'storage':
      return storageAdvice(values);
    default:
      return undefined;
  }
}

function storageAdvice({ checkOnly, dryRun, fresh }: Invocation['values']): string {
  const again = 'mend that, then give the same command again';
  if (checkOnly || dryRun) return again;
  return `what was finished is kept; ${again}${fresh ? ' without --fresh' : ''}`;
}

function either(ways: readonly string[]): string | undefined {
  if (ways.length < 2) return ways[0];
  return `${ways.slice(0, -1).join(', ')}, or ${ways.at(-1)}`;
}
