import { needsOf, trainingKindOf } from '@icl-gd/methods';
import { type CellAddress, digest } from '../cell.ts';
import type { RunSetting } from '../setting.ts';
import { type TrialPlan, isAvailable, ownAddress } from '../trial-plan.ts';
import type { TrialSetting } from '../trial-setting.ts';

/** What is measured by training once more, beside probes. */
export interface TrainingMeasures {
  /** Weight changes of learners against each other, and against the grid of float16. */
  readonly weightChanges?: boolean | undefined;
  /** Gradient norms under every definition. */
  readonly gradientNorms?: boolean | undefined;
}

/** What a record of a training is of. */
type Measured = 'weights' | 'gradient-norms';

/** Choices of a setting's cell that its probes and scores depend on and its training does not. */
const OF_PROBES: readonly string[] = ['queries', 'releasedNorms', 'probe'];

/**
 * The settings of a trial whose trainings are measured, in the order of the tables: learners, of which only the result tells
 * whether it changed weights. A direction is no change of weights.
 */
export function trainedSettings({ methods }: TrialPlan): TrialSetting[] {
  return methods.filter((own) => isAvailable(own) && mayChangeWeights(own.setting));
}

/** Whether a setting may change weights. */
export function mayChangeWeights(setting: RunSetting): boolean {
  return setting.learner.role === 'learner' && !trainingKindOf(setting)?.direction;
}

/** Whether a setting takes training steps that gradient norms can be told of under every definition. */
export function hasStepNorms(setting: RunSetting): boolean {
  const kind = trainingKindOf(setting);
  return kind !== undefined && !kind.direction && kind.fullBatchSteps === undefined;
}

/** Where is on record what was measured of a setting's training: runs with other queries, probe tokens and metrics share it. */
export function trainedCell(setting: TrialSetting, measured: Measured): CellAddress {
  const own = ownAddress(setting);
  // What is compared with in-context learning has its context in the key, and what learns from the context nothing else.
  const left = needsOf(setting.setting) === 'context' ? OF_PROBES : [...OF_PROBES, 'context'];
  const choices = Object.entries(own.parts.choices).filter(([name]) => !left.includes(name));
  const parts = {
    environment: { ...own.parts.environment, scores: '' },
    choices: { ...Object.fromEntries(choices), measured },
  };
  const title = `${own.title.replace(new RegExp(`-${own.cell.probe}$`), '')}-${measured}`;
  const cell = { ...own.cell, setting: `${own.cell.setting} ${measured}`, probe: 'prompt' as const };
  return { cell, parts, title, key: digest(parts) };
}

/** Where are on record the weight changes of a trial's learners against each other. */
export function weightPairsCell(settings: readonly TrialSetting[]): CellAddress {
  const members = settings.map((setting) => trainedCell(setting, 'weights'));
  const { cell, parts } = members[0] as CellAddress;
  const { setting: _one, learningRate: _rate, ...trial } = cell;
  const pairs = {
    // Cosines are computed by the metrics.
    environment: {
      ...parts.environment,
      scores: ownAddress(settings[0] as TrialSetting).parts.environment.scores,
    },
    choices: {
      measured: 'weight-pairs',
      members: digest(members.map(({ key }, i) => [settings[i]?.id, key].join()).toSorted()),
    },
  };
  const { variant, dataset, seed, permutation } = cell;
  return {
    cell: { ...trial, setting: 'weights', learningRate: null },
    parts: pairs,
    title: `${variant}-${dataset}-seed${seed}-order${permutation}-weights`.replaceAll(/[^\w.-]/g, '_'),
    key: digest(pairs),
  };
}
