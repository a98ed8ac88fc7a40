import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isTemporary } from '@icl-gd/transformer/files';
import { type FileFault, type FileStep, injectFileFaults } from '@icl-gd/transformer/testing/file-faults';
import type { Ended, Scenario } from './scenarios.ts';

/** Every kind of fault that a step may meet. */
export const FAULTS = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE', 'die'] as const;
export type Fault = (typeof FAULTS)[number];

/** What is in a folder after a command that nothing hindered, and the steps that it took to write it. */
export interface Undisturbed {
  readonly steps: readonly FileStep[];
  readonly tree: ReadonlyMap<string, string>;
}

/** Digests of all files below a folder, by path; what tells of time is left out. */
function treeOf(out: string): Map<string, string> {
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  return new Map(
    paths.map((path) => {
      const hash = createHash('sha256').update(timeless(path));
      return [path.slice(out.length + 1), hash.digest('hex')];
    }),
  );
}

function timeless(path: string): Buffer | string {
  const bytes = readFileSync(path);
  if (path.endsWith('manifest.json')) return bytes.toString().replace(/"written_at": "[^"]*"/, '');
  // The digest is one of the seconds, too.
  if (path.endsWith('state.json')) return bytes.toString().replaceAll(/"(seconds|digest)":[^,}]*/g, '');
  return bytes;
}

/** Runs a scenario unhindered in a folder that is made anew. */
export async function undisturbed(scenario: Scenario, out: string, inputs: string): Promise<Undisturbed> {
  begin(scenario, out, inputs);
  const steps: FileStep[] = [];
  const restore = injectFileFaults(dirname(out), (_, step) => {
    steps.push(step);
    return undefined;
  });
  try {
    requireSuccess(await scenario.run(out, inputs));
  } finally {
    restore();
  }
  return { steps, tree: treeOf(out) };
}

/**
 * Runs a scenario with a fault at one step, and then again unhindered.
 * @returns what is wrong with the outcome, one line each
 */
export async function faultTrial(
  scenario: Scenario,
  { out, inputs, whole }: { readonly out: string; readonly inputs: string; readonly whole: Undisturbed },
  at: number,
  fault: Fault,
): Promise<string[]> {
  begin(scenario, out, inputs);
  const kept = new Set<string>();
  const injected: FileFault = fault === 'die' ? 'die' : { code: fault };
  let met = false;
  const restore = injectFileFaults(dirname(out), (index, { operation, path }) => {
    if (index < at && operation === 'rename' && path.includes('records')) kept.add(path);
    if (operation === 'rm') kept.delete(path);
    met ||= index === at;
    return index === at ? injected : undefined;
  });
  let ended: Ended;
  try {
    ended = await scenario.run(out, inputs);
  } finally {
    restore();
  }
  const wrong = [...(met ? [] : ['the step was not reached']), ...wrongEnd(ended)];
  for (const path of kept) if (!existsSync(path)) wrong.push(`${path} was finished and is gone`);
  return [...wrong, ...(await wrongAfterwards(scenario, { out, inputs, whole }))];
}

/** Runs a scenario once more, unhindered: what differs then from a run that was never hindered. */
export async function wrongAfterwards(
  scenario: Scenario,
  { out, inputs, whole }: { readonly out: string; readonly inputs: string; readonly whole: Undisturbed },
): Promise<string[]> {
  const again = await scenario.run(out, inputs);
  if (again.code !== 0) return [`afterwards: exit code ${again.code}: ${again.stderr}`];
  const tree = treeOf(out);
  return [...new Set([...tree.keys(), ...whole.tree.keys()])].flatMap((path) => {
    if (tree.get(path) === whole.tree.get(path)) return [];
    if (isTemporary(path.slice(path.lastIndexOf('/') + 1))) return [`${path} is left`];
    return [`${path} ${tree.has(path) ? (whole.tree.has(path) ? 'differs' : 'is new') : 'is missing'}`];
  });
}

/** A hindered command ends as if nothing had been, or with one line and an exit code that says what it was. */
function wrongEnd({ code, stderr }: Ended): string[] {
  if (code === 0) return [];
  const lines = stderr.split('\n').filter((line) => line.startsWith('icl-gd: '));
  const wrong: string[] = [];
  // Where nothing can be written from the beginning, the option that names the folder is wrong input.
  if (code !== 3 && !(code === 2 && /--(?:out|from) .* cannot be written/.test(stderr)))
    wrong.push(`exit code ${code}: ${stderr}`);
  if (lines.length !== 1) wrong.push(`${lines.length} lines of error: ${stderr}`);
  return wrong;
}

function begin(scenario: Scenario, out: string, inputs: string): void {
  rmSync(dirname(out), { recursive: true, force: true });
  mkdirSync(dirname(out), { recursive: true });
  scenario.prepare?.(out, inputs);
}

function requireSuccess({ code, stderr }: Ended): void {
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
}
