import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UserError } from '../../errors.ts';
import { loadTokenizer } from '../tokenizer.ts';

interface Golden {
  readonly texts: readonly string[];
  readonly vocabularies: Readonly<
    Record<string, { readonly vocab: object; readonly merges?: readonly string[][] }>
  >;
  /** `@name` stands for the vocabulary or the merges of that name. */
  readonly folders: readonly {
    readonly name: string;
    readonly files: Readonly<Record<string, unknown>>;
    /** Beginning of the SHA-256 of the ids of all texts as JSON; "error" where AutoTokenizer gives one. */
    readonly ids: string;
  }[];
}

const golden: Golden = JSON.parse(
  await readFile(
    join(import.meta.dirname, '../../../../../tests/fixtures/tokenizer-folders/golden.json'),
    'utf8',
  ),
);

function fileText(name: string, content: unknown): string {
  if (typeof content === 'string') {
    const { vocab, merges } = golden.vocabularies[content.slice(1)]!;
    if (name === 'vocab.json') return JSON.stringify(vocab);
    return ['#version: 0.2', ...merges!.map((pair) => pair.join(' ')), ''].join('\n');
  }
  return JSON.stringify(content, (key, value: unknown) => {
    const isName = (key === 'vocab' || key === 'merges') && typeof value === 'string';
    return isName ? golden.vocabularies[value.slice(1)]![key] : value;
  });
}

test('every folder gives the ids of AutoTokenizer or is refused', async () => {
  const root = await mkdtemp(join(tmpdir(), 'auto-tokenizer-'));
  const refused: string[] = [];
  const wrong: string[] = [];
  for (const [i, { name, files, ids }] of golden.folders.entries()) {
    const directory = join(root, String(i));
    await mkdir(directory);
    for (const [file, content] of Object.entries(files))
      await writeFile(join(directory, file), fileText(file, content));
    try {
      const tokenizer = await loadTokenizer(directory);
      const found = JSON.stringify(golden.texts.map((text) => tokenizer.encode(text)));
      if (createHash('sha256').update(found).digest('hex').slice(0, 16) !== ids) wrong.push(name);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refused.push(name);
    }
  }
  await rm(root, { recursive: true });
  expect(wrong).toEqual([]);
  // Those that contradict themselves: a class around a vocabulary of another kind, or one that reads no such files, or ids
  // that no token would get.
  const contradictory = /^(?:\w+ \w+ (?:bytes|marks|unigram|pair)|a gap in the ids, .*)$/;
  expect(refused.filter((name) => !contradictory.test(name))).toEqual([]);
  expect({ folders: golden.folders.length, refused: refused.length }).toEqual({ folders: 499, refused: 204 });
});
