import { UserError, type UserErrorCode } from '@icl-gd/gpu-kernels/errors';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { explain, invocationOf } from './advice.ts';
import { createProgram } from './program.ts';

/** What is printed where a command fails with such an error. */
function explained(code: UserErrorCode | undefined, name: string, values: Record<string, unknown> = {}) {
  const command = createProgram(() => {}).commands.find((own) => own.name() === name) as Command;
  return explain(new UserError('it failed', code), { ...invocationOf(command), values });
}

test.each<[UserErrorCode, string, string]>([
  ['no-adapter', 'run', 'give another --adapter (`icl-gd devices` lists them)'],
  ['unfit-device', 'run', 'take another --adapter'],
  [
    'out-of-memory',
    'run',
    'use --dtype float16-storage, lower --token-budget or --shots, or take a smaller model',
  ],
  [
    'memory-budget',
    'run',
    'use --dtype float16-storage, lower --token-budget or --shots, or take a smaller model',
  ],
  ['memory-budget', 'inspect', 'use --dtype float16-storage, shorten the text, or take a smaller model'],
  ['out-of-memory', 'shots', 'lower --token-budget or --shots, or take a smaller model'],
  ['buffer-limit', 'inspect', 'use --dtype float16-storage, take a smaller model, or take another --adapter'],
  [
    'binding-limit',
    'run',
    'lower --token-budget or --shots, use shorter demonstrations, or take another --adapter',
  ],
  ['binding-limit', 'inspect', 'shorten the text, or take another --adapter'],
  ['device-full', 'run', 'end what else uses the device, or take another --adapter'],
  ['buffer-limit', 'pretrain', 'take another --adapter'],
  ['float16-range', 'run', 'use --dtype float32'],
  ['float16-training', 'run', 'use --dtype float32'],
])('%s in %s', (code, name, advice) => {
  expect(explained(code, name)).toBe(`it failed: ${advice}`);
});

test('what was typed already is no advice', () => {
  expect(explained('memory-budget', 'run', { dtype: 'float16-storage' })).toBe(
    'it failed: lower --token-budget or --shots, or take a smaller model',
  );
});

test('what was asked for and a device lacks can be left out', () => {
  expect(explained('unfit-device', 'run', { matmul: 'matrix' })).toBe(
    'it failed: take another --adapter, or leave out --matmul matrix',
  );
});

test('where a disk is full, the same command goes on, but not with --fresh', () => {
  const advice = 'it failed: what was finished is kept; mend that, then give the same command again';
  expect(explained('storage', 'run')).toBe(advice);
  expect(explained('storage', 'run', { fresh: true })).toBe(`${advice} without --fresh`);
  expect(explained('storage', 'run', { checkOnly: true })).toBe(
    'it failed: mend that, then give the same command again',
  );
});

test('no advice names an option that the command does not have', () => {
  const codes: readonly UserErrorCode[] = [
    'no-adapter',
    'unfit-device',
    'out-of-memory',
    'device-full',
    'memory-budget',
    'buffer-limit',
    'binding-limit',
    'float16-range',
    'float16-training',
  ];
  for (const command of createProgram(() => {}).commands) {
    const invocation = invocationOf(command);
    for (const code of codes) {
      const named = explain(new UserError('', code), invocation).match(/--[a-z-]+/g) ?? [];
      for (const flag of named) expect(invocation.flags, `${command.name()}, ${code}`).toContain(flag);
    }
  }
});

test('an error without a code is printed as it is, and so is any before a command is known', () => {
  expect(explained(undefined, 'run')).toBe('it failed');
  expect(explain(new UserError('Gone.', 'out-of-memory'), invocationOf(undefined))).toBe('Gone.');
});

test('the values of a command are those that were typed', async () => {
  const command = new Command('c').option('--adapter <name>').option('--memory-budget <GiB>');
  command.parse(['--adapter', 'x'], { from: 'user' });
  expect(invocationOf(command)).toEqual({
    flags: new Set(['--adapter', '--memory-budget']),
    values: { adapter: 'x' },
  });
});
