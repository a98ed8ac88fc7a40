import { mean } from '@icl-gd/metrics';
import type { Table } from '../../csv.ts';
import type { GradientNormRow, PrecisionRow, TrainingRows } from '../../training-rows.ts';
import { plainLearners } from '../likeness/likeness.ts';
import { type Markdown, table, written } from '../markdown.ts';
import { bullets, labelOf, names, number } from './show.ts';

/** What float16 would leave of the weight changes, of a learner on a dataset: means over layers and seeds. */
interface Precision {
  readonly method: string;
  readonly dataset: string;
  readonly rates: readonly number[];
  readonly changed: number | null;
  readonly cosine: number | null;
}

/** log₁₀(LCGD / GD) of gradient norms under one definition, means over datasets, seeds and layers. */
export interface FactorialRow {
  readonly parameters: 'all' | 'kv';
  readonly reduction: GradientNormRow['reduction'];
  readonly gradients: GradientNormRow['gradients'];
  readonly step: 'first' | 'last';
  readonly gd: number | null;
  readonly lcgd: number | null;
  readonly ratio: number | null;
}

export function precisionSection(training: TrainingRows | undefined): Markdown[] {
  const rows = precisionOf(training?.precision ?? []);
  if (rows.length === 0) return [];
  const datasets = [...new Set(rows.map(({ dataset }) => dataset))];
  const methods = [...new Set(rows.map(({ method }) => method))];
  const find = (method: string, dataset: string): Precision | undefined =>
    rows.find((row) => row.method === method && row.dataset === dataset);
  return [
    written`## Float16`,
    bullets(
      plainLearners(methods).flatMap((method) => {
        const own = rows.filter((row) => row.method === method);
        const [changed, cosine] = [
          mean(own.flatMap((row) => row.changed ?? [])),
          mean(own.flatMap((row) => row.cosine ?? [])),
        ];
        return changed === null || cosine === null
          ? []
          : [
              written`Rounded to float16, ${percent(changed)} of the weights that ${method} trains change at all, and the cosine of what is left with its own change is ${number(cosine)}.`,
            ];
      }),
    ),
    table(
      ['learner', ...datasets],
      methods.map((method) => [
        method,
        ...datasets.map((dataset) => {
          const own = find(method, dataset);
          if (!own || own.changed === null) return '–';
          return `${percent(own.changed)}, cos ${own.cosine === null ? '–' : number(own.cosine)}, rate ${own.rates.map((rate) => Number(rate.toPrecision(4))).join(' ')}`;
        }),
      ]),
    ),
    written`Share of the trained weights that change after rounding, and cos(ΔW, round(W + ΔW) − W): means over layers and seeds (precision.csv).`,
  ];
}

function percent(share: number): string {
  return `${(share * 100).toPrecision(3)} %`;
}

function precisionOf(rows: readonly PrecisionRow[]): Precision[] {
  const trained = rows.filter(({ variant }) => variant === 'trained');
  const methods = [...new Set(trained.map(({ method }) => method))];
  const datasets = [...new Set(trained.map(({ dataset }) => dataset))];
  return methods.flatMap((method) =>
    datasets.flatMap((dataset): Precision[] => {
      const own = trained.filter((row) => row.method === method && row.dataset === dataset);
      if (own.length === 0) return [];
      return [
        {
          ...{ method, dataset, rates: [...new Set(own.flatMap(({ learningRate }) => learningRate ?? []))] },
          changed: mean(own.flatMap(({ changed }) => changed ?? [])),
          cosine: mean(own.flatMap(({ cosine }) => cosine ?? [])),
        },
      ];
    }),
  );
}

