import { mean } from '@icl-gd/metrics';
import { acrossDatasets } from '../../inference/across-datasets.ts';
import type { Figure } from '../figures.ts';
import { isNotZero } from '../likeness/ladder.ts';
import type { Likeness } from '../likeness/likeness.ts';
import { type RateCurve, rateCurves, valuesAt } from '../likeness/rates.ts';
import { RULES } from '../likeness/settings.ts';
import { type Inline, type Markdown, joined, table, written } from '../markdown.ts';
import { pictures } from './figures.ts';
import { BREAK, bullets, estimated, number } from './show.ts';

/** Similarity, accuracy and likelihood over the learning rate, and which rates were chosen. */
export function rateSection({ development, ladder }: Likeness, figures: readonly Figure[]): Markdown[] {
  if (!development || development.curves.length === 0) return [];
  const { curves, levels } = rateCurves(development);
  const methods = [...new Set(curves.map(({ method }) => method))];
  const datasets = ladder.datasets.filter((id) => curves.some(({ dataset }) => dataset === id));
  const icl = mean(levels.flatMap(({ method, values }) => (method === 'ICL' ? (values.accuracy ?? []) : [])));
  return [
    written`## Over the learning rate`,
    bullets(
      methods.flatMap((method) =>
        inWords(
          method,
          curves.filter((curve) => curve.method === method),
          icl,
        ),
      ),
    ),
    table(
      ['learner', 'rule', ...datasets],
      methods.flatMap((method) =>
        RULES.flatMap((rule): Inline[][] => {
          const rows = development.rates.filter((row) => row.method === method && row.rule === rule);
          if (rows.length === 0) return [];
          return [
            [
              method,
              rule,
              ...datasets.map((id) => {
                const row = rows.find(({ dataset }) => dataset === id);
                if (!row) return '–';
                const { learningRate, publishedRate, note } = row;
                if (learningRate === null) return joined(['none', note], BREAK);
                const times = `${Number((learningRate / publishedRate).toPrecision(3))} × published`;
                return joined(
                  [`${Number(learningRate.toPrecision(4))}`, ...(rule === 'published' ? [] : [times])],
                  BREAK,
                );
              }),
            ],
          ];
        }),
      ),
    ),
    ...pictures('rates', figures),
    written`On development data, which have no part in any other number of this page; means over their seeds, a gap where one diverged. Marked: the rates that were chosen, never by likeness to ICL; rates.csv says how each came about, development.csv has the curves.`,
  ];
}

/** What the best rate does to likeness, beside the published one. */
function inWords(method: string, curves: readonly RateCurve[], icl: number | null): Markdown[] {
  const both = curves.flatMap((curve) => {
    const [published, best] = [valuesAt(curve, 'published'), valuesAt(curve, 'best')];
    if (!published || !best) return [];
    const [from, to] = [published.simaou, best.simaou];
    const [right, better] = [published.accuracy, best.accuracy];
    if (from === null || to === null || right === null || better === null) return [];
    return [{ from, to, right, better }];
  });
  const over = (of: 'from' | 'to' | 'right' | 'better'): number => mean(both.map((own) => own[of])) ?? 0;
  if (both.length === 0) return [];
  const change = acrossDatasets(both.map(({ from, to }) => to - from));
  const sure = change ? isNotZero(change.interval) : false;
  const way =
    over('to') > over('from') ? 'more alike' : over('to') < over('from') ? 'less alike' : 'as alike';
  const than = way === 'as alike' ? 'as' : 'than';
  const apart = change ? `; difference ${estimated({ value: change.mean, interval: change.interval })}` : '';
  const beside = icl === null ? '' : `; ICL ${number(icl)}`;
  return [
    written`At its best rates ${method} is ${way} to ICL ${than} at the published ones (SimAOU ${number(over('to'))}, published ${number(over('from'))}${apart}${sure ? '' : ': inconclusive'}) and right on ${number(over('better'))} of the examples (published ${number(over('right'))}${beside}): ${`${both.length}`} dataset${both.length === 1 ? '' : 's'}.`,
  ];
}
