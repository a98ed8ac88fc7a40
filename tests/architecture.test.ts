import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** What each package may import of ours (docs/architecture.md). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'packages/gpu-kernels': [],
  'packages/metrics': [],
  'packages/transformer': ['gpu-kernels'],
  'packages/methods': ['transformer'],
  'apps/bench': ['gpu-kernels', 'transformer', 'methods', 'metrics'],
  'apps/playground': ['gpu-kernels', 'transformer', 'methods', 'metrics'],
};

/** The rooms of the bench in the order in which data flow: each imports from itself and those before it. */
const ROOMS = ['terminal', 'tasks', 'plugins', 'experiment', 'results', 'studies', 'synthetic', 'cli'];
/** What tests of the rooms share; nothing else imports it. */
const SUPPORT = 'testing';
const BENCH = join(ROOT, 'apps/bench/src');
/** Files of the bench outside the rooms: the first may be imported from anywhere, the others from nowhere. */
const ROOT_FILES = ['version.ts', 'main.ts', 'index.ts'];

interface Import {
  /** The imported file. */
  readonly file: string;
  /** Gone once types are stripped. */
  readonly typeOnly: boolean;
}

/** Imports of a file's text: at its top, or with `import()`; those of types alone are gone once types are stripped. */
function importsIn(text: string): { path: string; typeOnly: boolean }[] {
  const found = [
    ...text.matchAll(/^(?:import|export)\s+(?<type>type\s)?[^;'"]*?from '(?<path>[^']+)'/gm),
    ...text.matchAll(/\bimport(?:\s|\()\s*'(?<path>[^']+)'/g),
  ];
  return found.map(({ groups }) => ({
    path: groups?.['path'] as string,
    typeOnly: groups?.['type'] !== undefined,
  }));
}

/** What a file imports of its own package: by relative path, or both modules of a platform. */
function relativeImports(file: string): Import[] {
  return importsIn(readFileSync(file, 'utf8')).flatMap(({ path, typeOnly }) => {
    if (path.startsWith('.')) return [{ file: resolve(dirname(file), path), typeOnly }];
    return PLATFORMS.flatMap((platform) => platformModule(file, path, platform) ?? []).map((module) => ({
      file: module,
      typeOnly,
    }));
  });
}

const PLATFORMS = ['node', 'browser'] as const;

/** The module of a platform that `#platform/<name>` stands for in a file. */
function platformModule(
  file: string,
  path: string,
  platform: (typeof PLATFORMS)[number],
): string | undefined {
  const [, name] = /^#platform\/(.+)$/.exec(path) ?? [];
  return name && `${file.slice(0, file.indexOf(`${sep}src${sep}`))}/src/platform/${platform}/${name}`;
}

/** Groups of files that reach each other by imports (Tarjan's strongly connected components of more than one file). */
function importCircles(files: readonly string[], importsOf: (file: string) => readonly string[]): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.get(file) as number);
    open.push(file);
    for (const next of importsOf(file)) {
      if (!order.has(next)) visit(next);
      if (open.includes(next))
        lowest.set(file, Math.min(lowest.get(file) as number, lowest.get(next) as number));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const circle = open.splice(open.indexOf(file));
    if (circle.length > 1) circles.push(circle);
  };
  for (const file of files) if (!order.has(file)) visit(file);
  return circles;
}

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(ROOT, folder, 'src', file));
}

describe.each(Object.entries(ALLOWED))('%s', (folder, allowed) => {
  it('imports only downwards, and declares what it imports', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    for (const file of sources(folder)) {
      const text = readFileSync(file, 'utf8');
      const isTest = file.endsWith('.test.ts');
      const declared = { ...manifest.dependencies, ...(isTest ? manifest.devDependencies : {}) };
      for (const [, name] of text.matchAll(/from '@icl-gd\/([a-z-]+(?:\/testing)?)/g)) {
        const [own] = name!.split('/') as [string];
        // A test may open a device in whatever package it is.
        if (!isTest || name !== 'gpu-kernels/testing')
          expect(allowed, `${file} imports @icl-gd/${name}`).toContain(own);
        expect(declared, file).toHaveProperty([`@icl-gd/${own}`]);
      }
      expect(text, `${file} reaches into another package by path`).not.toMatch(
        /from '(\.\.\/)+(packages|apps)\//,
      );
    }
  });

  it('has no files that import each other in a circle, types aside', () => {
    const circles = importCircles(sources(folder), (file) =>
      relativeImports(file).flatMap(({ file: imported, typeOnly }) => (typeOnly ? [] : [imported])),
    );
    expect(circles.map((circle) => circle.map((file) => relative(ROOT, file)))).toEqual([]);
  });
});

