import { createHash } from 'node:crypto';
import { type ProbeToken, needsOf, takesRate, trainingKindOf } from '@icl-gd/methods';
import type { MetricCatalogue } from '@icl-gd/metrics';
import type { DemonstrationSet } from '../tasks/prompts/choose-demonstrations.ts';
import type { DemonstrationChoice } from '../tasks/prompts/demonstration-choice.ts';
import { type PreparedRun, demonstrationsOf } from '../tasks/prompts/prepare-run.ts';
import type { RateRow } from './development/development.ts';
import { type RunSettings, type Trial, initSeedOf } from './plan.ts';
import { type RunSetting, runSettingId } from './setting.ts';

/**
 * The unit of work, of caching and of resuming: one setting (zero-shot, in-context, a learner with its options) of one
 * trial, probed at one token. Zero-shot depends on neither seed nor order, so that all trials of a dataset share its cell.
 */
export interface Cell {
  readonly variant: string;
  readonly dataset: string;
  /** Seed of the initialisation; null for trained weights. */
  readonly initSeed: number | null;
  /** Null where the setting takes in no demonstrations. */
  readonly seed: number | null;
  readonly permutation: number | null;
  /** As in the column `method`, or ZSL and ICL. */
  readonly setting: string;
  readonly learningRate: number | null;
  readonly probe: ProbeToken;
}

/**
 * What determines a cell's numbers, as digests and values. `environment` is what the user does not choose by options: where
 * nothing but that differs, an older record is of the same cell.
 */
export interface CellParts {
  readonly environment: Readonly<
    Record<'format' | 'code' | 'scores' | 'learner' | 'adapter' | 'model', string>
  >;
  readonly choices: Readonly<Record<string, string | number | boolean | null>>;
}

/** A cell, the address of its record, and how the record's file is called. */
export interface CellAddress {
  readonly cell: Cell;
  readonly parts: CellParts;
  /** File name without the key: tells people what it is. */
  readonly title: string;
  readonly key: string;
}

/** File names may have 255 bytes; key and endings need some of them. */
const MOST_TITLE = 160;

/** Counted up when records hold more than before. */
export const RECORD_FORMAT = 5;

export function digest(value: unknown): string {
  return createHash('sha256')
    .update(typeof value === 'string' ? value : JSON.stringify(value))
    .digest('hex')
    .slice(0, 32);
}

/** What all cells of a run have in common. */
export interface RunIdentity {
  readonly environment: Omit<CellParts['environment'], 'learner'>;
  readonly settings: RunSettings;
  /** How rates were chosen, where some setting has a rule for its own. */
  readonly rates?: readonly RateRow[] | undefined;
  /** Digest of a learner's source that is not part of this program. */
  readonly foreignLearners: ReadonlyMap<string, string>;
  /** What is measured; the built-in metrics if absent. */
  readonly metrics?: MetricCatalogue;
}

/** Digests of what a trial puts before the model. */
export interface PreparedDigests {
  readonly queries: string;
  /** Of in-context learning, which every setting is compared with. */
  readonly context: string;
  /** Of the setting's own choice of demonstrations; null where that is the trial's. */
  readonly ownContext: string | null;
  /** What fine-tuning sees. */
  readonly demonstrations: string;
  /** The same, in whatever order. */
  readonly unordered: string;
}

/** Settings of a trial have most of it in common. */
const digested = new WeakMap<DemonstrationSet, PreparedDigests>();

/** @param choice of the setting whose cell it is for */
export function digestPrepared(prepared: PreparedRun, choice: DemonstrationChoice = {}): PreparedDigests {
  const chosen = demonstrationsOf(prepared, choice);
  const given = 'unavailable' in chosen ? prepared : chosen;
  const known = digested.get(given);
  if (known) return known;
  const own = {
    // Gold and rows belong to the tables that are made of a record.
    queries: digest([prepared.queries, prepared.gold, prepared.validationRows]),
    context: digest(prepared.context),
    ownContext: given === prepared ? null : digest(given.context),
    demonstrations: digest(given.fineTuningDemonstrations),
    unordered: digest(given.fineTuningDemonstrations.map((own) => JSON.stringify(own)).toSorted()),
  };
  digested.set(given, own);
  return own;
}

