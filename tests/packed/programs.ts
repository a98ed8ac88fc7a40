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

/** Without the folders that npm puts there for scripts of the repository. */
function outsidePath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.filter((folder) => !/node_modules|node-gyp-bin/.test(folder)).join(delimiter);
}
