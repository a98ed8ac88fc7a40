import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { type Learner, learners } from '@icl-gd/methods';
import { UserError } from '@icl-gd/transformer';
import type { LearnerFile } from '../experiment/run-request.ts';
import { learnerShape } from './learner-shape.ts';
import { sourceDigest } from './source-digest.ts';

/** Learners of the user's own, and their files by id. */
export interface ForeignLearners {
  readonly learners: readonly Learner[];
  readonly files: ReadonlyMap<string, LearnerFile>;
}

export const NO_FOREIGN_LEARNERS: ForeignLearners = { learners: [], files: new Map() };

/**
 * Loads learners from TypeScript or JavaScript modules.
 * @throws UserError naming the file and what is wrong with it
 */
export async function loadLearnerFiles(paths: readonly string[]): Promise<ForeignLearners> {
  const loaded: Learner[] = [];
  const files = new Map<string, LearnerFile>();
  for (const path of paths) {
    requireReadable(path);
    requireRunnable(path);
    const digest = sourceDigest(path);
    const learner = toLearner(await importModule(path), path);
    const taken = [...learners, ...loaded].find(({ id }) => id.toLowerCase() === learner.id.toLowerCase());
    if (taken) throw new UserError(`${path}: a learner is called ${taken.id} already`);
    loaded.push(learner);
    files.set(learner.id, { path, digest });
  }
  return { learners: loaded, files };
}

function requireReadable(path: string): void {
  try {
    readFileSync(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(
      `${path}: the learner file ${missing ? 'does not exist' : `cannot be read (${(error as Error).message})`}`,
    );
  }
}

/**
 * @throws UserError for TypeScript where Node does not take types out of it
 */
export function requireRunnable(path: string, features: object = process.features): void {
  if (!/\.[cm]?ts$/.test(path) || ('typescript' in features && features.typescript !== false)) return;
  throw new UserError(
    `${path}: Node ${process.versions.node} runs no TypeScript; give the learner as JavaScript, or use Node 22.18 or newer`,
  );
}

async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new UserError(`${path}: cannot be loaded (${reasonOf(error)})`);
  }
}

function toLearner(module: Readonly<Record<string, unknown>>, path: string): Learner {
  const exported = module['learner'] ?? module['default'];
  if (exported === undefined || exported === null) throw new UserError(`${path}: exports no "learner"`);
  const result = parseShape(exported, path);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new UserError(`${path}: ${['learner', ...(issue?.path ?? [])].join('.')}: ${issue?.message}`);
  }
  return exported as Learner;
}

/** Its members may be getters and its options a schema of another library: looking at them may throw anything. */
function parseShape(exported: unknown, path: string): ReturnType<typeof learnerShape.safeParse> {
  try {
    return learnerShape.safeParse(exported);
  } catch (error) {
    throw new UserError(`${path}: the learner cannot be read (${reasonOf(error)})`);
  }
}

/** A module may throw anything. */
function reasonOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message}` : inspect(error);
  } catch {
    return 'it threw something that cannot be shown';
  }
}
