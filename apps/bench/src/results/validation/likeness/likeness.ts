import { roleOf } from '../../../experiment/setting.ts';
import type { MeasuredDevelopment } from '../../development/measured-development.ts';
import type { MeasuredRun } from '../../measured.ts';
import type { MeasuredAttention } from '../../training-attention.ts';
import { type BehaviourRow, behaviourRows } from './behaviour.ts';
import { type NullComparison, compareWithNulls } from './comparisons.ts';
import { type Contrast, contrasts } from './contrasts.ts';
import { Gates } from './gates.ts';
import { type Ladder, climb, mainVariant } from './ladder.ts';
import { type LayerContrast, layerContrasts } from './layers.ts';
import { partsOf } from './settings.ts';

/** Where no manifest says at which token a run was probed. */
export const UNKNOWN_PROBE = 'unknown';

/** A run and the token at which it was probed. */
export interface ProbedRun {
  /** `prompt`, `label`, or `unknown` where no manifest says it. */
  readonly probe: string;
  readonly run: MeasuredRun;
}

/** How alike settings are to ICL, at one probed token. */
export interface Likeness {
  readonly probe: string;
  readonly gates: Gates;
  readonly ladder: Ladder;
  readonly comparisons: readonly NullComparison[];
  readonly contrasts: readonly Contrast[];
  readonly layers: readonly LayerContrast[];
  readonly behaviour: readonly BehaviourRow[];
  readonly development: MeasuredDevelopment | undefined;
  readonly attention: readonly MeasuredAttention[];
}

export function likenessOf({ probe, run }: ProbedRun): Likeness {
  const gates = new Gates(run.development?.gate);
  const ladder = climb(run);
  const { trainingAttention = [] } = run;
  return {
    ...{ probe, gates, ladder },
    comparisons: compareWithNulls(run, ladder, plainLearners(run.methods)),
    contrasts: contrasts(run, gates),
    layers: layerContrasts(run),
    behaviour: behaviourRows(run),
    development: run.development,
    attention: trainingAttention.filter(({ variant }) => variant === mainVariant(run.variants)),
  };
}

/** Those without options, which sentences are about; all where every learner has some. */
export function plainLearners(methods: readonly string[]): readonly string[] {
  const learners = methods.filter((id) => roleOf(id) === 'learner');
  const plain = learners.filter((id) => partsOf(id).options.length === 0);
  return plain.length === 0 ? learners : plain;
}
