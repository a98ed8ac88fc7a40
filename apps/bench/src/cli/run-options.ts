import { MATMULS } from '@icl-gd/gpu-kernels';
import { type Learner, type ProbeToken, learners } from '@icl-gd/methods';
import { MODEL_VARIANTS, UserError, WEIGHT_DTYPES } from '@icl-gd/transformer';
import { FEWEST_EXAMPLES } from '../experiment/development/prepare.ts';
import { settingsOn } from '../experiment/development/rate-rules.ts';
import { type RunSettings, comparedSettings } from '../experiment/plan.ts';
import { type RunSetting, runSetting, runSettingId } from '../experiment/setting.ts';
import { requireTrainingAttention } from '../experiment/training-attention/places.ts';
import { hasStepNorms, mayChangeWeights } from '../experiment/training/cells.ts';
import { FINE_TUNING_ORDERS } from '../tasks/prompts/selection.ts';
import type { RunRequest } from '../experiment/run-request.ts';
import { DEFAULT_MARGIN } from '../results/inference/margin.ts';
import { HUB } from '../tasks/locate.ts';
import type { Task } from '../tasks/task.ts';
import { builtInTasks, paperTasks, readUserTask } from '../tasks/tasks.ts';
import { choose, chooseList, integer, integerList, positiveNumber } from './choose.ts';
import type { ForeignLearners } from '../plugins/learner-file.ts';
import { NO_PLUGINS, type Plugins } from '../plugins/load-plugins.ts';

import { type Preset, findPreset } from './presets/presets.ts';
import type { RawRunOptions } from './raw-options.ts';
import { settingsByRate } from './rate-list.ts';
import { parseSettingList, requireDistinct } from './setting-list.ts';

/** The paper evaluates at most this many examples. */
const MOST_EXAMPLES = 2000;

export const PROBE_TOKENS = ['label', 'prompt'] as const satisfies readonly ProbeToken[];

/** What is run without --methods, besides learners of the user's own. */
const PAPER_LEARNERS: readonly Learner[] = learners.filter(
  ({ role, paper = false }) => role === 'learner' && paper,
);

/** What is run beside the learners without --controls: what costs no training. */
const DEFAULT_CONTROLS = 'ICL[disjoint],ZSL[positions=icl]';
const NO_CONTROLS = 'none';

/** A checked request; a preset that brings model and data still has to make them. */
export interface ParsedRun {
  readonly request: Omit<RunRequest, 'model' | 'data' | 'observer'>;
  readonly model: string | undefined;
  readonly data: string | undefined;
  readonly prepare: Preset['prepare'];
  /** Read and check model and data, say what would be computed and allocated, and stop. */
  readonly checkOnly: boolean;
  /** Time by kernel is wanted: in this file, or beside the results. */
  readonly profile: string | true | undefined;
}

/**
 * @param pass options of a preset's further run, which win over the preset's
 * @param plugins learners, metrics and families of the user's own
 * @throws UserError naming the option that does not fit
 */
export async function parseRunOptions(
  typed: Partial<RawRunOptions>,
  pass: Partial<RawRunOptions> = {},
  { learners: foreign, metrics, families }: Plugins = NO_PLUGINS,
): Promise<ParsedRun> {
  const preset = typed.preset === undefined ? undefined : await findPreset(typed.preset);
  const below: Partial<RawRunOptions> = { ...preset?.options, ...pass };
  const { datasets: _listed, ...butDatasets } = below;
  // Tasks that are given are run, whatever the preset would run.
  const raw: Partial<RawRunOptions> = { ...(typed.taskFile?.length ? butDatasets : below), ...typed };
  const out = raw.out;
  if (!out) throw new UserError('--out is missing: the folder that the results go to');
  // Part of every adapter's name, so that it would choose one silently.
  if (raw.adapter?.trim() === '')
    throw new UserError('--adapter is empty: name one, or leave the option out');
  const prepare = raw.model === undefined && raw.data === undefined ? preset?.prepare : undefined;
  const settings = parseSettings(raw, { tasks: preset?.tasks ?? [], alone: prepare !== undefined }, foreign);
  if (settings.trainingAttention) requireTrainingAttention(comparedSettings(settings));
  if (!prepare) requireSources(raw, settings.datasets, preset);
  return {
    request: {
      settings,
      adapter: raw.adapter ?? 'auto',
      out,
      saveProbes: raw.saveProbes ?? false,
      discardProbes: raw.discardProbes ?? false,
      ...(foreign.learners.length === 0 ? {} : { foreignLearners: foreign.files }),
      ...(metrics.size === 0 ? {} : { foreignMetrics: metrics }),
      ...(families.length === 0 ? {} : { foreignFamilies: families }),
      fresh: raw.fresh ?? false,
      ...(raw.tokenBudget === undefined
        ? {}
        : { tokenBudget: integer('--token-budget', raw.tokenBudget, 1) }),
      ...memoryBudget(raw.memoryBudget),
    },
    model: raw.model,
    data: raw.data,
    prepare,
    checkOnly: raw.checkOnly ?? false,
    profile: raw.profile,
  };
}

