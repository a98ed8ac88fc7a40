import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { fromWhereTyped } from './place-typed.ts';

test('a path stays as typed where the command runs where it was typed', () => {
  expect(fromWhereTyped('results/x', { typedIn: undefined, workingDirectory: '/repository' })).toBe(
    'results/x',
  );
  expect(fromWhereTyped('results/x', { typedIn: '/repository', workingDirectory: '/repository' })).toBe(
    'results/x',
  );
});

test('a path is absolute where a script has changed the folder', () => {
  const places = { typedIn: '/repository', workingDirectory: '/repository/apps/bench' };
  expect(fromWhereTyped('../../results/x', places)).toBe(resolve('/repository/results/x'));
  expect(fromWhereTyped('/tmp/x', places)).toBe('/tmp/x');
});
