import { fileURLToPath } from 'node:url';
import { type Rolldown, build } from 'vite';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as browserAdapters from './browser/adapters.ts';
import * as browserDebug from './browser/debug.ts';
import * as nodeAdapters from './node/adapters.ts';
import * as nodeDebug from './node/debug.ts';

// Vite tells of Node's modules where it builds for production.
beforeAll(() => void vi.stubEnv('NODE_ENV', 'production'));
afterAll(() => void vi.unstubAllEnvs());

/** What Vite makes for production of a page that imports a file whole, and its warnings. */
async function bundle(file: string): Promise<{ code: string; modules: string[]; warnings: string[] }> {
  const warnings: string[] = [];
  const built = (await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      minify: false,
      rolldownOptions: {
        input: fileURLToPath(new URL(file, import.meta.url)),
        preserveEntrySignatures: 'strict',
        onwarn: ({ message }) => void warnings.push(message),
      },
    },
  })) as Rolldown.RolldownOutput;
  const chunks = built.output.filter((part) => part.type === 'chunk');
  return {
    code: chunks.map(({ code }) => code).join('\n'),
    modules: chunks.flatMap(({ moduleIds }) => moduleIds),
    warnings,
  };
}

it('bundles for browsers without a warning, a module of Node or an optional package', async () => {
  const { code, modules, warnings } = await bundle('../index.ts');
  expect(warnings).toEqual([]);
  expect(code).toContain('requestAdapter');
  expect(code).not.toMatch(/\bnode:|\bBuffer\b|\bprocess\.|\brequire\(|__vite-browser-external/);
  expect(modules.filter((module) => /platform\/node|node_modules/.test(module))).toEqual([]);
  expect(modules.some((module) => module.endsWith('platform/browser/debug.ts'))).toBe(true);
});

it('bundles references alone where they are imported alone', async () => {
  const { modules, warnings } = await bundle('../reference.ts');
  expect(warnings).toEqual([]);
  expect(modules.length).toBeGreaterThan(10);
  expect(modules.filter((module) => !/reference\.ts$|vite|rolldown/.test(module))).toEqual([]);
});

it('would be told of modules of Node', async () => {
  const { warnings } = await bundle('node/adapters.ts');
  expect(warnings.join()).toMatch(/node:\w+.*externalized for browser compatibility/);
});

it('has the same names on both platforms', () => {
  expect(Object.keys(browserAdapters)).toEqual(Object.keys(nodeAdapters));
  expect(Object.keys(browserDebug)).toEqual(Object.keys(nodeDebug));
  // Of the same types, which the compiler says.
  const [adapters, debug]: [typeof nodeAdapters, typeof nodeDebug] = [browserAdapters, browserDebug];
  expect(adapters.findAdapter).not.toBe(nodeAdapters.findAdapter);
  expect(debug.askedByEnvironment()).toEqual({});
});