it('finds a circle', () => {
  const graph: Readonly<Record<string, readonly string[]>> = { a: ['b', 'd'], b: ['c'], c: ['b'], d: [] };
  expect(importCircles(Object.keys(graph), (file) => graph[file] ?? [])).toEqual([['b', 'c']]);
});

describe('rooms of the bench', () => {
  const roomOf = (file: string): string => relative(BENCH, file).split(sep)[0] as string;

  it('are all that there is', () => {
    const rooms = new Set(sources('apps/bench').map(roomOf));
    expect([...rooms].toSorted()).toEqual([...ROOMS, SUPPORT, ...ROOT_FILES].toSorted());
  });

  it.each(ROOMS)('%s imports, types included, only from itself and from rooms before it', (room) => {
    const before = [...ROOMS.slice(0, ROOMS.indexOf(room) + 1), 'version.ts'];
    const allowedIn = (file: string) => (file.endsWith('.test.ts') ? [...before, SUPPORT] : before);
    const own = sources('apps/bench').filter((file) => roomOf(file) === room);
    const forbidden = own.flatMap((file) =>
      relativeImports(file)
        .filter((imported) => !allowedIn(file).includes(roomOf(imported.file)))
        .map((imported) => `${relative(BENCH, file)} imports ${relative(BENCH, imported.file)}`),
    );
    expect(forbidden).toEqual([]);
  });
});

it('writes, moves and removes files through one door', () => {
  const DOOR = /^packages\/transformer\/src\/files\//;
  /** The hub's cache has a layout and names of its own, shared with other programs; a temporary folder is nobody's result. */
  const OTHERS = [
    /^packages\/transformer\/src\/hub\//,
    /^packages\/gpu-kernels\/src\/platform\/node\//,
    /^apps\/bench\/src\/cli\/run-passes\.ts$/,
  ];
  const WRITING =
    /\b(?:writeFile|appendFile|rename|mkdir|mkdtemp|rm|rmdir|unlink|link|symlink|copyFile|cp|truncate|createWriteStream)(?:Sync)?\b/;
  const writing = Object.keys(ALLOWED)
    .flatMap(sources)
    .map((file) => [relative(ROOT, file).replaceAll(sep, '/'), readFileSync(file, 'utf8')] as const)
    .filter(([file, text]) => {
      if (/\.test\.ts$|\/testing\/|test-server/.test(file)) return false;
      const imported = [...text.matchAll(/import \{([^}]*)\} from 'node:fs(?:\/promises)?'/g)];
      return imported.some(([, names]) => WRITING.test(names as string));
    })
    .map(([file]) => file);
  expect(writing.some((file) => DOOR.test(file))).toBe(true);
  expect(writing.filter((file) => ![DOOR, ...OTHERS].some((place) => place.test(file)))).toEqual([]);
});

