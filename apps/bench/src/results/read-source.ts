import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { z } from 'zod';
import type { DatasetSize } from './measured.ts';
import { type PaperMatch, matchPaper } from './published/paper-match.ts';

const hub = z.object({ id: z.string(), config: z.string().optional() });

/** What of manifest.json says of which model and data a run was. */
const manifest = z.object({
  model: z.object({
    name: z.string(),
    hub: hub.optional(),
    config: z.record(z.string(), z.unknown()),
  }),
  datasets: z.record(z.string(), z.object({ hub: hub.optional() })),
  settings: z.record(z.string(), z.unknown()),
});

/**
 * What of a run that is read from its files may stand beside the paper's figures, going by its manifest.json; nothing without
 * one, or where it is of another model or of other datasets than the tables.
 * @throws UserError if the manifest is damaged
 */
export async function readSource(
  folder: string,
  model: string,
  sizes: ReadonlyMap<string, DatasetSize>,
): Promise<PaperMatch> {
  const path = join(folder, 'manifest.json');
  const text = await readText(path);
  if (text === undefined) return matchPaper(undefined);
  const read = manifest.safeParse(parseJson(path, text));
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new UserError(
      `${path}: ${issue?.path.map(String).join('.') || 'the file'}: ${issue?.message}; it is not the manifest of a run`,
    );
  }
  const own = read.data;
  const hubs = new Map(Object.entries(own.datasets).map(([id, dataset]) => [id, dataset.hub]));
  if (own.model.name !== model || [...sizes.keys()].some((id) => !hubs.has(id))) return matchPaper(undefined);
  return matchPaper({
    model: own.model,
    datasets: new Map([...sizes].map(([id, size]) => [id, { ...size, hub: hubs.get(id) }])),
    settings: own.settings,
  });
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UserError(`${path} cannot be read (${(error as Error).message})`);
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} is not JSON (${(error as Error).message}): it is not the manifest of a run`);
  }
}
