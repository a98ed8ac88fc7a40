import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type Manifest, packedManifest } from '../../scripts/packing/manifest.ts';
import { restoreManifest, rewriteManifest } from '../../scripts/packing/manifest-in-place.ts';
import { ROOT, publishedPackages } from '../../scripts/packing/packages.ts';
import { linkedTo } from '../../scripts/packing/readme-links.ts';

const manifest: Manifest = {
  name: 'p',
  version: '1.2.3',
  exports: {
    '.': { browser: './src/index.browser.ts', default: './src/index.ts' },
    './errors': './src/errors.ts',
    './hidden': null,
    './testing': './src/testing/index.ts',
    './testing/faults': './src/files/testing/faults.ts',
  },
  imports: {
    '#platform/*.ts': { browser: './src/platform/browser/*.ts', default: './src/platform/node/*.ts' },
    '#main': './src/main.ts',
    '#other': 'other-package',
  },
  dependencies: { q: '1.2.3' },
  devDependencies: { r: '1' },
  scripts: { build: 'make' },
};

describe('a packed manifest', () => {
  const packed = packedManifest(manifest);

  it('leads to what was built, with types, under every condition', () => {
    const built = (name: string) => ({ types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` });
    expect(packed.exports).toEqual({
      '.': { browser: built('index.browser'), default: built('index') },
      './errors': built('errors'),
      './hidden': null,
      './package.json': './package.json',
    });
    // The first condition that holds counts.
    expect(Object.keys(packed.exports['./errors'] as object)).toEqual(['types', 'default']);
    expect(Object.keys(packed.exports['.'] as object)).toEqual(['browser', 'default']);
  });

  it('leads to JavaScript in its own imports; the names stay', () => {
    expect(packed.imports).toEqual({
      '#platform/*.ts': { browser: './dist/platform/browser/*.js', default: './dist/platform/node/*.js' },
      '#main': './dist/main.js',
      '#other': 'other-package',
    });
  });

  it('keeps everything else but what the repository alone needs', () => {
    expect(Object.keys(packed)).toEqual(['name', 'version', 'exports', 'imports', 'dependencies']);
    expect(packed['dependencies']).toEqual({ q: '1.2.3' });
  });

  it.each(['./lib/index.ts', './src/index.js', './src/types.d.ts', 'index.ts'])(
    'refuses %s by name',
    (path) => {
      expect(() => packedManifest({ ...manifest, exports: { '.': path } })).toThrow(
        new RangeError(`${path} is not of the form ./src/….ts`),
      );
    },
  );
});

it('links of a README that leave its package lead to the repository', () => {
  const readme = '[a](../../docs/a.md#b) [c](src/c.ts) [d](https://d.org) [e](../metrics)';
  expect(linkedTo('git+https://example.org/o/r.git', 'packages/methods', readme)).toBe(
    '[a](https://example.org/o/r/blob/HEAD/docs/a.md#b) [c](src/c.ts) [d](https://d.org) [e](https://example.org/o/r/blob/HEAD/packages/metrics)',
  );
});

describe('while npm packs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'icl-gd-manifest-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'package.json');
  // Odd spaces, which must come back.
  const text = `${JSON.stringify(manifest, null, 3)}\n\n`;
  const packed = `${JSON.stringify(packedManifest(manifest), null, 2)}\n`;
  const now = (): string => readFileSync(path, 'utf8');
  beforeEach(() => {
    for (const file of readdirSync(folder)) rmSync(join(folder, file));
    writeFileSync(path, text);
  });

  it('the packed manifest takes the place of the own one, which comes back to the byte', () => {
    rewriteManifest(folder);
    expect(now()).toBe(packed);
    expect(restoreManifest(folder)).toBe(true);
    expect(now()).toBe(text);
    expect(readdirSync(folder)).toEqual(['package.json']);
    expect(restoreManifest(folder)).toBe(false);
  });

  it('one that was not put back is put back by the next', () => {
    rewriteManifest(folder);
    rewriteManifest(folder);
    expect(now()).toBe(packed);
    restoreManifest(folder);
    expect(now()).toBe(text);
  });

  it('an end between the copy and the rewriting does no harm', () => {
    writeFileSync(`${path}.orig`, text);
    expect(restoreManifest(folder)).toBe(true);
    expect(now()).toBe(text);
    expect(readdirSync(folder)).toEqual(['package.json']);
  });

  it('an edit of the rewritten manifest is not thrown away', () => {
    rewriteManifest(folder);
    writeFileSync(path, packed.replace('1.2.3', '2.0.0'));
    expect(() => restoreManifest(folder)).toThrow('was edited while a packing had rewritten it');
    expect(now()).toContain('2.0.0');
  });
});

describe('the manifests of the packages', () => {
  const packages = publishedPackages();

  it('have one version, which those of the other workspaces and what they depend on have too', () => {
    const folders = [...packages.map(({ folder }) => folder), ROOT, join(ROOT, 'tests'), join(ROOT, 'docs')];
    const versions = folders.flatMap((folder) => {
      const text = readFileSync(join(folder, 'package.json'), 'utf8');
      return [
        (JSON.parse(text) as Manifest).version,
        ...[...text.matchAll(/"@icl-gd\/[^"]+": "([^"]+)"/g)].map(([, version]) => version),
      ];
    });
    expect(versions.length).toBeGreaterThan(12);
    expect(new Set(versions).size).toBe(1);
  });

  it.each(packages.map(({ folder }) => relative(ROOT, folder)))(
    '%s has the licence of the repository',
    (folder) => {
      expect(readFileSync(join(ROOT, folder, 'LICENSE'), 'utf8')).toBe(
        readFileSync(join(ROOT, 'LICENSE'), 'utf8'),
      );
    },
  );
});
