import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeEmptyFolder, removeFile } from '@icl-gd/transformer/files';

/** Enough of a file to know it by. */
const HEAD_BYTES = 4096;

/** Whether the beginning of a file is that of one of ours. */
type Mark = (head: string) => boolean;

/** A CSV file of ours is known by its header. */
export function withHeader(columns: readonly string[]): Mark {
  const header = columns.join(',');
  return (head) => head === header || head.startsWith(`${header}\n`);
}

/** By which a page of ours is known from one of the user's; the title was all that older ones had. */
export const GENERATOR = 'icl-gd validate';
/** What `icl-gd validate` writes beside its tables, by name. */
const PAGES: readonly (readonly [file: string, mark: Mark])[] = [
  [
    'summary.html',
    (head) =>
      head.includes(`<meta name="generator" content="${GENERATOR}">`) ||
      head.includes(': published against measured</title>'),
  ],
  ['summary.md', (head) => /^# .*: (published against )?measured\n/.test(head)],
];
export const FIGURES = 'figures';
/** Names of figures and how they begin; Vega's drawings say so. */
const FIGURE_NAME = /^(figure[234]-[\w.-]+|ladder(-[\w.-]+)?|layers|rates-[\w.-]+)\.svg$/;
const isFigure: Mark = (head) => head.startsWith('<svg') && head.includes('class="marks"');

/** Removes a file that an earlier command wrote and this one does not; one that we did not write stays. */
export async function removeOwn(path: string, mark: Mark): Promise<void> {
  const head = await readHead(path);
  if (head !== undefined && mark(head)) await removeFile(path);
}

/** Removes the summary's pages. */
export async function removePages(folder: string): Promise<void> {
  for (const [file, mark] of PAGES) await removeOwn(join(folder, file), mark);
}

/** Removes figures, but for those named, and their folder where it is left empty. */
export async function removeFigures(folder: string, kept: readonly string[]): Promise<void> {
  const names = await readdir(join(folder, FIGURES)).catch(() => []);
  for (const name of names) {
    if (FIGURE_NAME.test(name) && !kept.includes(`${FIGURES}/${name}`))
      await removeOwn(join(folder, FIGURES, name), isFigure);
  }
  await removeEmptyFolder(join(folder, FIGURES));
}

async function readHead(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