/** Every definition of a gradient norm, on the first and the last step. */
export function factorialSection(training: TrainingRows | undefined): Markdown[] {
  const all = training?.gradientNorms ?? [];
  const rows = factorialOf(all);
  if (rows.length === 0) return [];
  const apart = rows.filter(({ ratio }) => ratio !== null && ratio > 1);
  const defined = rows.filter(({ ratio }) => ratio !== null);
  const verdict =
    defined.length === 0
      ? 'GD and LCGD were not both measured.'
      : apart.length === 0
        ? "LCGD's norms are more than ten times GD's under none of the definitions."
        : apart.length === defined.length
          ? "LCGD's norms are more than ten times GD's under every definition."
          : `LCGD's norms are more than ten times GD's under ${names(apart.map((row) => `${row.parameters}/${row.reduction}/${row.gradients} (${row.step} step)`))} alone.`;
  return [
    written`### Every definition of a gradient norm`,
    bullets([written`${verdict}`, ...keyBias(all)]),
    table(
      ['parameters', 'loss', 'gradients', 'step', 'GD', 'LCGD', 'log₁₀(LCGD / GD)'],
      rows.map((row) => [
        ...[row.parameters, row.reduction, row.gradients, row.step],
        ...[show(row.gd), show(row.lcgd), row.ratio === null ? '–' : number(row.ratio)],
      ]),
    ),
    written`Geometric means over layers, seeds and datasets (gradient\\_norms.csv). ${labelOf('gradient_norm')} of the figures: kv, mean, reset; the released code's: all, sum, accumulated.`,
  ];
}

function show(value: number | null): string {
  return value === null ? '–' : value.toPrecision(3);
}

/** Where positions are absolute, a key's bias shifts all logits of a query alike, which softmax does not see. */
function keyBias(all: readonly GradientNormRow[]): Markdown[] {
  const trained = all.filter(({ variant }) => variant === 'trained');
  const norms = (parameters: GradientNormRow['parameters']): number[] =>
    trained
      .filter((row) => row.parameters === parameters && row.gradients === 'reset')
      .map(({ value }) => value);
  const [bias, kv] = [norms('key_bias'), norms('kv')];
  if (bias.length === 0 || kv.length === 0) return [];
  const [largest, usual] = [Math.max(...bias), mean(kv) as number];
  return [
    written`The gradient of the keys' biases is at most ${show(largest)}, beside ${show(usual)} of all K/V parameters (mean)${largest < 1e-4 * usual ? ': it vanishes, as it must for absolute positions' : ''}.`,
  ];
}

export function factorialOf(all: readonly GradientNormRow[]): FactorialRow[] {
  const trained = all.filter(({ variant }) => variant === 'trained');
  const geometric = (own: readonly GradientNormRow[]): number | null => {
    const log = mean(own.flatMap(({ value }) => (value > 0 ? Math.log10(value) : [])));
    return log === null ? null : 10 ** log;
  };
  return (['all', 'kv'] as const).flatMap((parameters) =>
    (['sum', 'mean'] as const).flatMap((reduction) =>
      (['accumulated', 'reset'] as const).flatMap((gradients) =>
        (['first', 'last'] as const).flatMap((step): FactorialRow[] => {
          const of = (method: string): number | null =>
            geometric(
              trained.filter(
                (row) =>
                  row.method === method &&
                  row.parameters === parameters &&
                  row.reduction === reduction &&
                  row.gradients === gradients &&
                  // Steps between the first and the last are not recorded.
                  (step === 'first') === (row.step === 0),
              ),
            );
          const [gd, lcgd] = [of('GD'), of('LCGD')];
          if (gd === null && lcgd === null) return [];
          const ratio = gd !== null && lcgd !== null ? Math.log10(lcgd / gd) : null;
          return [{ parameters, reduction, gradients, step, gd, lcgd, ratio }];
        }),
      ),
    ),
  );
}

/** gradient_norm_definitions.csv. */
export function factorialTable(rows: readonly FactorialRow[]): Table {
  return {
    columns: ['parameters', 'reduction', 'gradients', 'step', 'gd', 'lcgd', 'log10_ratio'],
    rows: rows.map((row) => [
      ...[row.parameters, row.reduction, row.gradients, row.step, row.gd, row.lcgd, row.ratio],
    ]),
  };
}
