import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

/** How a run of test files ended; `test` says which noticed something. */
export type Outcome =
  | { readonly status: 'passed' }
  | { readonly status: 'failed' | 'did not load' | 'timed out'; readonly test: string };

/** What vitest's JSON reporter writes, as far as it is needed. */
interface JsonReport {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

let running: ChildProcess | undefined;

/** Ends the run in progress with all its workers. */
export function stopTests(): void {
  if (running?.pid === undefined) return;
  try {
    process.kill(-running.pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

export interface TestRun {
  /** A copy of the workspace. */
  readonly folder: string;
  /** Test files from the root of the workspace; all if absent. */
  readonly tests?: readonly string[];
  readonly exclude?: readonly string[];
  /** Part of the adapter's name; that of the environment if absent. */
  readonly adapter?: string | undefined;
  /** Milliseconds. */
  readonly limit: number;
}

/** Runs test files up to the first failure, with the project's own fixtures alone. */
export async function runTests({
  folder,
  tests = [],
  exclude = [],
  adapter,
  limit,
}: TestRun): Promise<Outcome> {
  const reportFile = join(folder, 'mutant-report.json');
  rmSync(reportFile, { force: true });
  const { ICL_GD_SHARED: _, ...env } = process.env;
  const vitest = join(folder, 'node_modules', 'vitest', 'vitest.mjs');
  const options = ['--bail=1', '--reporter=json', `--outputFile=${reportFile}`];
  const excluded = exclude.map((file) => `--exclude=${file}`);
  // A group of its own, so that workers that hang can be ended with it.
  const child = spawn(process.execPath, [vitest, 'run', ...tests, ...excluded, ...options], {
    cwd: folder,
    env: adapter === undefined ? env : { ...env, ICL_GD_ADAPTER: adapter },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running = child;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    stopTests();
  }, limit);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  running = undefined;
  if (timedOut) return { status: 'timed out', test: `${tests.join(', ')} after ${limit / 1000} s` };
  if (!existsSync(reportFile)) return { status: 'did not load', test: lastLine(output) };
  return outcomeOf(JSON.parse(readFileSync(reportFile, 'utf8')) as JsonReport, folder, code, output);
}

function outcomeOf(
  { testResults }: JsonReport,
  folder: string,
  code: number | null,
  output: string,
): Outcome {
  if (code === 0) return { status: 'passed' };
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    if (failed !== undefined)
      return { status: 'failed', test: `${relative(folder, name)} > ${failed.fullName}` };
  }
  // Hooks belong to no test: tests ran, but what was checked before or after them failed.
  const file = testResults.find(({ status }) => status === 'failed');
  if (file === undefined)
    return { status: 'failed', test: `no test, but the run (code ${code}): ${firstError(output)}` };
  const [message = ''] = file.message.split('\n');
  const ran = file.assertionResults.some(({ status }) => status === 'passed');
  return { status: ran ? 'failed' : 'did not load', test: `${relative(folder, file.name)} (${message})` };
}

/** What vitest says of errors that belong to no test. */
function firstError(output: string): string {
  return (
    output
      .split('\n')
      .find((line) => /Error/.test(line))
      ?.trim() ?? lastLine(output)
  );
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}
