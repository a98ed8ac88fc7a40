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
export function rec2ftp({ gold, zsl, icl, ft }: Predictions): number | null {
  requireLabels('gold', gold);
  for (const [name, labels] of Object.entries({ zsl, icl, ft })) {
    requireLabels(name, labels);
    requireSameLength('gold', gold, name, labels);
  }
  const corrected = [...gold.keys()].filter((i) => zsl[i] !== gold[i] && ft[i] === gold[i]);
  return corrected.length === 0
    ? null
    : corrected.filter((i) => icl[i] === gold[i]).length / corrected.length;
}

function requireLabels(name: string, labels: readonly number[]): void {
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
