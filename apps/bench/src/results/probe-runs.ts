import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProbeToken } from '@icl-gd/methods';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { z } from 'zod';

/** The tokens that a page can be about, the one at which the prediction is made first. */
export const HEADLINES: readonly ProbeToken[] = ['prompt', 'label'];

/** A folder of results and the token at which its run was probed. */
export interface ProbeRun {
  readonly probe: ProbeToken;
  readonly folder: string;
}

const manifest = z.object({
  model: z.object({ name: z.string() }),
  datasets: z.record(z.string(), z.object({ sha256: z.unknown() })),
  settings: z.object({ probe: z.enum(['prompt', 'label']) }).catchall(z.unknown()),
});

/**
 * The run of a folder, and beside it that of the other probed token: in the folder below it that is called after the token, where
 * `icl-gd run --probe label,prompt` and the preset `paper` write it, if model, data and settings are the same.
 * @returns none for a folder without a manifest that says its token
 */
export async function findProbeRuns(folder: string): Promise<ProbeRun[]> {
  const own = await read(folder);
  if (!own) return [];
  const found: ProbeRun[] = [{ probe: own.settings.probe, folder }];
  for (const probe of HEADLINES) {
    if (probe === own.settings.probe) continue;
    const below = join(folder, probe);
    const other = await read(below);
    if (other?.settings.probe === probe && sameButProbe(own, other)) found.push({ probe, folder: below });
  }
  return found;
}

/**
 * The runs in the order of a page: the headline's first.
 * @param headline the token asked for; if none is, `prompt` where it was run
 * @throws UserError if the token asked for was not run
 */
export function withHeadline(runs: readonly ProbeRun[], headline: ProbeToken | undefined): ProbeRun[] {
  const first = headline ?? HEADLINES.find((token) => runs.some(({ probe }) => probe === token));
  if (headline !== undefined && !runs.some(({ probe }) => probe === headline))
    throw new UserError(
      `--headline ${headline}: nothing was probed at this token${runs.length === 0 ? '' : `, only at ${runs.map(({ probe }) => probe).join(', ')}`}; \`icl-gd run --probe label,prompt\` records both`,
    );
  return runs.toSorted((a, b) => Number(b.probe === first) - Number(a.probe === first));
}

type Manifest = z.infer<typeof manifest>;

function sameButProbe(a: Manifest, b: Manifest): boolean {
  const rest = ({ model, datasets, settings }: Manifest): string =>
    JSON.stringify([
      model.name,
      Object.entries(datasets).map(([id, { sha256 }]) => [id, sha256]),
      { ...settings, probe: '' },
    ]);
  return rest(a) === rest(b);
}

/** What is wrong with a manifest is said where model and data are read from it. */
async function read(folder: string): Promise<Manifest | undefined> {
  try {
    return manifest.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  } catch {
    return undefined;
  }
}
