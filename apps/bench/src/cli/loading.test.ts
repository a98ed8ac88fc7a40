import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const APP = join(import.meta.dirname, '../..');
/** Prints the URL of every module that is loaded, on stderr and marked. */
const HOOK = `data:text/javascript,${encodeURIComponent(
  "import { registerHooks } from 'node:module'; import { writeSync } from 'node:fs';" +
    "registerHooks({ load(url, context, next) { writeSync(2, 'LOADED ' + url + '\\n'); return next(url, context); } });",
)}`;
/** Plotting, the GPU's binding, Parquet, the synthetic language. */
const HEAVY = /\/vega|\/webgpu\/|\/hyparquet|\/synthetic\//;
/** Those and the kernels. */
const HEAVY_OR_KERNELS = new RegExp(`${HEAVY.source}|/gpu-kernels/src/(?!errors)`);

/** Paths of the modules that a command loads, and what it prints. */
function load(...args: string[]): { modules: string[]; stdout: string } {
  const { stdout, stderr } = spawnSync(
    // The Node of the project: an older one would start another process, which has no hook.
    createRequire(import.meta.url).resolve('node/bin/node'),
    ['--import', HOOK, join(APP, 'bin/icl-gd.js'), ...args],
    { encoding: 'utf8' },
  );
  const modules = stderr.split('\n').flatMap((line) => (line.startsWith('LOADED ') ? [line.slice(7)] : []));
  return { modules, stdout };
}

test.each([
  // The learners themselves need the kernels.
  [[], 'presets:', HEAVY],
  [['methods'], 'LCGD', HEAVY],
  [['metrics'], 'SimAOU', HEAVY],
  [['datasets'], 'AG News', HEAVY_OR_KERNELS],
  [['models'], 'LlamaForCausalLM', HEAVY_OR_KERNELS],
  [['presets'], 'paper-2.7b', HEAVY_OR_KERNELS],
])('ls %j loads nothing heavy', (what, said, heavy) => {
  const { modules, stdout } = load('ls', ...what);
  expect(stdout).toContain(said);
  expect(modules.length).toBeGreaterThan(10);
  expect(modules.filter((module) => heavy.test(module))).toEqual([]);
});

test('help and mistyped options load no command', () => {
  for (const args of [
    ['run', '--help'],
    ['run', '--warmup'],
  ])
    expect(load(...args).modules.filter((module) => /\/actions\/|\/zod\//.test(module))).toEqual([]);
});

test('a run of the paper loads neither plotting nor the synthetic language', () => {
  const { modules, stdout } = load('run', '--preset', 'paper', '--dry-run');
  expect(stdout).toMatch(/\d{4} cells in all/);
  expect(modules.filter((module) => HEAVY.test(module))).toEqual([]);
});

test('what needs them loads them', () => {
  expect(load('validate', '--from', APP).modules.some((module) => /\/vega\//.test(module))).toBe(true);
  const smoke = load('run', '--preset', 'smoke', '--dry-run').modules;
  expect(smoke.some((module) => module.includes('/synthetic/language/lexicon.ts'))).toBe(true);
});
