import { groupBy } from '../group-by.ts';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { learners } from '@icl-gd/methods';
import { MODEL_VARIANTS } from '@icl-gd/transformer';
import { orderDatasets } from '../../tasks/tasks.ts';
import { listed } from '../../terminal/words.ts';
import { tensorName } from './layout.ts';
import type { RecordedTensor, Subject } from './probe-folder.ts';
import { shareFacts } from './shared-facts.ts';

/** Settings of one model on one dataset with one choice of demonstrations, as someone recorded them. */
export interface RecordedTrial {
  readonly variant: string;
  readonly dataset: string;
  readonly seed: number;
  readonly permutation: number;
  readonly learningRate: number;
  /** Whether zero-shot and in-context stand in another trial's rows already, of another learning rate. */
  readonly repeatsBaselines: boolean;
  /** Settings of no learning rate in a trial that has one. */
  readonly withoutRate: ReadonlySet<string>;
  /** What the files do not say and 0 stands for. */
  readonly unsaid: readonly ('seed' | 'permutation' | 'learning rate')[];
  /** By setting, zero-shot and in-context first. */
  readonly settings: ReadonlyMap<string, readonly RecordedTensor[]>;
}

export interface RecordedTrials {
  readonly model: string;
  /** By variant, dataset, seed and order, as a run has them. */
  readonly trials: readonly RecordedTrial[];
}

/**
 * Puts together what is of the same trial. Zero-shot that is of no seed belongs to every trial of its dataset; what is of no
 * learning rate to the first of several rates, the baselines to each.
 * @throws UserError for recordings that no table could tell apart
 */
export function groupTrials(found: readonly RecordedTensor[]): RecordedTrials {
  const tensors = shareFacts(found);
  requireOne(tensors, 'models', ({ model, modelDigest }) => modelDigest ?? model);
  requireOne(tensors, 'probed tokens', ({ probe }) => probe);
  const trials = [...groupBy(tensors, ({ subject }) => `${subject.variant}\0${subject.dataset}`).values()]
    .flatMap(ofDataset)
    .toSorted(byPlan(tensors));
  return { model: tensors[0]?.subject.model ?? '', trials };
}

function requireOne(
  tensors: readonly RecordedTensor[],
  what: string,
  of: (subject: Subject) => string | undefined,
): void {
  const [first] = tensors;
  const own = first && of(first.subject);
  const other = tensors.find(({ subject }) => of(subject) !== own);
  if (!first || !other) return;
  throw new UserError(
    `${first.file.path} and ${other.file.path} are of different ${what} (${own ?? 'none said'}, ${of(other.subject) ?? 'none said'}): put them into folders of their own`,
  );
}

function ofDataset(tensors: readonly RecordedTensor[]): RecordedTrial[] {
  const isShared = ({ setting, subject }: RecordedTensor): boolean =>
    setting === 'ZSL' && subject.seed === undefined;
  const shared = tensors.filter(isShared);
  const own = tensors.filter((tensor) => !isShared(tensor));
  const groups = groupBy(own, ({ subject }) => `${subject.seed}\0${subject.permutation}`);
  if (groups.size === 0) return ofChoice(shared);
  return [...groups.values()].flatMap((group) =>
    // One that is of this seed counts before one of none.
    ofChoice(group.some(({ setting }) => setting === 'ZSL') ? group : [...shared, ...group], group[0]),
  );
}

function ofChoice(tensors: readonly RecordedTensor[], one = tensors[0]): RecordedTrial[] {
  const { variant, dataset, seed, permutation } = (one as RecordedTensor).subject;
  const rates = [...new Set(tensors.flatMap(({ subject }) => subject.learningRate ?? []))];
  const isRateless = ({ subject }: RecordedTensor): boolean => subject.learningRate === undefined;
  return (rates.length === 0 ? [undefined] : rates).map((rate, i) => {
    const group = tensors.filter((own) =>
      isRateless(own) ? i === 0 || isBaseline(own.setting) : own.subject.learningRate === rate,
    );
    return {
      repeatsBaselines: i > 0,
      withoutRate: new Set(rate === undefined ? [] : group.filter(isRateless).map(({ setting }) => setting)),
      ...{ variant, dataset, seed: seed ?? 0, permutation: permutation ?? 0, learningRate: rate ?? 0 },
      unsaid: [
        ...(seed === undefined ? (['seed'] as const) : []),
        ...(permutation === undefined ? (['permutation'] as const) : []),
        ...(rate === undefined ? (['learning rate'] as const) : []),
      ],
      settings: bySetting(group),
    };
  });
}

function isBaseline(setting: string): boolean {
  return setting === 'ZSL' || setting === 'ICL';
}

const ORDER = learners.map(({ id }) => id);

function bySetting(tensors: readonly RecordedTensor[]): ReadonlyMap<string, readonly RecordedTensor[]> {
  const groups = groupBy(tensors, ({ setting }) => setting);
  for (const [setting, own] of groups)
    if (Buffer.byteLength(setting) > LONGEST_SETTING)
      throw new UserError(
        `${tensorName(own[0] as RecordedTensor)}: the name of its setting is longer than ${LONGEST_SETTING} bytes`,
      );
  // Those with options in brackets beside those without.
  const rank = (setting: string): number => {
    const at = ORDER.indexOf(setting.replace(/\[.*$/s, ''));
    return at < 0 ? ORDER.length : at;
  };
  return new Map([...groups].toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)));
}

/** As long as a learner with its options may be. */
const LONGEST_SETTING = 100;

function byPlan(tensors: readonly RecordedTensor[]): (a: RecordedTrial, b: RecordedTrial) => number {
  const datasets = orderDatasets(tensors.map(({ subject }) => subject.dataset));
  const variants: readonly string[] = MODEL_VARIANTS;
  const variantOf = ({ variant }: RecordedTrial): number =>
    variants.includes(variant) ? variants.indexOf(variant) : variants.length;
  return (a, b) =>
    variantOf(a) - variantOf(b) ||
    (a.variant === b.variant ? 0 : a.variant < b.variant ? -1 : 1) ||
    datasets.indexOf(a.dataset) - datasets.indexOf(b.dataset) ||
    a.seed - b.seed ||
    a.permutation - b.permutation ||
    a.learningRate - b.learningRate;
}

/** How a trial is called in messages. */
export function recordedTrialName({ variant, dataset, seed, settings }: RecordedTrial): string {
  return `${variant} ${dataset} seed ${seed} (${listed([...settings.keys()], 4)})`;
}
