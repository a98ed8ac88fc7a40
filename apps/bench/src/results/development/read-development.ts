import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { DevelopmentRow, RateRow } from '../../experiment/development/development.ts';
import { PUBLISHED } from '../../experiment/development/rate-rules.ts';
import { RATE_RULES } from '../../experiment/setting.ts';
import {
  type Column,
  amountOrNull,
  cosineOrNull,
  numberOrNull,
  oneOf,
  readTable,
  shareOrNull,
  text,
  whole,
} from '../read-table.ts';
import { DEVELOPMENT_FILES } from './development-tables.ts';
import { GATE_OUTCOMES, type GateGain } from './gate.ts';
import type { GateRow, MeasuredDevelopment } from './measured-development.ts';

/**
 * What a run measured on development data, from its files; undefined where it measured none.
 * @throws UserError naming file, line and column that does not fit
 */
export async function readDevelopment(folder: string): Promise<MeasuredDevelopment | undefined> {
  if (!Object.values(DEVELOPMENT_FILES).some((file) => existsSync(join(folder, file)))) return undefined;
  return { rates: await readRates(folder), curves: await readCurves(folder), gate: await readGate(folder) };
}

const rate: Column<number> = (field) => {
  const value = amountOrNull(field);
  if (value === null || value === 0) throw new UserError(`"${field}" is no learning rate`);
  return value;
};
const rateOrNull: Column<number | null> = (field) => (field === '' ? null : rate(field));
const rule = oneOf([PUBLISHED, ...RATE_RULES]);

async function readRates(folder: string): Promise<RateRow[]> {
  const rows: RateRow[] = [];
  const columns = {
    ...{ dataset: text, method: text, rule, learning_rate: rateOrNull, published_rate: rate },
    ...{ target: amountOrNull, objective: amountOrNull, standard_error: amountOrNull, points: whole },
    ...{ seeds: whole, examples: whole, note: text },
  };
  const known = new Set<string>();
  for await (const { values, place } of readTable(folder, DEVELOPMENT_FILES.rates, columns)) {
    const { dataset, method, rule: own, learning_rate: learningRate, published_rate: publishedRate } = values;
    const { target, objective, standard_error: standardError, points, seeds, examples, note } = values;
    requireNew(known, [dataset, method, own], place('rule'));
    rows.push({
      ...{ dataset, method, rule: own, learningRate, publishedRate, target, objective, standardError },
      ...{ points, seeds, examples, note },
    });
  }
  return rows;
}

async function readCurves(folder: string): Promise<DevelopmentRow[]> {
  const rows: DevelopmentRow[] = [];
  const columns = {
    ...{ dataset: text, seed: whole, method: text, learning_rate: rateOrNull, gold_nll: amountOrNull },
    ...{ accuracy: shareOrNull, kl: amountOrNull, update_norm: amountOrNull, simaou: cosineOrNull },
    ...{ simam_delta: cosineOrNull, status: oneOf(['finished', 'diverged']) },
  };
  const known = new Set<string>();
  for await (const { values, place } of readTable(folder, DEVELOPMENT_FILES.curves, columns)) {
    const { dataset, seed, method, learning_rate: learningRate, gold_nll: goldNll, accuracy, kl } = values;
    const { update_norm: updateNorm, simaou, simam_delta: simamDelta, status } = values;
    requireNew(known, [dataset, seed, method, learningRate], place('learning_rate'));
    rows.push({
      ...{
        dataset,
        seed,
        method,
        learningRate,
        goldNll,
        accuracy,
        kl,
        updateNorm,
        simaou,
        simamDelta,
        status,
      },
    });
  }
  return rows;
}

async function readGate(folder: string): Promise<GateRow[]> {
  const rows: GateRow[] = [];
  // An interval may reach beyond what a share can be.
  const bounds = { icl_lower_95: numberOrNull, icl_upper_95: numberOrNull };
  const columns = {
    ...{ dataset: text, method: text, rule, learning_rate: rateOrNull },
    ...{
      icl_gain: cosineOrNull,
      ...bounds,
      ft_gain: cosineOrNull,
      ft_lower_95: numberOrNull,
      ft_upper_95: numberOrNull,
    },
    outcome: oneOf(GATE_OUTCOMES),
  };
  const known = new Set<string>();
  for await (const { values, place } of readTable(folder, DEVELOPMENT_FILES.gate, columns)) {
    const { dataset, method, rule: own, learning_rate: learningRate, outcome } = values;
    requireNew(known, [dataset, method, own], place('rule'));
    rows.push({
      ...{ dataset, method, rule: own, learningRate, outcome },
      icl: toGain(values.icl_gain, values.icl_lower_95, values.icl_upper_95),
      learner: toGain(values.ft_gain, values.ft_lower_95, values.ft_upper_95),
    });
  }
  return rows;
}

function toGain(mean: number | null, lower: number | null, upper: number | null): GateGain | null {
  return mean === null ? null : { mean, lower, upper };
}

function requireNew(known: Set<string>, key: readonly unknown[], place: string): void {
  const id = JSON.stringify(key);
  if (known.has(id)) throw new UserError(`${place} is there twice for the same row`);
  known.add(id);
}
