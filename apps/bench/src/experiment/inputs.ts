import { existsSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  Checkpoint,
  type DownloadObserver,
  type FileDigest,
  type ModelDescription,
  type ModelLocation,
  UserError,
  describeModel,
  loadTokenizer,
  specialToken,
} from '@icl-gd/transformer';
import { type RunSettings, selections } from './plan.ts';
import { type PreparedRun, prepareRun } from '../tasks/prompts/prepare-run.ts';
import { type Dataset, readDataset } from '../tasks/dataset.ts';

/** Row counts and mean length of a dataset as this run sees it. */
export interface DatasetStatistics {
  readonly train: number;
  readonly validation: number;
  /** Mean tokens of a prompt without BOS and option, over the evaluated examples. */
  readonly averageTokens: number;
  readonly sha256: Dataset['sha256'];
  /** Where it was fetched from, if it was. */
  readonly hub?: Dataset['hub'];
}

/** All that a run reads, checked before anything is computed or written. */
export interface RunInputs {
  readonly model: ModelDescription;
  readonly modelDigests: readonly FileDigest[];
  readonly statistics: ReadonlyMap<string, DatasetStatistics>;
  /** By dataset and seed, in plan order. */
  readonly prepared: readonly PreparedRun[];
}

/** @throws UserError naming the file, option or dataset that does not fit */
export async function readInputs(
  { directory: modelDirectory, name }: ModelLocation,
  data: string | undefined,
  settings: RunSettings,
  observer: DownloadObserver = {},
): Promise<RunInputs> {
  const model = await describeModel(modelDirectory, name);
  const tokenizer = await loadTokenizer(modelDirectory, observer);
  const { config } = model;
  const limits = {
    bosTokenId: specialToken(config, 'bosTokenId', modelDirectory),
    eosTokenId: specialToken(config, 'eosTokenId', modelDirectory),
    contextLength: config.contextLength,
  };
  const statistics = new Map<string, DatasetStatistics>();
  const prepared: PreparedRun[] = [];
  for (const task of settings.datasets) {
    const dataset = await readDataset(data, task, observer);
    const runs = selections(task, settings).map((selection) =>
      prepareRun(task, dataset, tokenizer, limits, {
        ...selection,
        shots: settings.shots ?? task.defaults.shots,
        examples: settings.examples,
        fineTuningOrder: settings.fineTuningOrder,
      }),
    );
    for (const run of runs) {
      requireVocabulary(run, config.vocabSize, modelDirectory);
      prepared.push(run);
    }
    const lengths = (runs[0] as PreparedRun).queries.map(({ tokens }) => tokens.length);
    statistics.set(task.id, {
      train: dataset.train.length,
      validation: dataset.validation.length,
      averageTokens: lengths.reduce((total, n) => total + n, 0) / lengths.length,
      sha256: dataset.sha256,
      ...(dataset.hub ? { hub: dataset.hub } : {}),
    });
  }
  const checkpoint = await Checkpoint.open(modelDirectory);
  try {
    return { model, modelDigests: await checkpoint.digests(), statistics, prepared };
  } finally {
    await checkpoint.close();
  }
}

/**
 * Tries whether files can be written to `out`, leaving no trace.
 * @throws UserError if not
 */
export async function requireWritable(out: string): Promise<void> {
  const created: string[] = [];
  try {
    // Level by level: Node's recursive mkdir never returns below /proc.
    for (const level of missingLevels(resolve(out))) {
      await mkdir(level);
      created.push(level);
    }
    const probe = join(resolve(out), `.icl-gd-${process.pid}`);
    await mkdir(probe);
    await rmdir(probe);
  } catch (error) {
    throw new UserError(`--out ${out} cannot be written (${(error as Error).message})`);
  } finally {
    for (const level of created.toReversed()) await rmdir(level);
  }
}

/** Folders on the way to `path` that do not exist yet, outermost first. */
function missingLevels(path: string): string[] {
  const parent = dirname(path);
  return existsSync(path) || parent === path ? [] : [...missingLevels(parent), path];
}

/** @throws UserError if a token of a demonstration, a query or an option is beyond the model's vocabulary */
export function requireVocabulary(
  run: Pick<PreparedRun, 'dataset' | 'demonstrations' | 'queries'>,
  vocabSize: number,
  modelDirectory: string,
): void {
  const tokens = [
    ...run.demonstrations.map((demonstration) => demonstration.tokens),
    ...run.queries.flatMap((query) => [query.tokens, ...query.options]),
  ];
  for (const token of tokens.flat()) {
    if (token >= vocabSize) {
      throw new UserError(
        `${modelDirectory}: the tokenizer gives token ${token} in ${run.dataset}, but config.json has vocab_size ${vocabSize}: they do not belong together`,
      );
    }
  }
}
