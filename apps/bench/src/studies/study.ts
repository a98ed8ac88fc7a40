import {
  Checkpoint,
  type DownloadObserver,
  type FileDigest,
  type ModelDescription,
  type ModelLocation,
  describeModel,
  loadTokenizer,
  specialToken,
} from '@icl-gd/transformer';
import { requireVocabulary } from '../experiment/inputs.ts';
import type { RunSettings } from '../experiment/plan.ts';
import type { DeviceProfile } from '../experiment/profile/device-profile.ts';
import type { RunRequest } from '../experiment/run-request.ts';
import { familiesOf } from '../plugins/family-file.ts';
import { type Dataset, readDataset } from '../tasks/dataset.ts';
import type { PromptLimits } from '../tasks/prompts/context.ts';
import type { TokenEncoder } from '../tasks/prompts/encode.ts';
import { type PreparedRun, type RunSelection, prepareRun } from '../tasks/prompts/prepare-run.ts';
import { warnOfPrompts } from '../tasks/prompts/warnings.ts';
import type { Task } from '../tasks/task.ts';
import { doing } from '../terminal/heartbeat.ts';

/** What every study of accuracies alone is asked. */
export interface StudyRequest {
  readonly model: ModelLocation;
  /** Folder of the datasets, or `hub`. */
  readonly data: string | undefined;
  readonly observer?: DownloadObserver;
  readonly settings: RunSettings;
  readonly adapter: string;
  /** Takes in how long each kernel ran. */
  readonly profile?: DeviceProfile;
  readonly tokenBudget?: number;
  /** Folder whose `records/` keep what is finished. */
  readonly out: string;
  /** Compute everything again, whatever records exist. */
  readonly fresh: boolean;
  /** Files of the learners that are not part of this program, by id. */
  readonly foreignLearners?: NonNullable<RunRequest['foreignLearners']>;
  /** Families that are not part of this program. */
  readonly foreignFamilies?: NonNullable<RunRequest['foreignFamilies']>;
}

/** What a study needs of a model before it is loaded. */
export interface StudyInputs {
  readonly model: ModelDescription;
  readonly modelDigests: readonly FileDigest[];
  readonly tokenizer: TokenEncoder;
  readonly limits: PromptLimits;
}

/** @throws UserError if the model's configuration or tokenizer does not fit */
export async function readStudyInputs(
  { model: { directory, name }, foreignFamilies }: Pick<StudyRequest, 'model' | 'foreignFamilies'>,
  observer: DownloadObserver = {},
): Promise<StudyInputs> {
  doing({ text: 'reading model and data' });
  const model = await describeModel(directory, {
    name,
    warn: (line) => observer.warn?.(line),
    families: familiesOf(foreignFamilies),
  });
  const tokenizer = await loadTokenizer(directory, observer);
  const limits = {
    bosTokenId: specialToken(model.config, 'bosTokenId', directory),
    eosTokenId: specialToken(model.config, 'eosTokenId', directory),
    contextLength: model.config.contextLength,
  };
  const checkpoint = await Checkpoint.open(directory);
  try {
    return { model, modelDigests: await checkpoint.digests(), tokenizer, limits };
  } finally {
    await checkpoint.close();
  }
}

/** Rows of a task. @throws UserError if they do not fit */
export function readStudyData({ data, observer }: StudyRequest, task: Task): Promise<Dataset> {
  return readDataset(data, task, observer);
}

/** As `prepareRun`. @throws UserError also if a token is beyond the model's vocabulary */
export function prepareStudy(
  { model: { directory }, observer }: StudyRequest,
  { model, tokenizer, limits }: StudyInputs,
  task: Task,
  dataset: Dataset,
  selection: RunSelection,
): PreparedRun {
  const prepared = prepareRun(task, dataset, tokenizer, limits, selection);
  warnOfPrompts(task, { queries: prepared.queries, dataset }, tokenizer, observer?.warn);
  requireVocabulary(prepared, model.config.vocabSize, directory);
  return prepared;
}
