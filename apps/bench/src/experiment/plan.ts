import type { ProbeToken } from '@icl-gd/methods';
import type { ModelVariant, WeightDtype } from '@icl-gd/transformer';
import type { FineTuningOrder } from '../tasks/prompts/selection.ts';
import type { Task } from '../tasks/task.ts';
import { groupBy } from './group-by.ts';
import type { RunSetting } from './setting.ts';

/** Settings of a run after the command line has been checked; absent values are the paper's per dataset. */
export interface RunSettings {
  readonly datasets: readonly Task[];
  /** Learners that are compared with in-context learning. */
  readonly methods: readonly RunSetting[];
  /** Null learners and controls of the context that are compared with it in the same way. */
  readonly controls: readonly RunSetting[];
  /** Variants that controls are run on; all of the run's if absent. */
  readonly controlVariants?: readonly ModelVariant[];
  readonly variants: readonly ModelVariant[];
  readonly shots?: number;
  readonly seeds?: readonly number[];
  readonly permutation?: number;
  /** Order that fine-tuning sees the demonstrations in; that of the context if not given. */
  readonly fineTuningOrder?: FineTuningOrder;
  readonly examples: number;
  readonly learningRate?: number;
  /** Examples of the training split that rates are chosen and the gate is judged on; see `developmentExamples`. */
  readonly development?: number;
  readonly probe: ProbeToken;
  /** How weights are kept on the device. */
  readonly dtype: WeightDtype;
  /** What matrix products of probing run on; float32 arithmetic if absent. */
  readonly matmul?: 'matrix';
  /** Also report gradient norms by the released code's definition. */
  readonly releasedNorms: boolean;
  /** Also measure how much of each score is rounding; takes three times as long. */
  readonly noiseFloor: boolean;
  /** By how much a score may differ and count as the same; declared before the run, and used by nothing that it computes. */
  readonly margin?: number;
  /** Also compare weight changes with each other and with the grid of float16; trains once more. No if absent. */
  readonly weightChanges?: boolean;
  /** Also measure gradient norms under every definition; trains once more. No if absent. */
  readonly gradientNorms?: boolean;
  /** Also compare what ICL and fine-tuning attend to; trains and probes once more. No if absent. */
  readonly trainingAttention?: boolean;
  /** Seed of the re-initialised variants; each trial's own seed if absent, as in the released code. */
  readonly initSeed?: number;
  /** Fine-tuning is given those demonstrations alone that fit the context of in-context learning. No if absent. */
  readonly matchedDemonstrations?: boolean;
}

/** Everything that is compared with in-context learning, in the order of tables. */
export function comparedSettings({
  methods,
  controls,
}: Pick<RunSettings, 'methods' | 'controls'>): RunSetting[] {
  return [...methods, ...controls];
}

/** One model variant on one dataset with one choice of demonstrations: what the settings of a comparison have in common. */
export interface Trial {
  readonly variant: ModelVariant;
  readonly dataset: string;
  readonly seed: number;
  readonly permutation: number;
  readonly shots: number;
  readonly learningRate: number;
}

/** Expands settings into trials: variant by variant, so that each is loaded once, then dataset, then seed. */
export function planTrials(settings: RunSettings): Trial[] {
  return settings.variants.flatMap((variant) =>
    settings.datasets.flatMap((task) =>
      selections(task, settings).map((selection) => trialOf(settings, variant, task, selection)),
    ),
  );
}

/** A trial under a run's settings. */
export function trialOf(
  settings: Pick<RunSettings, 'shots' | 'learningRate'>,
  variant: ModelVariant,
  task: Task,
  { seed, permutation }: Pick<Trial, 'seed' | 'permutation'>,
): Trial {
  return {
    ...{ variant, dataset: task.id, seed, permutation },
    shots: settings.shots ?? task.defaults.shots,
    learningRate: settings.learningRate ?? task.defaults.learningRate,
  };
}

/** Seeds and permutations go in pairs: a seed of the paper keeps the paper's permutation, any other gets 0. */
export function selections(
  task: Task,
  settings: Pick<RunSettings, 'seeds' | 'permutation'>,
): { seed: number; permutation: number }[] {
  const { seeds, permutations } = task.defaults;
  return (settings.seeds ?? seeds).map((seed) => ({
    seed,
    permutation: settings.permutation ?? permutations[seeds.indexOf(seed)] ?? 0,
  }));
}

/** Seed of a trial's initialisation; null where nothing is drawn anew. */
export function initSeedOf(
  { initSeed }: Pick<RunSettings, 'initSeed'>,
  { variant, seed }: { readonly variant: string; readonly seed: number },
): number | null {
  return variant === 'trained' ? null : (initSeed ?? seed);
}

/** Work by what model it needs, so that each initialisation is loaded once: by variant, then by initialisation, else in its order. */
export function byModel<T>(
  work: readonly T[],
  settings: Pick<RunSettings, 'initSeed'>,
  trialOfWork: (own: T) => { readonly variant: string; readonly seed: number },
): T[][] {
  const byVariant = groupBy(work, (own) => trialOfWork(own).variant);
  return [...byVariant.values()].flatMap((own) => [
    ...groupBy(own, (each) => initSeedOf(settings, trialOfWork(each))).values(),
  ]);
}

/** How a trial is called in messages. */
export function trialName({ variant, dataset, seed }: Trial): string {
  return `${variant} ${dataset} seed ${seed}`;
}
