import { join } from 'node:path';
import { type Rollup, build } from 'vite';
import { beforeAll, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
/** What a page imports: everything that the packages export to browsers. */
const PAGE = `
  import * as gpuKernels from '@icl-gd/gpu-kernels';
  import * as transformer from '@icl-gd/transformer';
  import * as methods from '@icl-gd/methods';
  import * as metrics from '@icl-gd/metrics';
  export { gpuKernels, methods, metrics, transformer };
`;
const ENTRY = join(ROOT, 'tests/a-page-of-this-test.js');

const warnings: string[] = [];
let chunk: Rollup.OutputChunk;
let outputs = 0;
beforeAll(async () => {
  const warn = (message: string): void => void warnings.push(message);
  const quiet = (): void => {};
  const built = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    customLogger: {
      ...{ info: quiet, clearScreen: quiet, hasErrorLogged: () => false, hasWarned: false },
      ...{ warn, warnOnce: warn, error: warn },
    },
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === ENTRY ? ENTRY : null),
        load: (id) => (id === ENTRY ? PAGE : null),
      },
    ],
    build: {
      write: false,
      lib: { entry: ENTRY, formats: ['es'] },
      rolldownOptions: { treeshake: false, onLog: (_, log) => warn(log.message) },
    },
  });
  const [output] = built as Rollup.RollupOutput[];
  outputs = output?.output.length ?? 0;
  chunk = output?.output[0] as Rollup.OutputChunk;
});

it('a page of all four packages is built without a warning', () => {
  expect(warnings).toEqual([]);
});

it('holds nothing of Node, and no native library', () => {
  const modules = Object.keys(chunk.modules);
  for (const name of ['gpu-kernels', 'transformer', 'methods', 'metrics'])
    expect(modules.some((file) => file.includes(`packages/${name}/src/index`))).toBe(true);
  expect(modules.filter((file) => /platform\/node\/|browser-external/.test(file))).toEqual([]);
  expect(outputs).toBe(1);
  expect(chunk.imports).toEqual([]);
  expect(chunk.dynamicImports).toEqual([]);
  // Without comments, which may speak of it.
  const code = chunk.code.replaceAll(/\/\*[^]*?\*\//g, '');
  expect(code.match(/.{0,40}(?:\bnode:|\bBuffer\b|\bprocess\.|\brequire\().{0,40}/g) ?? []).toEqual([]);
});

it('is below a megabyte before it is compressed', () => {
  const bytes = Object.entries(chunk.modules).map(
    ([file, { renderedLength }]) => [file.slice(ROOT.length + 1), renderedLength] as const,
  );
  const own = bytes.filter(([file]) => file.startsWith('packages/')).reduce((sum, [, n]) => sum + n, 0);
  expect(own).toBeGreaterThan(100_000);
  expect(chunk.code.length).toBeLessThan(1 << 20);
});
