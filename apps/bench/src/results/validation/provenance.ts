import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const shape = z.object({
  icl_gd: z.string(),
  node: z.string(),
  platform: z.string(),
  adapter: z.object({ description: z.string(), kind: z.string(), source: z.string() }),
  command: z.array(z.string()).optional(),
  model: z.object({
    name: z.string(),
    hub: z.object({ id: z.string(), revision: z.string().optional() }).loose().optional().nullable(),
    parameters: z.number(),
    files: z.array(z.object({ file: z.string(), sha256: z.string() })).optional(),
  }),
  settings: z.record(z.string(), z.unknown()),
});

/** What a run says of how it came about: from its manifest. */
export type Provenance = z.infer<typeof shape>;

/** Nothing where there is no manifest, or one that lacks what is shown; that it is damaged is said where it is needed. */
export async function readProvenance(folder: string): Promise<Provenance | undefined> {
  try {
    return shape.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  } catch {
    return undefined;
  }
}
