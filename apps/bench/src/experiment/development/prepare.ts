import type { Dataset } from '../../tasks/dataset.ts';
import { halves } from '../../tasks/halves.ts';
import type { PromptLimits } from '../../tasks/prompts/context.ts';
import type { TokenEncoder } from '../../tasks/prompts/encode.ts';
import { type PreparedRun, prepareRun } from '../../tasks/prompts/prepare-run.ts';
import type { Task } from '../../tasks/task.ts';
import { counted } from '../../terminal/words.ts';
import { type RunSettings, selections } from '../plan.ts';

/** Where a rule asks for development data and nothing is said of how much. */
const DEFAULT_EXAMPLES = 64;
/** With fewer than three seeds there is no interval to speak of; each costs another training at every rate. */
const SEEDS = 3;
/** Far from the seeds that people choose. */
const FIRST_SEED = 1001;
/** Fewer say nothing. */
export const FEWEST_EXAMPLES = 8;

/** What a dataset's training split gives for choosing rates. */
export interface PreparedDevelopment {
  readonly dataset: string;
  /** One a development seed, on the same examples. */
  readonly runs: readonly PreparedRun[];
  /** Why there are none. */
  readonly leftOut?: string;
}

/** How many development examples a run asks for; undefined where it asks for none. */
export function developmentExamples({
  methods,
  controls,
  development,
}: Pick<RunSettings, 'methods' | 'controls' | 'development'>): number | undefined {
  const ruled = [...methods, ...controls].some(({ rate }) => rate);
  return development ?? (ruled ? DEFAULT_EXAMPLES : undefined);
}

/** The first seeds from 1001 on that are none of the run's. */
export function developmentSeeds(task: Task, settings: Pick<RunSettings, 'seeds' | 'permutation'>): number[] {
  const own = new Set(selections(task, settings).map(({ seed }) => seed));
  const seeds: number[] = [];
  for (let seed = FIRST_SEED; seeds.length < SEEDS; seed++) if (!own.has(seed)) seeds.push(seed);
  return seeds;
}

/**
 * Development data of a task: demonstrations from the first half of its training split, by seeds that the run does not use,
 * examples from the second. A dataset with too few rows is left out.
 * @throws UserError as `prepareRun`
 */
export function prepareDevelopment(
  task: Task,
  dataset: Dataset,
  tokenizer: TokenEncoder,
  limits: PromptLimits,
  settings: RunSettings,
): PreparedDevelopment {
  const half = halves(dataset);
  const shots = settings.shots ?? task.defaults.shots;
  const lacking =
    half.train.length < shots
      ? `${counted(shots, 'demonstration')} are asked for, and half its training split has ${counted(half.train.length, 'row')}`
      : half.validation.length < FEWEST_EXAMPLES
        ? `half its training split has ${counted(half.validation.length, 'row')}, and fewer than ${FEWEST_EXAMPLES} examples say nothing`
        : undefined;
  if (lacking !== undefined) return { dataset: task.id, runs: [], leftOut: lacking };
  const examples = developmentExamples(settings) ?? DEFAULT_EXAMPLES;
  const { permutation = 0, fineTuningOrder, matchedDemonstrations = false } = settings;
  return {
    dataset: task.id,
    runs: developmentSeeds(task, settings).map((seed) =>
      prepareRun(task, half, tokenizer, limits, {
        ...{ seed, permutation, shots, examples, fineTuningOrder, matchedDemonstrations },
      }),
    ),
  };
}
