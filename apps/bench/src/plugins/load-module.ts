import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { z } from 'zod';
import type { PluginFile } from './plugin-file.ts';
import { sourceDigest } from './source-digest.ts';

/** What a TypeScript or JavaScript module of the user's exports, and its digest from before it was loaded. */
export interface LoadedModule {
  readonly file: PluginFile;
  readonly exports: Readonly<Record<string, unknown>>;
}

/**
 * @param what the file is for, in messages
 * @throws UserError naming the file and what is wrong with it
 */
export async function loadModule(path: string, what: string): Promise<LoadedModule> {
  requireReadable(path, what);
  requireRunnable(path, what);
  const digest = sourceDigest(path);
  return { file: { path, digest }, exports: await importModule(path) };
}

/**
 * What a module exports under this name, or by default.
 * @throws UserError if it exports neither
 */
export function exportedAs(name: string, { file, exports }: LoadedModule): unknown {
  const exported = exports[name] ?? exports['default'];
  if (exported === undefined || exported === null) throw new UserError(`${file.path}: exports no "${name}"`);
  return exported;
}

/**
 * Checks a value by a schema and gives it back as it is.
 * @param name what the value is, as messages call it
 * @throws UserError naming the file and the member that does not fit
 */
export function requireShape(schema: z.ZodType, value: unknown, name: string, path: string): void {
  const result = parse(schema, value, name, path);
  if (result.success) return;
  const [issue] = result.error.issues;
  throw new UserError(`${path}: ${[name, ...(issue?.path ?? [])].map(String).join('.')}: ${issue?.message}`);
}

/** Its members may be getters and schemas of another library: looking at them may throw anything. */
function parse(schema: z.ZodType, value: unknown, name: string, path: string): z.ZodSafeParseResult<unknown> {
  try {
    return schema.safeParse(value);
  } catch (error) {
    throw new UserError(`${path}: the ${name.replace(/\[\d+\]$/, '')} cannot be read (${reasonOf(error)})`);
  }
}

function requireReadable(path: string, what: string): void {
  try {
    readFileSync(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(
      `${path}: the ${what} file ${missing ? 'does not exist' : `cannot be read (${(error as Error).message})`}`,
    );
  }
}

/**
 * @throws UserError for TypeScript where Node does not take types out of it
 */
export function requireRunnable(path: string, what: string, features: object = process.features): void {
  if (!/\.[cm]?ts$/.test(path) || ('typescript' in features && features.typescript !== false)) return;
  throw new UserError(
    `${path}: Node ${process.versions.node} runs no TypeScript; give the ${what} as JavaScript, or use Node 22.18 or newer`,
  );
}

async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new UserError(`${path}: cannot be loaded (${reasonOf(error)})`);
  }
}

/** Code of the user's may throw anything. */
export function reasonOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message}` : inspect(error);
  } catch {
    return 'it threw something that cannot be shown';
  }
}
