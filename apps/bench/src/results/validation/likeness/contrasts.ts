import type { Table } from '../../csv.ts';
import { type AcrossDatasets, acrossDatasets, datasetsNeeded } from '../../inference/across-datasets.ts';
import type { Estimate } from '../../inference/estimate.ts';
import { showNeeded } from '../../inference/seeds-needed.ts';
import type { MeasuredRun } from '../../measured.ts';
import { ExampleScores } from '../example-scores.ts';
import type { GateOutcome, Gates } from './gates.ts';
import { isNotZero, mainVariant } from './ladder.ts';
import { RULES, type Rule, idOf, partsOf, ruleOf } from './settings.ts';

/** What LCGD and GD are compared on: a similarity, what is left without an offset that examples share, and without what is not about the example. */
export const CONTRAST_FORMS = [
  { id: 'simaou', label: 'SimAOU', terms: ['simaou'] },
  { id: 'simaou_demeaned', label: 'SimAOU, demeaned', terms: ['simaou_demeaned'] },
  { id: 'simaou_corrected', label: 'SimAOU − mismatched', terms: ['simaou', 'simaou_mismatched'] },
  { id: 'simam_delta', label: 'SimAM_Δ', terms: ['simam_delta'] },
  { id: 'simam_delta_centred', label: 'SimAM_Δ, centred', terms: ['simam_delta_centred'] },
  {
    id: 'simam_delta_corrected',
    label: 'SimAM_Δ − mismatched',
    terms: ['simam_delta', 'simam_delta_mismatched'],
  },
] as const;
export type ContrastForm = (typeof CONTRAST_FORMS)[number]['id'];

/** Two learners that differ in their objective, and perhaps in where it is read, alone. */
export interface LearnerPair {
  readonly lcgd: string;
  readonly gd: string;
  readonly rule: Rule;
}

/** LCGD − GD on one dataset. */
export interface ContrastCase {
  readonly dataset: string;
  readonly estimate: Estimate;
  /** Of both: the less favourable. */
  readonly gate: GateOutcome;
}

/** LCGD − GD on several datasets. */
export interface Contrast extends LearnerPair {
  readonly form: ContrastForm;
  readonly cases: readonly ContrastCase[];
  /** Datasets as units; null with fewer than two. */
  readonly across: AcrossDatasets | null;
  /** The same over those where both learned something; null with fewer than two, or where no gate was measured. */
  readonly acrossLearned: AcrossDatasets | null;
  /** Where 0 is inside of the interval: about how many datasets would put it outside. */
  readonly toSettle: number | null;
}

/** All that two of a run's learners are, in the order of rules; LCGD's readouts are each compared with GD under the same options. */
export function learnerPairs(methods: readonly string[]): LearnerPair[] {
  const pairs = methods.flatMap((lcgd): LearnerPair[] => {
    const { learner, options } = partsOf(lcgd);
    if (learner !== 'LCGD') return [];
    const gd = idOf(
      'GD',
      options.filter((option) => !option.startsWith('at=')),
    );
    return methods.includes(gd) ? [{ lcgd, gd, rule: ruleOf(lcgd) }] : [];
  });
  const isPlain = ({ lcgd, rule }: LearnerPair): boolean =>
    partsOf(lcgd).options.length === (rule === 'published' ? 0 : 1);
  return [
    ...RULES.flatMap((rule) => pairs.filter((pair) => pair.rule === rule && isPlain(pair))),
    ...pairs.filter((pair) => !isPlain(pair)),
  ];
}

export function contrasts(
  { cells, variants, methods }: Pick<MeasuredRun, 'cells' | 'variants' | 'methods'>,
  gates: Gates,
): Contrast[] {
  const variant = mainVariant(variants);
  const examples = new ExampleScores(cells.filter((cell) => cell.variant === variant));
  const pairs = learnerPairs(methods);
  return CONTRAST_FORMS.flatMap(({ id: form, terms }) =>
    pairs.flatMap((pair): Contrast[] => {
      const cases = examples.datasets.flatMap((dataset): ContrastCase[] => {
        const estimate = examples.combination(
          terms.flatMap((metric, i) => {
            const sign = i === 0 ? 1 : -1;
            return [
              [sign, { metric, variant, method: pair.lcgd, dataset }],
              [-sign, { metric, variant, method: pair.gd, dataset }],
            ] as const;
          }),
        );
        const gate = gates.of(dataset, pair.lcgd, pair.gd);
        return isFiniteEstimate(estimate) ? [{ dataset, estimate, gate }] : [];
      });
      return cases.length === 0 ? [] : [{ ...pair, form, cases, ...together(cases) }];
    }),
  );
}

/** Pseudo-values have no bounds: a table that is no run's may have any numbers in it. */
function isFiniteEstimate({ value, interval }: Estimate): boolean {
  const bounds = interval ? [interval.lower, interval.upper] : [];
  return value !== null && [value, ...bounds].every((own) => Math.abs(own) < 1e100);
}

function together(cases: readonly ContrastCase[]): Pick<Contrast, 'across' | 'acrossLearned' | 'toSettle'> {
  const over = (some: readonly ContrastCase[]): AcrossDatasets | null =>
    acrossDatasets(some.map(({ estimate }) => estimate.value as number));
  const across = over(cases);
  return {
    across,
    acrossLearned: over(cases.filter(({ gate }) => gate === 'learned')),
    toSettle: across && !isNotZero(across.interval) ? datasetsNeeded(across, 0, 0.95) : null,
  };
}

/** The sign of a contrast, and whether its interval leaves room for another. */
export function signOf({ across, cases }: Contrast): { readonly sign: number; readonly sure: boolean } {
  const [only] = cases;
  const own = across
    ? { value: across.mean, interval: across.interval }
    : { value: only?.estimate.value ?? 0, interval: only?.estimate.interval ?? null };
  return { sign: Math.sign(own.value), sure: isNotZero(own.interval) };
}

/** contrasts.csv: a row a dataset, one for all of them (`all`), and one for those where something was learned (`learned`). */
export function contrastTable(
  probes: readonly { readonly probe: string; readonly contrasts: readonly Contrast[] }[],
): Table {
  return {
    columns: [
      ...['probe', 'quantity', 'rule', 'lcgd', 'gd', 'dataset', 'difference', 'lower_95', 'upper_95'],
      ...['p', 'p_sign_flip', 'gate', 'seeds', 'datasets', 'datasets_to_settle'],
    ],
    rows: probes.flatMap(({ probe, contrasts: all }) =>
      all.flatMap(({ form, rule, lcgd, gd, cases, across, acrossLearned, toSettle }) => {
        const key = [probe, form, rule, lcgd, gd];
        const row = (dataset: string, own: AcrossDatasets, needed: string) => [
          ...[...key, dataset, own.mean, own.interval.lower, own.interval.upper, own.p, own.signFlipP],
          ...[null, null, own.datasets, needed],
        ];
        return [
          ...cases.map(({ dataset, estimate: { value, interval, seeds }, gate }) => [
            ...[...key, dataset, value, interval?.lower ?? null, interval?.upper ?? null, null, null],
            ...[gate, seeds, 1, ''],
          ]),
          ...(across ? [row('all', across, showNeeded(toSettle))] : []),
          ...(acrossLearned ? [row('learned', acrossLearned, '')] : []),
        ];
      }),
    ),
  };
}