function requireSources(
  { model, data, preset: name }: Partial<RawRunOptions>,
  datasets: readonly Task[],
  preset: Preset | undefined,
): void {
  const both = preset?.prepare ? `; --preset ${name} makes model and data itself where neither is given` : '';
  if (!model)
    throw new UserError(
      `--model is missing: a Hugging Face model directory or hub id${both || ' (or use --preset embedded)'}`,
    );
  if (!data && datasets.some((task) => task.data === undefined))
    throw new UserError(
      `--data is missing: a folder with <dataset>/{train,validation}.jsonl, or ${HUB} for the datasets of the hub${both}`,
    );
}

/** The option in GiB as bytes, if it is given. */
export function memoryBudget(text: string | undefined): { memoryBudget?: number } {
  return text === undefined ? {} : { memoryBudget: positiveNumber('--memory-budget', text) * 2 ** 30 };
}

/** Tasks that a preset brings; `alone` if its data is made as well: then there are no others. */
interface PresetTasks {
  readonly tasks: readonly Task[];
  readonly alone: boolean;
}

function parseSettings(
  raw: Partial<RawRunOptions>,
  preset: PresetTasks,
  foreign: ForeignLearners,
): RunSettings {
  const datasets = parseDatasets(raw, preset);
  const compared = parseCompared(raw, foreign);
  const crossing = comparedSettings(compared).find(({ demonstrations }) => demonstrations.otherTask);
  if (crossing && datasets.length < 2)
    throw new UserError(
      `${runSettingId(crossing)} takes demonstrations of another dataset of the run, but ${datasets[0]?.id} is its only one: name a second with --datasets or --task-file`,
    );
  if (raw.gradientNorms && !comparedSettings(compared).some(hasStepNorms))
    throw new UserError(
      '--gradient-norms: none of --methods takes a training step for each demonstration, as GD and LCGD do where they are not on full batches',
    );
  if (raw.weightChanges && !comparedSettings(compared).some(mayChangeWeights))
    throw new UserError('--weight-changes: none of --methods changes weights, as GD and LCGD do');
  const variants =
    raw.variants === undefined
      ? (['trained'] as const)
      : chooseList('--variants', raw.variants, MODEL_VARIANTS);
  if (variants.every((variant) => settingsOn(variant, { ...compared, controls: [] }).length === 0))
    throw new UserError(
      `--variants ${variants.join(',')}: rates are chosen for the trained model alone, and all of --methods have a rule for theirs`,
    );
  return {
    datasets,
    ...compared,
    variants,
    ...parseDevelopment(raw.development, comparedSettings(compared)),
    ...(raw.controlVariants === undefined
      ? {}
      : { controlVariants: chooseList('--control-variants', raw.controlVariants, MODEL_VARIANTS) }),
    ...(raw.shots === undefined ? {} : { shots: integer('--shots', raw.shots, 1) }),
    ...(raw.seeds === undefined ? {} : { seeds: integerList('--seeds', raw.seeds) }),
    ...(raw.permutation === undefined
      ? {}
      : { permutation: integer('--permutation', raw.permutation, 0, 4) }),
    ...(raw.fineTuningOrder === undefined
      ? {}
      : { fineTuningOrder: choose('--fine-tuning-order', raw.fineTuningOrder, FINE_TUNING_ORDERS) }),
    examples:
      raw.examples === undefined ? MOST_EXAMPLES : integer('--examples', raw.examples, 1, MOST_EXAMPLES),
    ...(raw.learningRate === undefined
      ? {}
      : { learningRate: positiveNumber('--learning-rate', raw.learningRate) }),
    probe: raw.probe === undefined ? 'label' : choose('--probe', raw.probe, PROBE_TOKENS),
    dtype: raw.dtype === undefined ? 'float32' : choose('--dtype', raw.dtype, WEIGHT_DTYPES),
    ...parseMatmul(raw.matmul),
    releasedNorms: raw.releasedNorms ?? false,
    noiseFloor: raw.noiseFloor ?? false,
    ...(raw.trainingAttention ? { trainingAttention: true } : {}),
    ...(raw.initSeed === undefined ? {} : { initSeed: integer('--init-seed', raw.initSeed, 0) }),
    ...(raw.matchedDemonstrations ? { matchedDemonstrations: true } : {}),
    ...(raw.weightChanges ? { weightChanges: true } : {}),
    ...(raw.gradientNorms ? { gradientNorms: true } : {}),
    margin: raw.margin === undefined ? DEFAULT_MARGIN : positiveNumber('--margin', raw.margin),
  };
}

