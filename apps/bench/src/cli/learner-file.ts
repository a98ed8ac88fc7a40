import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Learner, learners } from '@icl-gd/methods';
import { UserError } from '@icl-gd/transformer';
import { z } from 'zod';

/** Learners of the user's own, and digests of their source by id. */
export interface ForeignLearners {
  readonly learners: readonly Learner[];
  readonly digests: ReadonlyMap<string, string>;
}

export const NO_FOREIGN_LEARNERS: ForeignLearners = { learners: [], digests: new Map() };

/** What a module must export as `learner` or by default; the rest is the type `Learner` of @icl-gd/methods. */
const shape = z.looseObject({
  id: z.string().regex(/^[A-Za-z][\w.-]*$/, 'must be letters, digits, "-", "_" or "."'),
  label: z.string(),
  source: z.string(),
  role: z.literal('learner'),
  needs: z.enum(['none', 'context', 'all']),
  adapt: z.custom<Learner['adapt']>((value) => typeof value === 'function', 'must be a function'),
});

/**
 * Loads learners from TypeScript or JavaScript modules.
 * @throws UserError naming the file and what is wrong with it
 */
export async function loadLearnerFiles(paths: readonly string[]): Promise<ForeignLearners> {
  const loaded: Learner[] = [];
  const digests = new Map<string, string>();
  for (const path of paths) {
    const text = readSource(path);
    const learner = toLearner(await importModule(path), path);
    const taken = [...learners, ...loaded].find(({ id }) => id.toLowerCase() === learner.id.toLowerCase());
    if (taken) throw new UserError(`${path}: a learner is called ${taken.id} already`);
    loaded.push(learner);
    digests.set(learner.id, createHash('sha256').update(text).digest('hex').slice(0, 32));
  }
  return { learners: loaded, digests };
}

function readSource(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(
      `${path}: the learner file ${missing ? 'does not exist' : `cannot be read (${(error as Error).message})`}`,
    );
  }
}

async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new UserError(`${path}: cannot be loaded (${(error as Error).message})`);
  }
}

function toLearner(module: Readonly<Record<string, unknown>>, path: string): Learner {
  const exported = module['learner'] ?? module['default'];
  if (exported === undefined) throw new UserError(`${path}: exports no "learner"`);
  const result = shape.safeParse(exported);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new UserError(`${path}: learner.${issue?.path.join('.')}: ${issue?.message}`);
  }
  return exported as Learner;
}
