import type {
  Development,
  DevelopmentRow,
  Judged,
  RateRow,
} from '../../experiment/development/development.ts';
import { estimate } from '../inference/estimate.ts';
import { type CrossedInterval, type Gate, gate } from './gate.ts';

/** Whether ICL and a learner at a rule's rate learned anything: a row of gate.csv. */
export interface GateRow extends Gate, Pick<Judged, 'dataset' | 'method' | 'rule' | 'learningRate'> {}

/** What was measured on development data of the trained model: how rates came about, their curves, and the gate. */
export interface MeasuredDevelopment {
  readonly rates: readonly RateRow[];
  readonly curves: readonly DevelopmentRow[];
  readonly gate: readonly GateRow[];
}

export function judgeDevelopment({ rates, curves, judged }: Development): MeasuredDevelopment {
  return {
    rates,
    curves,
    gate: judged.map(({ dataset, method, rule, learningRate, ...answers }) => ({
      ...{ dataset, method, rule, learningRate },
      ...gate(answers, intervalOf),
    })),
  };
}

const intervalOf: CrossedInterval = (values) => estimate(values).interval ?? undefined;
