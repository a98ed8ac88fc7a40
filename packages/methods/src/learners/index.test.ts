import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { learners } from '../catalogue.ts';

test('index.ts has every file of the folder (`npm run generate` writes it)', async () => {
  const files = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.ts') && !/^index|\.test\.ts$/.test(file))
    .toSorted();
  const name = (file: string): string =>
    file.slice(0, -3).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const text = [
    '// Made of the files of this folder by index.test.ts.',
    ...files.map((file) => `import * as ${name(file)} from './${file}';`),
    '',
    ...files.map((file) => `export * from './${file}';`),
    '',
    '/** The modules of this folder; what they export as learners is in the catalogue. */',
    'export const learnerModules = [',
    ...files.map((file) => `  ${name(file)},`),
    '];',
  ].join('\n');
  await expect(`${text}\n`).toMatchFileSnapshot(join(import.meta.dirname, 'index.ts'));
});

test('the order of tables: baselines, the paper\u2019s learners, others', () => {
  expect(learners.slice(0, 4).map(({ id }) => id)).toEqual(['ZSL', 'ICL', 'GD', 'LCGD']);
  expect(new Set(learners.map(({ id }) => id.toLowerCase())).size).toBe(learners.length);
});