it('prints by one door in bench, which makes names of others harmless, and nowhere in packages', () => {
  const printing = (folder: string): string[] =>
    sources(folder)
      .filter((file) => !/\.test\.ts$|\/testing\//.test(file))
      .filter((file) =>
        /\bconsole\.|process\.std(out|err)\.write|\bwriteSync\(/.test(readFileSync(file, 'utf8')),
      )
      .map((file) => relative(ROOT, file));
  const inBench = printing('apps/bench').filter((file) => !file.startsWith('apps/bench/src/terminal/'));
  expect(inBench).toEqual([]);
  // The text of kernels, where ICL_GD_DEBUG asks for it; what native libraries said that is no noise.
  expect(
    Object.keys(ALLOWED)
      .filter((folder) => folder !== 'apps/bench')
      .flatMap(printing),
  ).toEqual([
    'packages/gpu-kernels/src/platform/node/debug.ts',
    'packages/gpu-kernels/src/platform/node/native-messages.ts',
  ]);
});

it('keeps GPU buffers out of methods and WGSL out of bench', () => {
  for (const file of sources('packages/methods'))
    expect(readFileSync(file, 'utf8'), file).not.toMatch(/GPUBuffer|\.buffer\b|Tensor\b/);
  for (const file of sources('apps/bench'))
    expect(readFileSync(file, 'utf8'), file).not.toMatch(/@compute|var<storage/);
});

/** Whether a file, or what it imports, is evaluated after gpu-kernels. */
function follows(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  const names = [...readFileSync(file, 'utf8').matchAll(/^import \{([^}]*)\} from '@icl-gd\/gpu-kernels'/gm)];
  if (names.some(([, list]) => (list as string).split(',').some((name) => /^\s*\w+\s*$/.test(name))))
    return true;
  return relativeImports(file).some((imported) => !imported.typeOnly && follows(imported.file, seen));
}

it('has no class with [Symbol.dispose] that is made before a browser without the symbol is given it', () => {
  const classes = ['packages/transformer', 'packages/methods']
    .flatMap(sources)
    .filter((file) => /^ {2}\[Symbol\.dispose\]\(|extends Resource/m.test(readFileSync(file, 'utf8')));
  expect(classes.length).toBeGreaterThan(5);
  expect(classes.filter((file) => !follows(file))).toEqual([]);
  const own = sources('packages/gpu-kernels').filter((file) =>
    /^ {2}\[Symbol\.dispose\]\(/m.test(readFileSync(file, 'utf8')),
  );
  expect(own.map((file) => relative(ROOT, file))).toEqual([
    join('packages/gpu-kernels/src/runtime/resource.ts'),
  ]);
});

it('needs Node only below platform/node in gpu-kernels', () => {
  const portable = sources('packages/gpu-kernels').filter(
    (file) => !/\.test\.ts$|\/testing\/|\/platform\/node\//.test(file),
  );
  const needy = portable.filter((file) =>
    /from 'node:|(?:from|import\()\s*'(?:webgpu|koffi)'|\bprocess\.|\bBuffer\.|\/platform\/node\//.test(
      readFileSync(file, 'utf8'),
    ),
  );
  expect(portable.length).toBeGreaterThan(40);
  expect(needy).toEqual([]);
});

describe('what a browser loads', () => {
  const PORTABLE = [
    'packages/gpu-kernels',
    'packages/transformer',
    'packages/methods',
    'packages/metrics',
  ] as const;
  /** Packages from npm that run anywhere. */
  const LIBRARIES = /^(zod|@noble\/hashes\/.+)$/;

  type Target = string | { readonly browser?: string; readonly default: string };

  /** The file that an export of ours is for a bundler of pages. */
  function exported(specifier: string): string {
    const [, name, subpath = ''] = /^@icl-gd\/([^/]+)(\/.+)?$/.exec(specifier) ?? [];
    const folder = join(ROOT, 'packages', name as string);
    const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      exports: Record<string, Target>;
    };
    const target = exports[`.${subpath}`] as Target;
    return join(folder, typeof target === 'string' ? target : (target.browser ?? target.default));
  }

  /** All files that a file brings along, and what they import of others. */
  function reached(entry: string): { files: ReadonlySet<string>; foreign: ReadonlySet<string> } {
    const files = new Set<string>();
    const foreign = new Set<string>();
    const visit = (file: string): void => {
      if (files.has(file)) return;
      files.add(file);
      for (const { path, typeOnly } of importsIn(readFileSync(file, 'utf8'))) {
        if (typeOnly) continue;
        const module = platformModule(file, path, 'browser');
        if (module) visit(module);
        else if (path.startsWith('.')) visit(resolve(dirname(file), path));
        else if (path.startsWith('@icl-gd/')) visit(exported(path));
        else foreign.add(path);
      }
    };
    visit(entry);
    return { files, foreign };
  }

  it.each(PORTABLE)('of %s needs nothing of Node', (folder) => {
    const { files, foreign } = reached(exported(folder.replace('packages', '@icl-gd')));
    expect(files.size).toBeGreaterThan(10);
    expect([...foreign].filter((name) => !LIBRARIES.test(name))).toEqual([]);
    const needy = [...files].filter((file) =>
      /\bBuffer\b|\bprocess\.|\b__dirname\b|\bsetImmediate\b/.test(
        readFileSync(file, 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, ''),
      ),
    );
    expect(needy.map((file) => relative(ROOT, file))).toEqual([]);
  });
});
