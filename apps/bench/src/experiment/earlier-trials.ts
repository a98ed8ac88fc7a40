import { type MetricCatalogue, builtInMetrics } from '@icl-gd/metrics';
import { MODEL_VARIANTS, UserError } from '@icl-gd/transformer';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { orderDatasets } from '../tasks/tasks.ts';
import { titlePart } from './cell.ts';
import { type RunSettings, type Trial, trialOf } from './plan.ts';
import { RecordStore } from './record-store.ts';
import { TRAINING_ATTENTION } from './training-attention/plan.ts';
import { type TrialPlan, addressesOf, ownAddress } from './trial-plan.ts';
import { type TrialResult, readTrial } from './trial-result.ts';

/** Every trial has a record of in-context learning, unless the model itself overflows. */
const IN_CONTEXT = /^(.*)-seed(\d+)-order(\d+)-ICL-(\w+)-[0-9a-f]{32}\.json$/;
const LEARNER = /-order\d+-(.*)-(?:label|prompt)-[0-9a-f]{32}\.json$/;

/**
 * Trials that records name of the run's datasets and probe token, other than those that it is asked for: of whatever
 * variant, seed and order. Whether the records are of its configuration their keys tell: see {@link keepRecorded}.
 */
export function earlierTrials(
  names: Iterable<string>,
  settings: RunSettings,
  asked: readonly Trial[],
): Trial[] {
  const titles = new Map(
    MODEL_VARIANTS.flatMap((variant) =>
      settings.datasets.map((task) => [titlePart(`${variant}-${task.id}`), { variant, task }] as const),
    ),
  );
  const known = new Set(asked.map(identify));
  const found: Trial[] = [];
  for (const name of names) {
    const [, title = '', seed, permutation, probe] = IN_CONTEXT.exec(name) ?? [];
    const own = titles.get(title);
    if (!own || probe !== settings.probe || !Number.isSafeInteger(Number(seed)) || Number(permutation) > 4)
      continue;
    const selection = { seed: Number(seed), permutation: Number(permutation) };
    const trial = trialOf(settings, own.variant, own.task, selection);
    if (known.has(identify(trial))) continue;
    known.add(identify(trial));
    found.push(trial);
  }
  return found;
}

/** Datasets and settings of learners that records name and the run does not, for a word about what its tables lack. */
export function recordedElsewhere(
  names: Iterable<string>,
  settings: RunSettings,
  planned: readonly TrialPlan[],
): { readonly datasets: readonly string[]; readonly methods: readonly string[] } {
  const datasets = new Set<string>();
  const methods = new Set<string>();
  const own = new Set(settings.datasets.map(({ id }) => titlePart(id)));
  const settingsOfRun = new Set([
    ...planned.flatMap(settingTitles),
    ...jointTitles(planned[0]?.metrics ?? builtInMetrics),
  ]);
  // `trained-embeddings` before `trained`.
  const variants = MODEL_VARIANTS.toSorted((a, b) => b.length - a.length);
  for (const name of names) {
    const title = IN_CONTEXT.exec(name)?.[1];
    const variant = title && variants.find((each) => title.startsWith(`${each}-`));
    const dataset = title && variant && title.slice(variant.length + 1);
    if (dataset && !own.has(dataset)) datasets.add(dataset);
    const setting = LEARNER.exec(name)?.[1];
    if (setting === undefined || setting.startsWith(`${TRAINING_ATTENTION}-`)) continue;
    if (!settingsOfRun.has(setting)) methods.add(setting);
  }
  return { datasets: [...datasets].toSorted(), methods: [...methods].toSorted() };
}

/** What records of several settings together are called. */
const jointTitles = ({ layerMetrics }: MetricCatalogue): string[] => [
  'noise',
  ...layerMetrics.flatMap((metric) => (metric.of === 'pair' ? [titlePart(metric.learners.join('-'))] : [])),
];

function settingTitles(plan: TrialPlan): string[] {
  return addressesOf(plan).map(({ cell }) => titlePart(cell.setting));
}

/**
 * Of plans of earlier trials those that are whole on record, with every setting of the run, and those that lack a setting: of
 * the same configuration, going by in-context learning.
 */
export async function keepRecorded(
  out: string,
  plans: readonly TrialPlan[],
  settings: Pick<RunSettings, 'noiseFloor'>,
): Promise<{ readonly whole: readonly TrialPlan[]; readonly partial: readonly TrialPlan[] }> {
  // Says nothing: what is damaged is not computed again, since nobody asked for it.
  const store = new RecordStore(out, () => {});
  const whole: TrialPlan[] = [];
  const partial: TrialPlan[] = [];
  for (const plan of plans) {
    if (await readEarlier(store, plan, settings)) whole.push(plan);
    else if (store.has(ownAddress(plan.inContext))) partial.push(plan);
  }
  return { whole, partial };
}

/** What was measured of an earlier trial; undefined if not all of it is on record. Noise floor and training attention may be missing. */
async function readEarlier(
  store: RecordStore,
  plan: TrialPlan,
  { noiseFloor }: Pick<RunSettings, 'noiseFloor'>,
): Promise<TrialResult | undefined> {
  try {
    return await readTrial(store, plan, {
      noiseFloor: noiseFloor && store.has(plan.noise),
      partial: true,
    });
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** In the order of tables, which is the same in whatever order trials were computed. */
export function inTableOrder<T extends { readonly trial: Trial }>(
  plans: readonly T[],
  settings: RunSettings,
): T[] {
  const datasets = orderDatasets(settings.datasets.map(({ id }) => id));
  return plans.toSorted(
    ({ trial: a }, { trial: b }) =>
      MODEL_VARIANTS.indexOf(a.variant) - MODEL_VARIANTS.indexOf(b.variant) ||
      datasets.indexOf(a.dataset) - datasets.indexOf(b.dataset) ||
      a.seed - b.seed ||
      a.permutation - b.permutation,
  );
}

/** Prompts of trials, each once, dataset by dataset. */
export function preparedOf(plans: readonly TrialPlan[]): PreparedRun[] {
  const byTrial = new Map(
    plans.map(({ prepared }) => [
      JSON.stringify([prepared.dataset, prepared.seed, prepared.permutation]),
      prepared,
    ]),
  );
  const datasets = [...new Set(plans.map(({ prepared }) => prepared.dataset))];
  return [...byTrial.values()].toSorted(
    (a, b) =>
      datasets.indexOf(a.dataset) - datasets.indexOf(b.dataset) ||
      a.seed - b.seed ||
      a.permutation - b.permutation,
  );
}

function identify({ variant, dataset, seed, permutation }: Trial): string {
  return JSON.stringify([variant, dataset, seed, permutation]);
}
