import type { PredictionRecord } from '../record.ts';
import type { DevelopmentRecord } from './development-record.ts';
import type { DevelopmentOutcome } from './rate-point.ts';

type FinishedRecord = Extract<DevelopmentRecord, { readonly status: 'finished' }>;
type Measured = Pick<FinishedRecord, 'predictions' | 'updateNorm'>;

/**
 * What a setting gave by example.
 * @param zsl on the same queries
 * @param gold class of each query
 */
export function outcomeOf(
  own: Measured,
  zsl: Pick<Measured, 'predictions'>,
  gold: readonly number[],
): DevelopmentOutcome {
  const before = zsl.predictions.map(logOptions);
  const after = own.predictions.map(logOptions);
  return {
    goldNll: after.map((log, i) => -(log[gold[i] as number] as number)),
    correct: own.predictions.map(({ predicted }, i) => (predicted === gold[i] ? 1 : 0)),
    kl: before.map((log, i) =>
      Math.max(
        0,
        log.reduce(
          (sum, value, option) => sum + Math.exp(value) * (value - (after[i]?.[option] as number)),
          0,
        ),
      ),
    ),
    updateNorm: own.updateNorm,
  };
}

/** log q, q the softmax over the options of their mean log-probabilities. */
function logOptions({ optionLogProbs }: PredictionRecord): number[] {
  const most = Math.max(...optionLogProbs);
  const total = Math.log(optionLogProbs.reduce((sum, value) => sum + Math.exp(value - most), 0)) + most;
  return optionLogProbs.map((value) => value - total);
}
