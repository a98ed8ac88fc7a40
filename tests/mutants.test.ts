import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { areas } from './mutants/catalogue/index.ts';
import { TEXT_TESTS, mutate } from './mutants/mutant.ts';

const ROOT = join(import.meta.dirname, '..');
const mutants = Object.values(areas).flat();

it('lists enough mutants, each with an id of its own', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(40);
  const ids = mutants.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
});

it.each(mutants)('$id changes one place of a file and names the tests that should notice', (mutant) => {
  const text = readFileSync(join(ROOT, mutant.file), 'utf8');
  expect(mutate(text, mutant)).not.toBe(text);
  expect(mutant.tests.length).toBeGreaterThan(0);
  for (const test of mutant.tests) {
    expect(existsSync(join(ROOT, test)), test).toBe(true);
    expect(TEXT_TESTS).not.toContain(test);
  }
});
