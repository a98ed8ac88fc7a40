import { mean } from '@icl-gd/metrics';
import type { DevelopmentRow } from './development.ts';
import type { MeasuredSetting } from './development-cells.ts';

/** By method in the order in which they were asked for, rate and seed. */
export function curvesOf(dataset: string, measured: readonly MeasuredSetting[]): DevelopmentRow[] {
  const methods = [...new Set(measured.map(({ method }) => method))];
  return measured
    .toSorted(
      (a, b) =>
        methods.indexOf(a.method) - methods.indexOf(b.method) ||
        (a.learningRate ?? 0) - (b.learningRate ?? 0),
    )
    .flatMap((own) => curveRows(dataset, own));
}

function curveRows(dataset: string, { method, learningRate, seeds }: MeasuredSetting): DevelopmentRow[] {
  return seeds.map((own) => {
    const key = { dataset, seed: own.seed, method, learningRate, status: own.status };
    if (own.status === 'diverged')
      return {
        ...key,
        ...{ goldNll: null, accuracy: null, kl: null, updateNorm: null, simaou: null, simamDelta: null },
      };
    const { outcome, simaou, simamDelta } = own;
    return {
      ...key,
      goldNll: mean(outcome.goldNll),
      accuracy: mean(outcome.correct),
      kl: mean(outcome.kl),
      updateNorm: mean(outcome.updateNorm),
      ...{ simaou, simamDelta },
    };
  });
}
