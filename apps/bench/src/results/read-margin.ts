import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { MeasuredRun } from './measured.ts';

const manifest = z.object({ settings: z.object({ margin: z.number().positive() }) });

/** The margin that a run declared in its manifest; none of a run that has no manifest, or none that says one. */
export async function readMargin(folder: string): Promise<Pick<MeasuredRun, 'margin'>> {
  try {
    const text = await readFile(join(folder, 'manifest.json'), 'utf8');
    return { margin: manifest.parse(JSON.parse(text)).settings.margin };
  } catch {
    // What is wrong with a manifest is said where model and data are read from it.
    return {};
  }
}