/** What a trial is of, and its choice of demonstrations. */
export type DemonstratedTrial = Pick<Trial, 'variant' | 'dataset' | 'seed' | 'permutation'>;

/**
 * A trial's part of a cell.
 * @param alone for what no demonstrations determine: trials that differ in them share it
 */
export function ofTrial(
  settings: Pick<RunSettings, 'initSeed'>,
  trial: DemonstratedTrial,
  alone: boolean,
): Omit<Cell, 'setting' | 'learningRate' | 'probe'> {
  return {
    variant: trial.variant,
    dataset: trial.dataset,
    initSeed: initSeedOf(settings, trial),
    seed: alone ? null : trial.seed,
    permutation: alone ? null : trial.permutation,
  };
}

/** The cell of a learner in a trial. */
export function learnerCell(
  identity: RunIdentity,
  trial: Trial,
  digests: PreparedDigests,
  setting: RunSetting,
  probe: ProbeToken,
): CellAddress {
  const { learner } = setting;
  const needs = needsOf(setting);
  const alone = needs === 'none' && learner.role === 'baseline';
  const seen =
    isOrderless(setting) && !identity.foreignLearners.has(learner.id) ? 'unordered' : 'demonstrations';
  // A rate makes the numbers, not the rule that it was chosen by.
  const { rate: _, ...recorded } = setting;
  const cell: Cell = {
    ...ofTrial(identity.settings, trial, alone),
    setting: runSettingId(recorded),
    learningRate: takesRate(setting) ? trial.learningRate : null,
    probe,
  };
  return address(
    identity,
    cell,
    {
      queries: digests.queries,
      // Scores of a learner compare it with ICL; without demonstrations there is nothing to compare.
      context: alone ? null : digests.context,
      demonstrations: needs === 'all' ? digests[seen] : needs === 'context' ? digests.ownContext : null,
      releasedNorms: learner.objective ? identity.settings.releasedNorms : null,
    },
    { learner: identity.foreignLearners.get(learner.id) },
  );
}

/** Whether the built-in learner adds up its demonstrations in an order of its own, so that theirs makes no difference. */
function isOrderless(setting: RunSetting): boolean {
  const kind = trainingKindOf(setting);
  return kind !== undefined && (kind.direction === true || kind.fullBatchSteps !== undefined);
}

/** What is measured of several settings of a trial together, by the cells that it is made of. */
export function jointCell(
  identity: RunIdentity,
  trial: Trial,
  name: string,
  members: readonly CellAddress[],
): CellAddress {
  const probe = (members[0] as CellAddress).cell.probe;
  const cell = {
    ...ofTrial(identity.settings, trial, false),
    ...{ setting: name, learningRate: trial.learningRate, probe },
  };
  return address(identity, cell, { members: digest(members.map(({ key }) => key).toSorted()) });
}

/**
 * Where a cell's record is.
 * @param learner digest of the learner's source, where that is not part of this program
 * @param of what the record is of, for its title
 */
export function address(
  { environment, settings }: RunIdentity,
  cell: Cell,
  tokens: CellParts['choices'],
  { learner = '', of = cell.probe }: { readonly learner?: string | undefined; readonly of?: string } = {},
): CellAddress {
  const { dtype, matmul } = settings;
  const choices = { ...cell, ...tokens, dtype, ...(matmul ? { matmul } : {}) };
  const parts = { environment: { ...environment, learner }, choices };
  const { variant, dataset, seed, permutation, setting } = cell;
  const demonstrations = seed === null ? [] : [`seed${seed}`, `order${permutation}`];
  const title = [variant, dataset, ...demonstrations, setting, of].join('-');
  return { cell, parts, title: titlePart(title).slice(0, MOST_TITLE), key: digest(parts) };
}

/** A name as it stands in a title. */
export function titlePart(name: string): string {
  return name.replaceAll(/[^\w.-]/g, '_');
}
