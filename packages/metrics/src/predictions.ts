import type { PredictionMetric, Predictions } from './metric.ts';
import { requireSameLength } from './validation.ts';

/**
 * Share of examples whose predicted class is the gold one.
 * @returns null for no examples
 * @throws RangeError if the lengths differ or a class is not a non-negative integer
 */
export function accuracy(gold: readonly number[], predicted: readonly number[]): number | null {
  requireLabels('gold', gold);
  requireLabels('predicted', predicted);
  requireSameLength('gold', gold, 'predicted', predicted);
  if (gold.length === 0) return null;
  return gold.filter((label, i) => label === predicted[i]).length / gold.length;
}

/**
 * Rec2FTP, recall to fine-tuning predictions (Dai et al. 2023): of the examples that zero-shot gets wrong and fine-tuning
 * right, the share that in-context learning gets right.
 * @returns null if there is no such example
 * @throws RangeError if the lengths differ or a class is not a non-negative integer
 */
export function rec2ftp(predictions: Predictions): number | null {
  const { recalled, corrected } = rec2ftpCounts(predictions);
  return corrected === 0 ? null : recalled / corrected;
}

/** What Rec2FTP is a share of. */
export interface Rec2ftpCounts {
  /** Examples that zero-shot gets wrong. */
  readonly wrong: number;
  /** Of these, how many in-context learning gets right. */
  readonly iclCorrected: number;
  /** Of these, how many fine-tuning gets right: what Rec2FTP is a share of. */
  readonly corrected: number;
  /** How many both get right. */
  readonly recalled: number;
}

/**
 * The counts behind {@link rec2ftp} and {@link rec2ftpBaseRate}, for intervals of these shares.
 * @throws RangeError if the lengths differ or a class is not a non-negative integer
 */
export function rec2ftpCounts({ gold, zsl, icl, ft }: Predictions): Rec2ftpCounts {
  requireLabels('gold', gold);
  for (const [name, labels] of Object.entries({ zsl, icl, ft })) {
    requireLabels(name, labels);
    requireSameLength('gold', gold, name, labels);
  }
  const wrong = [...gold.keys()].filter((i) => zsl[i] !== gold[i]);
  const corrected = wrong.filter((i) => ft[i] === gold[i]);
  const byIcl = (examples: readonly number[]): number => examples.filter((i) => icl[i] === gold[i]).length;
  return {
    wrong: wrong.length,
    iclCorrected: byIcl(wrong),
    corrected: corrected.length,
    recalled: byIcl(corrected),
  };
}

/**
 * Base rate of Rec2FTP: of the examples that zero-shot gets wrong, the share that in-context learning gets right. It is what
 * Rec2FTP would be if what fine-tuning gets right told nothing about what in-context learning gets right.
 * @returns null if zero-shot gets every example right
 * @throws RangeError if the lengths differ or a class is not a non-negative integer
 */
export function rec2ftpBaseRate({ gold, zsl, icl }: Omit<Predictions, 'ft'>): number | null {
  const { iclCorrected, wrong } = rec2ftpCounts({ gold, zsl, icl, ft: zsl });
  return wrong === 0 ? null : iclCorrected / wrong;
}

/** Checks that every entry is a class. */
export function requireLabels(name: string, labels: readonly number[]): void {
  labels.forEach((label, i) => {
    if (!Number.isInteger(label) || label < 0) {
      throw new RangeError(`${name}[${i}] is ${label}; a class must be a non-negative integer`);
    }
  });
}

const SHARE = { kind: 'predictions', range: [0, 1] } as const;
const accuracyOf = (setting: 'zsl' | 'icl' | 'ft', label: string): PredictionMetric => ({
  ...SHARE,
  id: `accuracy_${setting}`,
  label: `accuracy, ${label}`,
  formula: 'share of examples whose predicted class is the gold one',
  source: 'arg-max over the options of the mean log-probability of their tokens, the first on a tie',
  of: setting === 'ft' ? 'learner' : 'baseline',
  moreAlike: null,
  definedWhen: 'there is an example',
  score: (predictions) => accuracy(predictions.gold, predictions[setting]),
});

/** What this file adds to the catalogue of metrics. */
export const predictionMetrics: readonly PredictionMetric[] = [
  accuracyOf('zsl', 'zero-shot'),
  accuracyOf('icl', 'in-context'),
  accuracyOf('ft', 'fine-tuned'),
  {
    ...SHARE,
    id: 'rec2ftp',
    label: 'Rec2FTP',
    formula: 'of the examples that ZSL gets wrong and FT right, the share that ICL gets right',
    source: 'Dai et al. 2023, arXiv 2212.10559',
    of: 'learner',
    moreAlike: 'higher',
    definedWhen: 'there is such an example',
    score: rec2ftp,
  },
];
