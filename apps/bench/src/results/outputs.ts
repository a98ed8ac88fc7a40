import {
  agreement,
  jsDivergence,
  kappa,
  logOddsCorrelation,
  rec2ftp,
  rec2ftpBaseRate,
  rec2ftpCounts,
  topOverlap,
} from '@icl-gd/metrics';
import { COMPARED_NEXT_TOKENS } from '../experiment/next-tokens.ts';
import type { FinishedSetting, PredictionRecord } from '../experiment/record.ts';
import { type TrialResult, learningRateOf } from '../experiment/trial-result.ts';
import type { CellKey } from './cell-key.ts';
import { wilsonInterval } from './inference/wilson.ts';

/** Of zero-shot, which is compared with ICL like any other setting: what doing nothing has in common with it. */
export const ZERO_SHOT = 'ZSL';

/** By column of outputs.csv; null where undefined. */
export interface OutputMeasures {
  /** Share of examples with the prediction of ICL. */
  readonly agreement: number | null;
  /** Cohen's κ of the predictions. */
  readonly kappa: number | null;
  /** Mean over examples of the Jensen–Shannon divergence of the distributions over the options, nats. */
  readonly js_divergence: number | null;
  /** Pearson's correlation over examples of the changes of the gold option's log-odds from ZSL. */
  readonly log_odds_correlation: number | null;
  /** Of the examples that ZSL gets wrong and the setting right, the share that ICL gets right. */
  readonly rec2ftp: number | null;
  /** Wilson's 95 % interval of it over these examples. */
  readonly rec2ftp_lower_95: number | null;
  readonly rec2ftp_upper_95: number | null;
  /** How many examples those are; null without right classes. */
  readonly rec2ftp_examples: number | null;
  /** Of all examples that ZSL gets wrong, the share that ICL gets right: Rec2FTP of what does not follow ICL. */
  readonly rec2ftp_base: number | null;
  /** Mean over examples of the share of the 10 likeliest next tokens that are among ICL's 10. */
  readonly next_token_overlap: number | null;
}

/** What a setting of a trial, or zero-shot (method `ZSL`), puts out, compared with ICL. */
export interface MeasuredOutputs extends CellKey {
  readonly measures: OutputMeasures;
}

/** The least and the most that a measure can be. */
export const OUTPUT_RANGES: Readonly<Record<keyof OutputMeasures, readonly [number, number]>> = {
  agreement: [0, 1],
  kappa: [-1, 1],
  js_divergence: [0, Math.LN2],
  log_odds_correlation: [-1, 1],
  rec2ftp: [0, 1],
  rec2ftp_lower_95: [0, 1],
  rec2ftp_upper_95: [0, 1],
  rec2ftp_examples: [0, Number.MAX_SAFE_INTEGER],
  rec2ftp_base: [0, 1],
  next_token_overlap: [0, 1],
};

/** The measures in the order of the columns. */
export const OUTPUT_MEASURES = Object.keys(OUTPUT_RANGES) as readonly (keyof OutputMeasures)[];

/** Of ZSL and of every setting that finished and predicts, in the order of the settings. */
export function measureOutputs(result: TrialResult): MeasuredOutputs[] {
  const { trial, prepared, baselines, methods } = result;
  if (!baselines) return [];
  const { zeroShot, inContext } = baselines;
  const { variant, dataset, seed, permutation } = trial;
  const finished = methods.flatMap(({ id, record }): [string, FinishedSetting][] =>
    record.status === 'finished' ? [[id, record]] : [],
  );
  return [[ZERO_SHOT, zeroShot] as const, ...finished].flatMap(([method, own]): MeasuredOutputs[] => {
    const count = inContext.predictions.length;
    if (count === 0 || own.predictions.length !== count) return [];
    const measures = compareOutputs(own.predictions, {
      gold: prepared.gold,
      zsl: zeroShot.predictions,
      icl: inContext.predictions,
    });
    const learningRate = learningRateOf(result, method);
    return [{ variant, dataset, method, seed, permutation, learningRate, measures }];
  });
}

interface Compared {
  /** None, or too few, where classes or ZSL's predictions were not recorded. */
  readonly gold: readonly number[];
  readonly zsl: readonly PredictionRecord[];
  readonly icl: readonly PredictionRecord[];
}

function compareOutputs(own: readonly PredictionRecord[], { gold, zsl, icl }: Compared): OutputMeasures {
  const classes = (of: readonly PredictionRecord[]): number[] => of.map(({ predicted }) => predicted);
  const logProbs = (of: readonly PredictionRecord[]): (readonly number[])[] =>
    of.map(({ optionLogProbs }) => optionLogProbs);
  const judged = gold.length === own.length && zsl.length === own.length;
  const predictions = { gold, zsl: classes(zsl), icl: classes(icl), ft: classes(own) };
  const [a, b, from] = [logProbs(own), logProbs(icl), logProbs(zsl)];
  // Odds are of one option against others.
  const hasOdds = judged && b.every(({ length }, i) => length > 1 && (gold[i] as number) < length);
  return {
    agreement: agreement(predictions.ft, predictions.icl),
    kappa: kappa(predictions.ft, predictions.icl),
    js_divergence: haveSameOptions(a, b) ? jsDivergence(a, b) : null,
    log_odds_correlation:
      hasOdds && haveSameOptions(a, b) && haveSameOptions(from, b)
        ? withinOne(logOddsCorrelation({ zsl: from, a, b }, gold))
        : null,
    ...(judged ? recall(predictions) : NO_RECALL),
    next_token_overlap: nextTokenOverlap(own, icl),
  };
}

/** Rounding may take a correlation a little beyond. */
function withinOne(correlation: number | null): number | null {
  return correlation === null ? null : Math.max(-1, Math.min(1, correlation));
}

/** Of recordings that are not ours, settings may have other options. */
function haveSameOptions(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): boolean {
  return a.length === b.length && a.every(({ length }, i) => length === b[i]?.length);
}

type Recall = Pick<OutputMeasures, keyof OutputMeasures & `rec2ftp${string}`>;

const NO_RECALL: Recall = {
  ...{ rec2ftp: null, rec2ftp_lower_95: null, rec2ftp_upper_95: null, rec2ftp_examples: null },
  rec2ftp_base: null,
};

function recall(predictions: Readonly<Record<'gold' | 'zsl' | 'icl' | 'ft', readonly number[]>>): Recall {
  const { recalled, corrected } = rec2ftpCounts(predictions);
  const interval = wilsonInterval(recalled, corrected);
  return {
    rec2ftp: rec2ftp(predictions),
    rec2ftp_lower_95: interval?.lower ?? null,
    rec2ftp_upper_95: interval?.upper ?? null,
    rec2ftp_examples: corrected,
    rec2ftp_base: rec2ftpBaseRate(predictions),
  };
}

/** Of vocabularies with fewer tokens than are compared, all of them. */
function nextTokenOverlap(own: readonly PredictionRecord[], icl: readonly PredictionRecord[]): number | null {
  let total = 0;
  for (const [i, { nextTokens: a = [] }] of own.entries()) {
    const b = icl[i]?.nextTokens ?? [];
    const k = Math.min(COMPARED_NEXT_TOKENS, a.length, b.length);
    if (k === 0) return null;
    total += topOverlap(a, b, k);
  }
  return own.length === 0 ? null : total / own.length;
}
