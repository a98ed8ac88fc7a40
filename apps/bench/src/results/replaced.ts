import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type RunSettings, planTrials } from '../experiment/plan.ts';
import type { FinishedRun } from '../experiment/run.ts';
import { describedMetrics } from './known-metrics.ts';

/** Options that tables do not name in every row, with what stands for one that is not given. */
const OPTIONS = {
  examples: ['--examples', undefined],
  development: ['--development', undefined],
  probe: ['--probe', undefined],
  dtype: ['--dtype', undefined],
  matmul: ['--matmul', undefined],
  initSeed: ['--init-seed', undefined],
  fineTuningOrder: ['--fine-tuning-order', 'in-context'],
  matchedDemonstrations: ['--matched-demonstrations', false],
} as const satisfies Partial<Record<keyof RunSettings, readonly [flag: string, otherwise?: unknown]>>;

const earlierManifest = z.object({
  model: z.object({ files: z.array(z.object({ file: z.string(), sha256: z.string() })) }),
  settings: z.record(z.string(), z.unknown()),
  cells: z.array(z.object({ dataset: z.string(), shots: z.number(), learningRate: z.number() })),
});

/**
 * By which options the tables that a folder holds, going by its manifest, are of another configuration than a run that is
 * about to replace them; none where it holds none.
 */
export async function replacedOptions(
  folder: string,
  { settings, inputs }: Pick<FinishedRun, 'settings' | 'inputs'>,
): Promise<string[]> {
  const earlier = await readEarlier(folder);
  if (!earlier) return [];
  const trials = planTrials(settings);
  const ofTrials = (key: 'shots' | 'learningRate'): boolean =>
    earlier.cells.some((cell) =>
      trials.some((own) => own.dataset === cell.dataset && own[key] !== cell[key]),
    );
  const files = inputs.modelDigests.map(({ file, sha256 }) => `${file} ${sha256}`);
  return [
    ...(files.join() === earlier.model.files.map(({ file, sha256 }) => `${file} ${sha256}`).join()
      ? []
      : ['--model']),
    ...(ofTrials('shots') ? ['--shots'] : []),
    ...(ofTrials('learningRate') ? ['--learning-rate'] : []),
    ...Object.entries(OPTIONS).flatMap(([key, [flag, otherwise]]) =>
      (settings[key as keyof typeof OPTIONS] ?? otherwise) === (earlier.settings[key] ?? otherwise)
        ? []
        : [flag],
    ),
  ];
}

/**
 * Metrics of the user's own, with their files, that the tables of a folder have and those that are about to replace them have
 * not, since the command does not name their files.
 */
export async function droppedMetrics(
  folder: string,
  { foreignMetrics = new Map() }: Pick<FinishedRun, 'foreignMetrics'>,
): Promise<{ readonly id: string; readonly path: string }[]> {
  const earlier = describedMetrics.safeParse(await readManifest(folder)).data?.metric_files ?? {};
  return Object.entries(earlier).flatMap(([id, { path }]) => (foreignMetrics.has(id) ? [] : [{ id, path }]));
}

async function readManifest(folder: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

async function readEarlier(folder: string): Promise<z.infer<typeof earlierManifest> | undefined> {
  return earlierManifest.safeParse(await readManifest(folder)).data;
}
