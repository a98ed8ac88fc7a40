import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PRESET_IDS } from './presets/list-presets.ts';
import { createProgram } from './program.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const CLI = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
const word = (text: string): RegExp => new RegExp(String.raw`(?<![\w-])${text}(?![\w-])`);

test.each(PRESET_IDS)('docs/cli.md has the preset %s', (id) => {
  expect(CLI).toContain(`| \`${id}\` |`);
});

const options = createProgram(() => {}).commands.flatMap((command) =>
  command.options.map(({ long }) => [command.name(), long as string] as const),
);
test.each(options)('docs/cli.md names the option of %s %s', (_, long) => {
  expect(CLI).toMatch(word(long));
});
