import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WorkspaceCopy } from './workspace-copy.ts';
import { type TestCommand, applyBlock, blocksOf, testCommandsOf } from './worked-examples.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGE = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
const SECTIONS = PAGE.split(/^## /m).filter((section) => section.startsWith('Add '));
const BLOCKS = blocksOf(PAGE);
const COMMANDS = testCommandsOf(PAGE);

/** Tests that see every learner, metric, family and task: what is added must not break them. */
const OF_ALL = [
  ...['packages/methods/src/catalogue.test.ts', 'packages/metrics/src/catalogue.test.ts'],
  ...['scores', 'run-trial', 'noise-of-trial'].map((name) => `apps/bench/src/experiment/${name}.test.ts`),
  ...['rows', 'tables', 'read-run'].map((name) => `apps/bench/src/results/${name}.test.ts`),
  ...['method-list', 'docs', 'render-catalogue'].map((name) => `apps/bench/src/cli/${name}.test.ts`),
];

interface Finished {
  readonly code: number;
  readonly output: string;
}

/** Runs a tool of node_modules in the copy, outside of the test run that it is part of. */
function run(root: string, tool: string, args: readonly string[]): Promise<Finished> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')));
  const file = join(root, 'node_modules/.bin', tool);
  return new Promise((resolve) => {
    execFile(
      file,
      args,
      { cwd: root, env: { ...env, NO_COLOR: '1' }, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => resolve({ code: error ? 1 : 0, output: `${stdout}${stderr}` }),
    );
  });
}

/** What `npm run check` asks of the files of the page, for them alone. */
function checksOf(root: string): [string, ...string[]][] {
  const files = [...new Set(BLOCKS.map(({ file }) => file))].filter((file) => !file.endsWith('.md'));
  const sources = files.filter((file) => file.endsWith('.ts'));
  // One program of them all and of what they import, where each package's would take a second.
  const project = { extends: './tsconfig.base.json', files: sources };
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify(project));
  return [
    ['tsc', '-p', 'tsconfig.json'],
    ['oxfmt', '--check', ...files],
    ['oxlint', '--deny-warnings', ...sources],
  ];
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** Titles of the tests that passed, by file. */
function passedIn(root: string, { testResults }: Report): Map<string, string[]> {
  return new Map(
    testResults.map(({ name, assertionResults }) => [
      relative(root, name),
      assertionResults.flatMap(({ status, fullName }) => (status === 'passed' ? [fullName] : [])),
    ]),
  );
}

/** What went wrong: of files that did not load, and of tests. */
function failuresIn({ testResults }: Report): string[] {
  return testResults.flatMap(({ message, assertionResults }) => [
    ...(message === '' ? [] : [message]),
    ...assertionResults.flatMap(({ fullName, failureMessages = [] }) =>
      failureMessages.map((failure) => `${fullName}: ${failure}`),
    ),
  ]);
}

describe('CONTRIBUTING.md, followed in a copy of the repository', () => {
  const copy = new WorkspaceCopy(ROOT);
  const root = copy.folder;
  afterAll(() => copy[Symbol.dispose]());
  const report = join(root, 'report.json');
  let passed: Map<string, string[]>;
  let failures: string[];
  const generated: Finished[] = [];
  let tested: Finished;
  let others: Finished;
  let checked: Finished[];
  beforeAll(async () => {
    for (const block of BLOCKS) await applyBlock(root, block);
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: { generate: string };
    };
    for (const command of scripts.generate.split(' && ')) {
      const [tool = '', ...args] = command.split(' ');
      generated.push(await run(root, tool, args));
    }
    const paths = new Set(COMMANDS.flatMap((command) => command.paths));
    const patterns = COMMANDS.map(({ pattern }) => `(?:${pattern})`).join('|');
    const options = ['--reporter=json', `--outputFile=${report}`, '-t', patterns];
    [tested, others, ...checked] = await Promise.all([
      run(root, 'vitest', ['run', ...paths, ...options]),
      run(root, 'vitest', ['run', ...OF_ALL]),
      ...checksOf(root).map(([tool, ...args]) => run(root, tool, args)),
    ]);
    const results = JSON.parse(readFileSync(report, 'utf8')) as Report;
    [passed, failures] = [passedIn(root, results), failuresIn(results)];
  });

  it('has a learner, a metric, a family, a task and a kernel, each with files, tests and commands', () => {
    expect(SECTIONS.map((section) => section.split('\n')[0])).toEqual([
      'Add a learner',
      'Add a metric',
      'Add a family',
      'Add a task',
      'Add a kernel',
    ]);
    for (const section of SECTIONS) {
      const fences = [...section.matchAll(/^```\w+$/gm)].map(([fence]) => fence);
      expect(blocksOf(section), section).toHaveLength(fences.filter((fence) => fence !== '```sh').length);
      expect(blocksOf(section).some(({ file }) => file.endsWith('.test.ts'))).toBe(true);
      expect(testCommandsOf(section).length).toBeGreaterThan(0);
    }
  });

  it('passes its tests', () => {
    expect(failures).toEqual([]);
    expect(tested.code, tested.output).toBe(0);
    const files = BLOCKS.map(({ file }) => file).filter((file) => file.endsWith('.test.ts'));
    for (const file of files) expect(passed.get(file), file).not.toHaveLength(0);
  });

  it('breaks no test that sees every learner, metric, family and task', () => {
    expect(others.code, others.output).toBe(0);
  });

  it.each(COMMANDS)('finds tests of $pattern in $paths', ({ paths, pattern }: TestCommand) => {
    for (const path of paths) {
      const titles = [...passed].flatMap(([file, own]) => (file.startsWith(path) ? own : []));
      expect(titles.filter((title) => new RegExp(pattern).test(title)).length, path).toBeGreaterThan(0);
    }
  });

  it('writes what is generated', () => {
    for (const { code, output } of generated) expect(code, output).toBe(0);
    const read = (file: string): string => readFileSync(join(root, file), 'utf8');
    for (const row of ['| Shrunk | shrunk keys and values |', '| simh | SimH |'])
      expect(read('docs/metrics.md')).toContain(row);
    for (const kernel of ['softcap.forward', 'softcap.backward'])
      expect(read(`packages/gpu-kernels/src/kernels/softcap/wgsl/${kernel}.wgsl`)).toContain('params.cap');
  });

  it('has types that fit, and is formatted and linted as the repository is', () => {
    expect(checked).toHaveLength(3);
    for (const { code, output } of checked) expect(code, output).toBe(0);
  });
});
