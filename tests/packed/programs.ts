import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

/** How a program ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a folder, with a Node first in the path. */
export function runProgram(
  command: readonly string[],
  { folder, node, env = {} }: { folder: string; node?: string; env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  const [program = '', ...args] = command;
  const path = [...(node === undefined ? [] : [dirname(node)]), outsidePath()].join(delimiter);
  const child = spawn(program, args, {
    ...{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH: path, ...env } },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** What went wrong, in words: a program that is well prints something and ends with 0. Empty if so. */
export function trouble({ code, stdout, stderr }: Ended): string {
  if (code === 0 && stdout !== '') return '';
  return `exit code ${code}\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`;
}

/** Without the folders that npm puts there for scripts of the repository. */
function outsidePath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.filter((folder) => !/node_modules|node-gyp-bin/.test(folder)).join(delimiter);
}
