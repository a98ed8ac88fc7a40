import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const PACKAGES = [
  'packages/gpu-kernels',
  'packages/transformer',
  'packages/methods',
  'packages/metrics',
  'apps/bench',
];

/** Every learner's file is taken in by itself and listed in docs/metrics.md, which is generated: a README need not name it. */
const GENERATED = './learners/index.ts';

/** Names, types included, that a module exports by declaration, by list or from another module. */
function exportsOf(file: string, skip: readonly string[] = []): string[] {
  const text = readFileSync(file, 'utf8');
  const declared = text.matchAll(
    /^export (?:declare |abstract |async )*(?:function\*?|class|const|interface|type) (\w+)\b(?! *\{[^}]*\} *from)/gm,
  );
  const lists = text.matchAll(/^export (?:type )?\{([^}]*)\}/gm);
  const all = [...text.matchAll(/^export \* from '(\.[^']+)'/gm)].map(([, path]) => path as string);
  return [
    ...[...declared].map(([, name]) => name as string),
    ...[...lists].flatMap(([, list]) =>
      (list as string)
        .split(',')
        .map((entry) => /(\w+)\s*$/.exec(entry)?.[1])
        .filter((name) => name !== undefined),
    ),
    ...all.filter((path) => !skip.includes(path)).flatMap((path) => exportsOf(join(dirname(file), path))),
  ];
}

/** What stands in backticks as a name alone. */
const namesIn = (markdown: string): string[] =>
  [...markdown.matchAll(/`(\w+)`/g)].map(([, name]) => name as string);

describe.each(PACKAGES)('README.md of %s', (folder) => {
  const index = join(ROOT, folder, 'src/index.ts');
  const readme = readFileSync(join(ROOT, folder, 'README.md'), 'utf8');

  it('names every public export', () => {
    const exported = exportsOf(index, [GENERATED]);
    expect(exported.length).toBeGreaterThan(10);
    const named = new Set(namesIn(readme));
    expect(exported.filter((name) => !named.has(name))).toEqual([]);
  });

  it('lists nothing that is not exported', () => {
    const exported = new Set(exportsOf(index));
    const tables = (readme.split('## Exports')[1] ?? '').split('\n').filter((line) => line.startsWith('| `'));
    const listed = tables.flatMap((line) => namesIn(line.split(' | ')[0] as string));
    expect(listed.length).toBeGreaterThan(8);
    expect(listed.filter((name) => !exported.has(name))).toEqual([]);
    expect(listed.filter((name, i) => listed.indexOf(name) !== i)).toEqual([]);
  });
});

it('finds exports of every kind', () => {
  const methods = exportsOf(join(ROOT, 'packages/methods/src/index.ts'));
  expect(methods).toEqual(
    expect.arrayContaining(['Learner', 'DivergedError', 'gradientDescent', 'adaptedModel', 'LearnerSetting']),
  );
});

/** Every page that people read, from the root. */
const PAGES = [
  '.',
  'docs',
  'examples',
  ...PACKAGES,
  'apps/bench/published',
  'apps/bench/models/tiny',
].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
);

/** Anchors that GitHub gives the headings of a page. */
const anchorsOf = (page: string): string[] =>
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

it.each(PAGES)('the links of %s lead to files and headings that are there', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  const broken = links.flatMap(([link, path = '', anchor]) => {
    const target = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
    if (!existsSync(target)) return [link];
    return anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor) ? [] : [link];
  });
  expect(broken).toEqual([]);
});
