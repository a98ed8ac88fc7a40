import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as references from './reference.ts';

const PACKAGE = join(import.meta.dirname, '..');
const README = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
const EXAMPLES = [...README.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text]) => text as string);
/** Of an example: what it prints, line by line, as it says itself. */
const promised = (text: string): string[] =>
  [...text.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, line]) => line as string);

describe('examples of the README, in a project of their own', () => {
  let project: string;
  beforeAll(() => {
    project = realpathSync(mkdtempSync(join(tmpdir(), 'icl-gd-readme-')));
    mkdirSync(join(project, 'node_modules/@icl-gd'), { recursive: true });
    symlinkSync(PACKAGE, join(project, 'node_modules/@icl-gd/gpu-kernels'), 'junction');
  });
  afterAll(() => rmSync(project, { recursive: true }));

  it.each(EXAMPLES.map((text, i) => [i + 1, text] as const))('print what they say: example %d', (_, text) => {
    const file = join(project, 'example.mjs');
    writeFileSync(file, text);
    const printed = execFileSync(process.execPath, [file], { encoding: 'utf8', cwd: project });
    expect(promised(text).length).toBeGreaterThan(0);
    expect(printed.trim().split('\n')).toEqual(promised(text));
  });

  it('are all that there are', () => {
    expect(EXAMPLES.length).toBe(6);
  });
});

it('the README names every reference', () => {
  const named = new Set([...README.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(Object.keys(references).length).toBeGreaterThan(20);
  expect(Object.keys(references).filter((name) => !named.has(name))).toEqual([]);
});
