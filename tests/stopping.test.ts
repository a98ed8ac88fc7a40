import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { spawnIclGd } from './golden.ts';

const LAUNCHER = join(import.meta.dirname, '../apps/bench/bin/icl-gd.js');
const FIXTURE = join(import.meta.dirname, 'fixtures/own-text-gpt2');
const ADAPTER = process.env['ICL_GD_ADAPTER'] ?? 'auto';
const KEPT = 'finished parts are kept, the same command goes on from there';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'icl-gd-stopping-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Far more work than a test waits for. */
function longRun(out: string): string[] {
  const inputs = ['--model', join(FIXTURE, 'model'), '--data', join(FIXTURE, 'data'), '--datasets', 'mr'];
  const seeds = Array.from({ length: 30 }, (_, seed) => seed).join(',');
  return [
    'run',
    ...inputs,
    '--shots',
    '16',
    '--seeds',
    seeds,
    '--adapter',
    ADAPTER,
    '--out',
    join(folder, out),
  ];
}

/** A command in a process of its own, and what it has printed on stderr. */
class Running {
  readonly child: ChildProcess;
  stderr = '';
  readonly ended: Promise<number | NodeJS.Signals | null>;
  #look = (): void => {};

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [LAUNCHER, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
      this.#look();
    });
    this.ended = new Promise((resolve) =>
      this.child.on('close', (code, signal) => {
        resolve(code ?? signal);
        this.#look();
      }),
    );
  }

  /** Waits until it has printed that. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stderr)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended without ${String(pattern)}: ${this.stderr}`);
      await new Promise<void>((resolve) => (this.#look = resolve));
    }
  }

  get lastLine(): string | undefined {
    return this.stderr.trimEnd().split('\n').at(-1);
  }
}

/** A run that is inside of a loop that never ends, as it may be inside of a native call, and its process's id. */
async function stuckRun(name: string): Promise<{ run: Running; pid: number }> {
  const learner = join(folder, `${name}.mjs`);
  writeFileSync(
    learner,
    "import { writeSync } from 'node:fs'; writeSync(2, `stuck in ${process.pid}\\n`); for (;;);",
  );
  const run = new Running([...longRun(name), '--learner-file', learner]);
  await run.until(/stuck in \d+\n/);
  return { run, pid: Number(/stuck in (\d+)/.exec(run.stderr)?.[1]) };
}

/** Waits until there is no such process. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s stops a run with exit code %d and says what is kept', async (signal, code) => {
  const run = new Running(longRun(signal));
  await run.until(/memory plan/);
  run.child.kill(signal);
  expect(await run.ended).toBe(code);
  expect(run.lastLine).toBe(`icl-gd: stopped; ${KEPT}`);
});

it('a second signal ends it at once', async () => {
  const run = new Running(longRun('twice'));
  await run.until(/memory plan/);
  run.child.kill('SIGINT');
  run.child.kill('SIGTERM');
  expect([130, 143]).toContain(await run.ended);
  expect(run.lastLine).toBe(`icl-gd: stopped; ${KEPT}`);
});

it('stops while no JavaScript of its own can run', async () => {
  const { run, pid } = await stuckRun('stuck');
  run.child.kill('SIGINT');
  expect(await run.ended).toBe(130);
  expect(run.lastLine).toBe(`icl-gd: stopped; ${KEPT}`);
  await gone(pid);
});

it('leaves no process where it is killed itself', async () => {
  const { run, pid } = await stuckRun('killed');
  run.child.kill('SIGKILL');
  expect(await run.ended).toBe('SIGKILL');
  await gone(pid);
});

it('says so where the system ends the process that computes', async () => {
  const { run, pid } = await stuckRun('ended');
  process.kill(pid, 'SIGKILL');
  expect(await run.ended).toBe(137);
  expect(run.lastLine).toBe(
    `icl-gd: failed: ended by SIGKILL, as the system does where memory runs out; ${KEPT}`,
  );
});

it('off a terminal says how far it is, on stderr alone, and computes the same', async () => {
  const args = (out: string): string[] => [
    ...['run', '--model', join(FIXTURE, 'model'), '--data', join(FIXTURE, 'data'), '--datasets', 'mr'],
    ...[
      '--methods',
      'gd',
      '--seeds',
      '5,6',
      '--examples',
      '4',
      '--adapter',
      ADAPTER,
      '--out',
      join(folder, out),
    ],
  ];
  const [often, never] = await Promise.all(
    ['0.01', '0'].map((seconds) =>
      spawnIclGd(args(`every-${seconds}`), { ICL_GD_PROGRESS_SECONDS: seconds }),
    ),
  );
  expect([often?.code, never?.code]).toEqual([0, 0]);
  const lines = (often?.stderr ?? '').split('\n').filter((line) => line.endsWith(' so far'));
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.filter((line) => line.startsWith('[1/2] trained mr seed 5')).length).toBeGreaterThan(0);
  expect(lines.filter((line) => / \d+ %, /.test(line)).length).toBeGreaterThan(0);
  expect(never?.stderr).not.toContain('so far');
  const files = (out: string): [string, string][] =>
    readdirSync(join(folder, out))
      .filter((name) => name.endsWith('.csv'))
      .map((name) => [name, readFileSync(join(folder, out, name), 'utf8')]);
  expect(files('every-0.01')).toEqual(files('every-0'));
  const printed = (result: typeof often): string | undefined =>
    result?.stdout.replaceAll(/every-[\d.]+/g, '');
  expect(printed(often)).toBe(printed(never));
});

it('says so from another thread where the main one is busy', async () => {
  const heartbeat = join(import.meta.dirname, '../apps/bench/src/terminal/heartbeat.ts');
  const busy = `import { doing } from ${JSON.stringify(heartbeat)}; doing({ text: 'busy' }); for (;;);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', busy], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ICL_GD_PROGRESS_SECONDS: '0.05' },
  });
  let stderr = '';
  await new Promise<void>((resolve) =>
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (stderr.split('\n').length > 3) resolve();
    }),
  );
  child.kill('SIGKILL');
  expect(stderr).toMatch(/^busy, 0 s so far\n/);
});
