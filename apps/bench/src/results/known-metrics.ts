import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import {
  type MetricCatalogue,
  type OwnMetric,
  builtInMetrics,
  exampleRange,
  metricCatalogue,
} from '@icl-gd/metrics';
import { z } from 'zod';
import { metricDescription } from '../plugins/metric-shape.ts';
import { type Column, text } from './read-table.ts';

/** The metrics of a run that is read from its files: what ids and values its tables may have. */
export class KnownMetrics {
  /** Of the user's own the descriptions alone: nothing can be scored again. */
  readonly catalogue: MetricCatalogue;
  readonly #ranges: ReadonlyMap<string, Range>;
  readonly #exampleRanges: ReadonlyMap<string, Range>;

  constructor(catalogue: MetricCatalogue) {
    this.catalogue = catalogue;
    this.#ranges = new Map(catalogue.metrics.map(({ id, range }) => [id, range]));
    this.#exampleRanges = new Map(catalogue.metrics.map((metric) => [metric.id, exampleRange(metric)]));
  }

  /** A name that the run measured: what any other name's values mean nobody could say. */
  readonly id: Column<string> = (field) => {
    const id = text(field);
    if (!this.#ranges.has(id))
      throw new UserError(
        `"${id}" is none that this version knows, and none of a metric file that manifest.json describes`,
      );
    return id;
  };

  /** @throws UserError for a value that the metric cannot have */
  requireRange(metric: string, value: number | null, place: () => string): void {
    refuseOutside(metric, value, this.#ranges.get(metric), place);
  }

  /** As {@link requireRange}, of what a metric has for one example. */
  requireExampleRange(metric: string, value: number | null, place: () => string): void {
    refuseOutside(metric, value, this.#exampleRanges.get(metric), place);
  }
}

type Range = OwnMetric['range'];

function refuseOutside(
  metric: string,
  value: number | null,
  [least, most]: Range = [null, null],
  place: () => string,
): void {
  if (value === null || (value >= (least ?? -Infinity) && value <= (most ?? Infinity))) return;
  throw new UserError(`${place()} ${value}: ${metric} lies between ${least ?? '-∞'} and ${most ?? '∞'}`);
}

/** What of a manifest says which metrics of the user's own its run measured. */
export const describedMetrics = z.object({
  metric_files: z
    .record(z.string(), metricDescription.extend({ path: z.string(), digest: z.string() }))
    .optional(),
});

/**
 * The built-in metrics, and those that the run of a folder had from files, by what its manifest.json says of them: the files
 * need not be there any more.
 * @throws UserError if the manifest describes a metric that cannot be
 */
export async function readKnownMetrics(folder: string): Promise<KnownMetrics> {
  const path = join(folder, 'manifest.json');
  const read = describedMetrics.safeParse(await readManifest(path));
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new UserError(`${path}: ${issue?.path.map(String).join('.') || 'the file'}: ${issue?.message}`);
  }
  const own = Object.values(read.data.metric_files ?? {});
  if (own.length === 0) return new KnownMetrics(builtInMetrics);
  try {
    return new KnownMetrics(metricCatalogue(own.map(describedMetric)));
  } catch (error) {
    throw new UserError(`${path}: metric_files: ${(error as Error).message}`);
  }
}

function describedMetric(description: z.infer<typeof metricDescription>): OwnMetric {
  const score = (): never => {
    throw new RangeError(`of ${description.id} the description alone is known`);
  };
  return { ...description, score } as unknown as OwnMetric;
}

/** Without a manifest, or where another reader refuses it, nothing is described. */
async function readManifest(path: string): Promise<unknown> {
  try {
    const manifest: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof manifest === 'object' && manifest !== null ? manifest : {};
  } catch {
    return {};
  }
}
