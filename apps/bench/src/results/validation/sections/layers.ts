import { mean } from '@icl-gd/metrics';
import type { Figure } from '../figures.ts';
import { LADDER_METRICS } from '../likeness/ladder.ts';
import type { LayerContrast } from '../likeness/layers.ts';
import type { Likeness } from '../likeness/likeness.ts';
import { type Markdown, written } from '../markdown.ts';
import { pictures } from './figures.ts';
import { bullets, labelOf, names, signed } from './show.ts';

/** Where in the model LCGD is ahead of GD, and where behind. */
export function layerSection({ layers }: Likeness, figures: readonly Figure[]): Markdown[] {
  if (layers.length === 0) return [];
  return [
    written`## LCGD − GD by layer`,
    bullets(
      LADDER_METRICS.flatMap(({ metric }) => {
        const own = layers.filter((layer) => layer.metric === metric);
        return own.length === 0 ? [] : [inWords(labelOf(metric), own)];
      }),
    ),
    ...pictures('layers', figures),
    written`Means over seeds, at the run's own rates. A percentage in a cell: the share of its cosines that are defined, where not all are; grey: none is. layer\\_contrasts.csv has intervals.`,
  ];
}

function inWords(label: string, layers: readonly LayerContrast[]): Markdown {
  const count = Math.max(...layers.map(({ layer }) => layer)) + 1;
  const means = Array.from({ length: count }, (_, layer) =>
    mean(layers.flatMap((own) => (own.layer === layer ? (own.difference ?? []) : []))),
  );
  const ahead = ranges(means.map((value) => value !== null && value > 0));
  const behind = ranges(means.map((value) => value !== null && value < 0));
  const defined = means.flatMap((value) => value ?? []);
  if (defined.length === 0) return written`${label}: undefined in every layer.`;
  const largest = means.reduce<number>(
    (at, value, layer) => (Math.abs(value ?? 0) > Math.abs(means[at] ?? 0) ? layer : at),
    0,
  );
  const where = [
    ...(ahead.length > 0 ? [`LCGD is ahead in layers ${names(ahead)}`] : []),
    ...(behind.length > 0 ? [`GD is ahead in layers ${names(behind)}`] : []),
  ];
  const shares = layers.flatMap(({ definedShare }) => definedShare ?? []);
  const least =
    shares.length > 0 && Math.min(...shares) < 1
      ? `; the least defined cell has ${Math.floor(Math.min(...shares) * 100)} % of its cosines`
      : '';
  return written`${label}, mean over datasets: ${where.length === 0 ? 'there is no difference in any layer' : where.join(', ')}; the largest difference is ${signed(means[largest] as number)}, in layer ${`${largest}`}${least}.`;
}

/** `0–7`, `9`: neighbours that are true. */
function ranges(flags: readonly boolean[]): string[] {
  const found: string[] = [];
  for (let from = 0; from < flags.length; from++) {
    if (!flags[from]) continue;
    let to = from;
    while (flags[to + 1]) to++;
    found.push(from === to ? `${from}` : `${from}–${to}`);
    from = to;
  }
  return found;
}
