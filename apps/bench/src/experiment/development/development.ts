import { settingId } from '@icl-gd/methods';
import type { RateRule, RunSetting } from '../setting.ts';
import type { DevelopmentOutcome } from './rate-point.ts';
import { type PUBLISHED, rateOwner } from './rate-rules.ts';

/** How the rate of a learner on a dataset came about: a row of rates.csv. */
export interface RateRow {
  readonly dataset: string;
  /** Without the rule. */
  readonly method: string;
  readonly rule: RateRule | typeof PUBLISHED;
  /** Null where the rule gives none: such a setting is not run. */
  readonly learningRate: number | null;
  readonly publishedRate: number;
  /** What a level was matched to; null for rules that match none. */
  readonly target: number | null;
  /** Mean of what the rule looks at, at its choice: nats for `published` and `best`, else the level. */
  readonly objective: number | null;
  readonly standardError: number | null;
  /** Rates that were tried for it. */
  readonly points: number;
  /** Development seeds and examples. */
  readonly seeds: number;
  readonly examples: number;
  readonly note: string;
}

/** One point of a rate curve: a row of development.csv. Means over examples. */
export interface DevelopmentRow {
  readonly dataset: string;
  readonly seed: number;
  /** ZSL, ICL, or a learner without the rule. */
  readonly method: string;
  readonly learningRate: number | null;
  readonly goldNll: number | null;
  readonly accuracy: number | null;
  readonly kl: number | null;
  readonly updateNorm: number | null;
  readonly simaou: number | null;
  readonly simamDelta: number | null;
  readonly status: 'finished' | 'diverged';
}

/** Answers by seed; undefined where one diverged. */
type Answers = readonly Pick<DevelopmentOutcome, 'correct'>[] | undefined;

/** What a gate judges: a learner at a rule's rate, beside ICL and ZSL on the same examples. */
export interface Judged {
  readonly dataset: string;
  /** With the rule, as in the other tables. */
  readonly method: string;
  readonly rule: RateRule | typeof PUBLISHED;
  readonly learningRate: number | null;
  readonly zsl: Answers;
  readonly icl: Answers;
  readonly learner: Answers;
}

/** What development data gave, as far as tables go. */
export interface Development {
  readonly rates: readonly RateRow[];
  readonly curves: readonly DevelopmentRow[];
  readonly judged: readonly Judged[];
}

/** The rate of a setting that has a rule, on a dataset, or why there is none. */
export function rateBy(
  rates: readonly RateRow[] | undefined,
  dataset: string,
  setting: RunSetting,
): { readonly learningRate: number } | { readonly unavailable: string } {
  const { rate: rule } = setting;
  const method = settingId(rateOwner(setting));
  const own = rates?.find((row) => row.dataset === dataset && row.method === method && row.rule === rule);
  if (own && own.learningRate !== null) return { learningRate: own.learningRate };
  return { unavailable: `no rate by ${rule}: ${own?.note ?? 'nothing was measured on development data'}` };
}