/** Nothing where the numbers are those without the option. */
function parseMatmul(text: string | undefined): Pick<RunSettings, 'matmul'> {
  const matmul = text === undefined ? 'auto' : choose('--matmul', text, MATMULS);
  return matmul === 'matrix' ? { matmul } : {};
}

/** None by 0, also where a preset asks for some. @throws UserError where a rule needs them */
function parseDevelopment(
  text: string | undefined,
  compared: readonly RunSetting[],
): Pick<RunSettings, 'development'> {
  if (text === undefined) return {};
  const examples = integer('--development', text, 0);
  const ruled = compared.find(({ rate }) => rate);
  if (examples === 0 && !ruled) return {};
  if (examples < FEWEST_EXAMPLES)
    throw new UserError(
      `--development ${text}: ${ruled ? `${runSettingId(ruled)} needs` : 'a gate needs'} at least ${FEWEST_EXAMPLES} examples`,
    );
  return { development: examples };
}

/**
 * What is compared with in-context learning. Controls that nobody asked for are left out where one of the learners is the same
 * setting, and where they cannot be made.
 * @throws UserError naming the option that does not fit
 */
function parseCompared(
  { methods: learners, controls: named, rate }: Partial<RawRunOptions>,
  foreign: ForeignLearners,
): Pick<RunSettings, 'methods' | 'controls'> {
  const parse = (option: string, text: string): RunSetting[] =>
    parseSettingList(option, text, foreign.learners);
  const open =
    learners === undefined
      ? [...PAPER_LEARNERS, ...foreign.learners].map((learner) => runSetting(learner))
      : parse('--methods', learners);
  const methods = rate === undefined ? open : settingsByRate(rate, open);
  if (named === undefined) {
    const ids = methods.map(runSettingId);
    const controls = parse('--controls', DEFAULT_CONTROLS).filter(
      (setting) => !ids.includes(runSettingId(setting)),
    );
    return { methods, controls: controls.map((setting) => ({ ...setting, byDefault: true })) };
  }
  const controls = named.trim().toLowerCase() === NO_CONTROLS ? [] : parse('--controls', named);
  requireDistinct('--methods and --controls', [...methods, ...controls]);
  return { methods, controls };
}

/** Without --datasets the paper's six, those that a preset makes, or the tasks of the files that are given. */
function parseDatasets(
  { datasets, taskFile = [] }: Partial<RawRunOptions>,
  { tasks, alone }: PresetTasks,
): readonly Task[] {
  const own = taskFile.map(readUserTask);
  const twice = own.find(({ id }, i) => own.slice(0, i).some((task) => task.id === id));
  if (twice) throw new UserError(`--task-file: two tasks are called "${twice.id}"`);
  const taken = own.find(({ id }) => tasks.some((task) => task.id === id));
  if (taken) throw new UserError(`--task-file: the preset has a task that is called "${taken.id}"`);
  if (datasets === undefined) return own.length > 0 ? own : alone ? tasks : paperTasks();
  const known = [...(alone ? [] : builtInTasks()), ...tasks, ...own];
  const ids = chooseList(
    '--datasets',
    datasets,
    known.map(({ id }) => id),
  );
  return ids.map((id) => known.find((task) => task.id === id) as Task);
}
