import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT, publishedPackages } from '../../scripts/packing/packages.ts';

/** A fenced block of a README. */
export interface Example {
  /** Where it stands, as a name that a file can have: `methods-1`. */
  readonly name: string;
  /** As after the fence: ts, sh, or js, which is for a page in a browser. */
  readonly language: string;
  readonly code: string;
}

/** The examples of the packages' READMEs and of “As a library” of the repository's. */
export function readmeExamples(): Example[] {
  const library = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n## As a library\n')[1] ?? '';
  return [
    ...examplesOf('library', library.split('\n## ')[0] as string),
    ...publishedPackages().flatMap(({ folder }) =>
      examplesOf(basename(folder), readFileSync(join(folder, 'README.md'), 'utf8')),
    ),
  ];
}

/** Fenced blocks of the languages that can be run. */
export function examplesOf(page: string, markdown: string): Example[] {
  const blocks = [...markdown.matchAll(/^```(ts|js|sh)\n(.*?)^```$/gms)];
  return blocks.map(([, language = '', code = ''], i) => ({ name: `${page}-${i + 1}`, language, code }));
}
