import type { Figure } from '../figures.ts';
import type { NullComparison } from '../likeness/comparisons.ts';
import { ALL, LADDER_METRICS, type Ladder, type Level, type Rung } from '../likeness/ladder.ts';
import { type Likeness, plainLearners } from '../likeness/likeness.ts';
import { ROLE_NAMES, inWords } from '../likeness/settings.ts';
import { type Inline, Markdown, joined, table, written } from '../markdown.ts';
import { pictures } from './figures.ts';
import { BREAK, bullets, estimated, labelOf, number, range, signed, toSettle } from './show.ts';

/**
 * Nulls, learners, controls and ceilings on one scale.
 * @param all the headline's first
 */
export function ladderSection(
  [likeness, ...others]: readonly Likeness[],
  figures: readonly Figure[],
): Markdown[] {
  if (!likeness || likeness.ladder.rungs.length === 0) return [];
  const { ladder, comparisons, probe } = likeness;
  const byDataset = pictures('ladder by dataset', figures);
  return [
    written`## How alike: from nulls to ceilings`,
    bullets(sentences(ladder, comparisons)),
    ...pictures('ladder', figures),
    rungTable(probe, ladder, others),
    written`Mean over datasets with Student's t interval over datasets${ladder.datasets.length > 1 ? '' : ' (one dataset: over seeds and examples)'}, drawn as far as a cosine can be; hollow marks and *mismatched*: between the updates of different examples, the share that is not about the example. *Scaled*: 0 at its own mismatched score, 1 at ${ladder.ceiling ?? 'a ceiling, which was not run'}; given only where the interval of the distance between the two excludes 0. *Defined*: share of the cosines that are. *Common mode*: share of Δm that is the same for all keys, which softmax does not see. Nulls take in nothing that could be learned; ceilings are ICL once more, with other demonstrations or in another order.`,
    ...(byDataset.length > 0 ? [written`### Dataset by dataset`, ...byDataset] : []),
  ];
}

function rungTable(probe: string, ladder: Ladder, others: readonly Likeness[]): Markdown {
  const total = (of: Ladder): Rung[] => of.rungs.filter(({ dataset }) => dataset === ALL);
  return table(
    [
      ...['', 'setting'],
      ...LADDER_METRICS.flatMap(({ metric }) => [
        others.length === 0 ? labelOf(metric) : `${labelOf(metric)}, ${probe}`,
        ...others.map((own) => `${labelOf(metric)}, ${own.probe}`),
        ...['mismatched', 'scaled', 'defined'],
      ]),
      'common mode',
    ],
    [...new Set(total(ladder).map(({ method }) => method))].map((method) => {
      const of = (from: Ladder, metric: string): Rung | undefined =>
        total(from).find((rung) => rung.metric === metric && rung.method === method);
      const some = total(ladder).find((rung) => rung.method === method);
      return [
        ...[ROLE_NAMES[some!.role], nameOf(method)],
        ...LADDER_METRICS.flatMap(({ metric }) => {
          const rung = of(ladder, metric);
          return [
            showRung(rung, ladder),
            ...others.map((own) => showRung(of(own.ladder, metric), own.ladder)),
            showLevel(rung?.mismatched ?? null),
            rung?.normalised === null || rung === undefined ? '–' : number(rung.normalised),
            shareOf(rung?.definedShare ?? null),
          ];
        }),
        shareOf(of(ladder, 'simam_delta')?.commonMode ?? null),
      ];
    }),
  );
}

/** The id, and below it what it is where there are words for it. */
function nameOf(method: string): Inline {
  const words = inWords(method);
  return words === method ? method : joined([method, words.replace(` (${method})`, '')], BREAK);
}

function showRung(rung: Rung | undefined, { datasets }: Ladder): Inline {
  if (!rung) return '–';
  const fewer = rung.datasets < datasets.length ? `${rung.datasets} of ${datasets.length} datasets` : '';
  return joined([showLevel(rung.level), ...(fewer ? [fewer] : [])], BREAK);
}

function showLevel(level: Level | null): Inline {
  return level ? written`${number(level.value)}${range(level.interval)}` : '–';
}

/** Never 100 for what is less. */
function shareOf(share: number | null): string {
  if (share === null) return '–';
  return share === 1 ? '100 %' : `${Math.min(99.9, share * 100).toFixed(1)} %`;
}

/** What the picture shows, of each learner and similarity, from its numbers. */
function sentences(ladder: Ladder, comparisons: readonly NullComparison[]): Markdown[] {
  const all = ladder.rungs.filter(({ dataset }) => dataset === ALL);
  const learners = plainLearners(all.map(({ method }) => method));
  return LADDER_METRICS.flatMap(({ metric }) => {
    const own = all.filter((rung) => rung.metric === metric);
    const ceiling = own.find(({ method }) => method === ladder.ceiling);
    return [
      ...own
        .filter(({ method }) => learners.includes(method))
        .map((rung) =>
          joined(
            [
              aboveNull(
                rung,
                comparisons.find(
                  ({ learner }) => learner.metric === metric && learner.method === rung.method,
                ),
              ),
              ...mismatchedOf(rung),
              ...scaled(rung, ceiling),
            ],
            ' ',
          ),
        ),
      ...controls(own, ceiling),
    ];
  });
}

function aboveNull({ method, metric, level }: Rung, comparison: NullComparison | undefined): Markdown {
  const score = `${method}'s ${labelOf(metric)}, ${number(level.value)},`;
  if (!comparison)
    return written`**${score} has no null beside it**, so that what it means cannot be said (${new Markdown('`--controls`')}).`;
  const { highest, difference } = comparison;
  const other = `${inWords(highest.method)}, ${number(highest.level.value)}`;
  const apart = estimated(difference);
  const sure = comparison.toSettle === null && difference.interval !== null && !holdsZero(difference);
  if (sure && difference.value > 0)
    return written`**${score} is above that of every null**; the highest is that of ${other} (difference ${apart}).`;
  if (sure) return written`**${score} is lower than that of ${other}** (difference ${apart}).`;
  const open = `inconclusive, difference ${apart}${toSettle(comparison.toSettle)}`;
  return difference.value > 0
    ? written`**${score} is not surely higher than that of ${other}** (${open}).`
    : written`**${score} is no higher than that of ${other}** (${open}).`;
}

function holdsZero({ interval }: Level): boolean {
  return interval !== null && interval.lower <= 0 && interval.upper >= 0;
}

function mismatchedOf({ level, mismatched }: Rung): Markdown[] {
  if (!mismatched) return [];
  return [
    written`Between updates of different examples it is ${number(mismatched.value)}: ${signed(level.value - mismatched.value)} is about the example.`,
  ];
}

function scaled({ normalised }: Rung, ceiling: Rung | undefined): Markdown[] {
  if (!ceiling) return [];
  if (normalised === null)
    return [
      written`It has no place on the scale up to ${inWords(ceiling.method)}, ${number(ceiling.level.value)}, which is not surely apart from that.`,
    ];
  return [
    written`On the scale from there (0) to ${inWords(ceiling.method)}, ${number(ceiling.level.value)} (1), it is at ${number(normalised)}.`,
  ];
}

/** What the context itself need not have. */
function controls(rungs: readonly Rung[], ceiling: Rung | undefined): Markdown[] {
  return rungs
    .filter(({ role }) => role === 'control')
    .map(({ method, metric, level }) => {
      const beside = ceiling ? `; with ${inWords(ceiling.method)} it is ${number(ceiling.level.value)}` : '';
      return written`With ${inWords(method)} ${labelOf(metric)} is ${number(level.value)}${beside}.`;
    });
}
