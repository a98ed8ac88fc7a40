import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sourceDigest } from './source-digest.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-digest-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string): void => writeFileSync(join(folder, 'a', name), text);
const digest = (): string => sourceDigest(join(folder, 'a', 'main.ts'));

mkdirSync(join(folder, 'a', 'sub'), { recursive: true });
// Not as they stand at the start of a line, where they would count as imports of this file.
const LINES = [
  'import { a } from "./named.ts";',
  'import {\n  b,\n} from "./lines.ts";',
  'import "./effect.ts";',
  'export * from "./sub/all.ts";',
  'export type { T } from "./types.ts";',
  'const c = await import("./lazy.mjs");',
  'import data from "./data.json" with { type: "json" };',
  'import { d } from "./quoted.ts";'.replaceAll('"', "'"),
  '// import "./not-there.ts";',
  'import { z } from "zod";',
];
write('main.ts', LINES.join('\n'));
const IMPORTED = [
  'named.ts',
  'lines.ts',
  'effect.ts',
  'sub/all.ts',
  'types.ts',
  'lazy.mjs',
  'data.json',
  'quoted.ts',
];
for (const name of IMPORTED) write(name, '');
write('sub/all.ts', 'export * from "../deep.ts";');
write('deep.ts', 'import "./main.ts";');
write('other.ts', '');

test.each([...IMPORTED, 'deep.ts', 'main.ts'])('follows %s', (name) => {
  const before = digest();
  const path = join(folder, 'a', name);
  cpSync(path, join(folder, 'kept'));
  writeFileSync(path, '// changed\n', { flag: 'a' });
  expect(digest()).not.toBe(before);
  cpSync(join(folder, 'kept'), path);
  expect(digest()).toBe(before);
});

test('follows nothing else, and is the same wherever the folder is', () => {
  const before = digest();
  write('other.ts', '// changed');
  expect(digest()).toBe(before);
  cpSync(join(folder, 'a'), join(folder, 'b'), { recursive: true });
  expect(sourceDigest(join(folder, 'b', 'main.ts'))).toBe(before);
});
