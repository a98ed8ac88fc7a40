import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'node:util';
import { parse } from 'csv-parse/sync';
import { runCommand } from '../apps/bench/src/cli/run-command.ts';

export type Row = Readonly<Record<string, string>>;

/** A golden fixture: a model, a run, and its numbers from an independent float64 implementation. */
export interface Fixture {
  readonly name: string;
  readonly model: string;
  readonly data: string;
  readonly golden: string;
  readonly run: {
    readonly dataset: string;
    readonly k: number;
    readonly seed: number;
    readonly examples: number;
    readonly lr: number;
    readonly probe: string;
    readonly permutation: number;
  };
}

const OWN = ['own-text-gpt2', 'own-text-xglm'];
/** Fixtures of families that are supported, beside our own. */
const SHARED = ['A-gpt2-mr', 'B-xglm-sst2', 'K-opt-sst2', 'N-pythia-subj', 'P-llama-sst5-tied'];

/** Our own fixtures always; the others where ICL_GD_SHARED names the folder that holds them. */
export function fixtures(): Fixture[] {
  const shared = process.env['ICL_GD_SHARED'];
  const own = OWN.map((name) => open(join(import.meta.dirname, 'fixtures', name), name));
  return shared
    ? [...own, ...SHARED.map((name) => open(join(shared, 'oracle', name), name, join(shared, 'data')))]
    : own;
}

function open(folder: string, name: string, data = join(folder, 'data')): Fixture {
  if (!existsSync(join(folder, 'run.json'))) throw new Error(`fixture ${name} is missing at ${folder}`);
  return {
    name,
    model: join(folder, 'model'),
    data,
    golden: join(folder, 'golden'),
    run: readJson(join(folder, 'run.json')) as Fixture['run'],
  };
}

/** Options of `icl-gd run` that repeat a fixture, without controls: they take time, and tests/controls.test.ts has them. */
export function runArguments({ model, data, run }: Fixture, out: string): string[] {
  return [
    ...[
      'run',
      '--model',
      model,
      '--data',
      data,
      '--datasets',
      run.dataset,
      '--methods',
      'gd,lcgd',
      '--controls',
      'none',
      '--variants',
      'trained',
    ],
    ...[
      '--shots',
      `${run.k}`,
      '--seeds',
      `${run.seed}`,
      '--permutation',
      `${run.permutation}`,
      '--examples',
      `${run.examples}`,
    ],
    ...[
      '--learning-rate',
      `${run.lr}`,
      '--probe',
      run.probe,
      '--adapter',
      process.env['ICL_GD_ADAPTER'] ?? 'auto',
      '--out',
      out,
    ],
  ];
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node in a process of its own; `env` is added to this process's environment. */
export function runNode(
  args: readonly string[],
  { cwd, env }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [...args], { cwd, env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs the command in a process of its own, as a user does. */
export function spawnIclGd(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
  const launcher = join(import.meta.dirname, '..', 'apps', 'bench', 'bin', 'icl-gd.js');
  return runNode([launcher, ...args], { env });
}

/** Runs the command line in this process: the same program without the start of another one. */
export async function iclGd(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
  const texts = { stdout: '', stderr: '' };
  const restore = [setEnvironment(env), capture(texts)];
  try {
    return { code: await runCommand(args), ...texts };
  } finally {
    for (const undo of restore) undo();
  }
}

function setEnvironment(env: NodeJS.ProcessEnv): () => void {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

/** What is printed goes to `texts`, whichever way it is printed. */
function capture(texts: { stdout: string; stderr: string }): () => void {
  const { log, error } = console;
  const writes = { stdout: process.stdout.write, stderr: process.stderr.write };
  console.log = (...parts: unknown[]) => void (texts.stdout += `${format(...parts)}\n`);
  console.error = (...parts: unknown[]) => void (texts.stderr += `${format(...parts)}\n`);
  for (const stream of ['stdout', 'stderr'] as const)
    process[stream].write = ((text: string | Uint8Array) => {
      texts[stream] += typeof text === 'string' ? text : Buffer.from(text).toString();
      return true;
    }) as typeof process.stdout.write;
  return () => {
    Object.assign(console, { log, error });
    process.stdout.write = writes.stdout;
    process.stderr.write = writes.stderr;
  };
}

export function readCsv(file: string): Row[] {
  return parse(readFileSync(file), { columns: true }) as Row[];
}

export function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
