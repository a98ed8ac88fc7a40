import {
  Checkpoint,
  type DownloadObserver,
  type FileDigest,
  type ModelDescription,
  UserError,
  describeModel,
  loadTokenizer,
  specialToken,
} from '@icl-gd/transformer';
import { hasCode, storageError, sweepTemporaries, tryWriting } from '@icl-gd/transformer/files';
import { familiesOf } from '../plugins/family-file.ts';
import { type PreparedDevelopment, developmentExamples, prepareDevelopment } from './development/prepare.ts';
import { type RunSettings, type Trial, comparedSettings, selections } from './plan.ts';
import { choicesAmong } from './setting.ts';
import type { RunRequest } from './run-request.ts';
import { type PreparedRun, fewerRows, prepareRun } from '../tasks/prompts/prepare-run.ts';
import { warnOfPrompts } from '../tasks/prompts/warnings.ts';
import { type Dataset, readDataset } from '../tasks/dataset.ts';
import type { Task } from '../tasks/task.ts';
import { orderDatasets } from '../tasks/tasks.ts';

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
  /** Of choices of demonstrations that earlier runs recorded, as far as they go with the settings. */
  readonly earlier: readonly PreparedRun[];
  /** Of each dataset, if the run asks for development data. */
  readonly development: readonly PreparedDevelopment[];
}

/**
 * @param earlier choices of demonstrations that earlier runs recorded, by dataset
 * @param otherTasks that demonstrations of another task come from
 * @throws UserError naming the file, option or dataset that does not fit
 */
export async function readInputs(
  {
    model: { directory: modelDirectory, name },
    data,
    foreignFamilies,
  }: Pick<RunRequest, 'model' | 'data' | 'foreignFamilies'>,
  settings: RunSettings,
  observer: DownloadObserver = {},
  earlier: readonly Pick<Trial, 'dataset' | 'seed' | 'permutation'>[] = [],
  otherTasks: readonly Task[] = settings.datasets,
): Promise<RunInputs> {
  const model = await describeModel(modelDirectory, {
    name,
    warn: (line) => observer.warn?.(line),
    families: familiesOf(foreignFamilies),
  });
  const tokenizer = await loadTokenizer(modelDirectory, observer);
  const { config } = model;
  const limits = {
    bosTokenId: specialToken(config, 'bosTokenId', modelDirectory),
    eosTokenId: specialToken(config, 'eosTokenId', modelDirectory),
    contextLength: config.contextLength,
  };
  const statistics = new Map<string, DatasetStatistics>();
  const prepared: PreparedRun[] = [];
  const preparedEarlier: PreparedRun[] = [];
  const development: PreparedDevelopment[] = [];
  const choices = choicesAmong(comparedSettings(settings));
  const crossing = choices.some(({ otherTask }) => otherTask);
  const kept = new Map<string, Promise<Dataset>>();
  const read = (task: Task): Promise<Dataset> => {
    const own = kept.get(task.id) ?? readDataset(data, task, observer);
    // Two at a time are needed only where one lends the other its demonstrations.
    if (crossing) kept.set(task.id, own);
    return own;
  };
  for (const task of settings.datasets) {
    const dataset = await read(task);
    const next = crossing ? nextTask(task, otherTasks) : undefined;
    const other = next && { task: next, dataset: await read(next) };
    const shots = settings.shots ?? task.defaults.shots;
    const fewer = fewerRows(task.id, shots, dataset.train.length);
    if (fewer !== undefined) observer.warn?.(fewer);
    const prepare = ({ seed, permutation }: Pick<Trial, 'seed' | 'permutation'>): PreparedRun =>
      prepareRun(task, dataset, tokenizer, limits, {
        ...{ seed, permutation, shots },
        examples: settings.examples,
        fineTuningOrder: settings.fineTuningOrder,
        ...{ matchedDemonstrations: settings.matchedDemonstrations ?? false, choices, other },
      });
    const runs = selections(task, settings).map(prepare);
    for (const own of earlier)
      if (own.dataset === task.id) preparedEarlier.push(...unlessRefused(() => prepare(own)));
    warnOfPrompts(task, { queries: (runs[0] as PreparedRun).queries, dataset }, tokenizer, observer.warn);
    const own =
      developmentExamples(settings) === undefined
        ? []
        : [prepareDevelopment(task, dataset, tokenizer, limits, settings)];
    for (const run of [...runs, ...own.flatMap((each) => each.runs)])
      requireVocabulary(run, config.vocabSize, modelDirectory);
    prepared.push(...runs);
    development.push(...own);
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
    return {
      model,
      modelDigests: await checkpoint.digests(),
      statistics,
      prepared,
      earlier: preparedEarlier,
      development,
    };
  } finally {
    await checkpoint.close();
  }
}

/** The task that stands after this one in the tables, the first after the last; undefined if there is no other. */
function nextTask({ id }: Task, tasks: readonly Task[]): Task | undefined {
  const ids = orderDatasets(tasks.map((task) => task.id));
  const next = ids[(ids.indexOf(id) + 1) % ids.length];
  return next === id ? undefined : tasks.find((task) => task.id === next);
}

/** Demonstrations of an earlier run with other settings may not fit this one's; then they are none of its. */
function unlessRefused(prepare: () => PreparedRun): PreparedRun[] {
  try {
    return [prepare()];
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** What writers that have died can have left unfinished lies here, and in the folder of a preset's own model and data. */
const WRITTEN_BELOW = ['records', 'probes', 'figures', 'state', 'smoke', 'embedded', 'embedded-full'];

/**
 * Tries whether files can be written to `out`, leaving no trace.
 * @param option that names the folder
 * @throws UserError if not
 */
export async function requireWritable(out: string, option = '--out'): Promise<void> {
  try {
    await tryWriting(out);
  } catch (error) {
    const full = hasCode(error, 'ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE');
    const reason = hasCode(error, 'ENOTDIR', 'EEXIST')
      ? 'it, or what it lies in, is a file'
      : (storageError('it', error) as Error).message;
    throw new UserError(`${option} ${out} cannot be written: ${reason}`, full ? 'storage' : undefined);
  }
}

/**
 * As {@link requireWritable}; also removes what writers that have died left unfinished there.
 * @throws UserError if nothing can be written there
 */
export async function beginWriting(out: string, option?: string): Promise<void> {
  await requireWritable(out, option);
  await sweepTemporaries(out, WRITTEN_BELOW);
}

/** @throws UserError if a token of a demonstration, a query or an option is beyond the model's vocabulary */
export function requireVocabulary(
  run: Pick<PreparedRun, 'dataset' | 'demonstrations' | 'queries' | 'chosen'>,
  vocabSize: number,
  modelDirectory: string,
): void {
  const chosen = [...(run.chosen?.values() ?? [])].flatMap((own) =>
    'unavailable' in own ? [] : own.demonstrations,
  );
  const tokens = [
    ...[...run.demonstrations, ...chosen].map((demonstration) => demonstration.tokens),
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
