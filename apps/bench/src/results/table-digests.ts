import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { DEVELOPMENT_COLUMNS } from './development/development-tables.ts';
import { TRIAL_FILES } from './rows.ts';

/** What a summary is made of. */
const VALIDATED = [...TRIAL_FILES, ...Object.keys(DEVELOPMENT_COLUMNS), 'table3.csv'];

/** SHA-256 of each table that is there, by file. */
export type TableDigests = Readonly<Record<string, string>>;

const recorded = z.object({ tables: z.record(z.string(), z.string()) });

export async function digestTables(folder: string): Promise<TableDigests> {
  const digests: Record<string, string> = {};
  for (const file of VALIDATED) {
    const digest = createHash('sha256');
    try {
      await pipeline(createReadStream(join(folder, file)), digest);
      digests[file] = digest.digest('hex');
    } catch {
      // It is not there.
    }
  }
  return digests;
}

/** What manifest.json, which a run writes last, has of its tables; undefined where there is none, or one of an older version. */
export async function recordedDigests(folder: string): Promise<TableDigests | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
    return recorded.safeParse(manifest).data?.tables;
  } catch {
    return undefined;
  }
}

/** Files that are not the same in both. */
export function differingTables(a: TableDigests, b: TableDigests): string[] {
  const of = (digests: TableDigests, file: string) =>
    Object.hasOwn(digests, file) ? digests[file] : undefined;
  return VALIDATED.filter((file) => of(a, file) !== of(b, file));
}

/**
 * Tables of a folder that are not as its run wrote them: changed since, or those of a run that was stopped while it wrote,
 * beside others that are older.
 */
export async function changedTables(folder: string): Promise<string[]> {
  const before = await recordedDigests(folder);
  return before === undefined ? [] : differingTables(before, await digestTables(folder));
}
