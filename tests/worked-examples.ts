import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A block of a page that belongs into a file of the repository. */
export interface Block {
  readonly file: string;
  /** What the one line holds after which the block is inserted; without it the block is the whole new file. */
  readonly after?: string;
  readonly text: string;
}

/** `npx vitest run <paths> -t <pattern>` of a page. */
export interface TestCommand {
  readonly paths: readonly string[];
  readonly pattern: string;
}

const BLOCK =
  /^`([^`]+)`, (?:new|after the line with (?:`` *(.+?) *``|`([^`]+)`)):\n\n```\w+\n([\s\S]*?)^```$/gm;
const COMMAND = /^npx vitest run (.+) -t (?:"([^"]+)"|(\S+))$/gm;

/** The blocks of a page of which the line before says what file they belong to, in order. */
export function blocksOf(page: string): Block[] {
  return [...page.matchAll(BLOCK)].map(([, file = '', quoted, plain, text = '']) => {
    const after = quoted ?? plain;
    return { file, text, ...(after === undefined ? {} : { after }) };
  });
}

/** The commands of a page that run tests by title, in order. */
export function testCommandsOf(page: string): TestCommand[] {
  return [...page.matchAll(COMMAND)].map(([, paths = '', quoted, plain]) => ({
    paths: paths.split(' '),
    pattern: (quoted ?? plain) as string,
  }));
}

/**
 * Does what a block says to the files of a repository.
 * @throws Error if a new file is there already, or the line is not there exactly once
 */
export async function applyBlock(root: string, { file, after, text }: Block): Promise<void> {
  const path = join(root, file);
  if (after === undefined) {
    await mkdir(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
    return;
  }
  const lines = readFileSync(path, 'utf8').split('\n');
  const places = lines.flatMap((line, i) => (line.includes(after) ? [i] : []));
  if (places.length !== 1) throw new Error(`${file}: ${places.length} lines with ${after}`);
  lines.splice((places[0] as number) + 1, 0, text.replace(/\n$/, ''));
  writeFileSync(path, lines.join('\n'));
}
