import { builtInMetrics } from '@icl-gd/metrics';
import type { PublishedSupport } from '../inference/published-support.ts';
import { type Markdown, table, written } from './markdown.ts';

/** What the published figures themselves support, without any run. */
export function supportSection({ leads, layers, rates }: PublishedSupport): Markdown[] {
  const lowest = 2 ** (1 - Math.max(...leads.map(({ across }) => across.datasets)));
  return [
    written`## What the published data support`,
    written`LCGD − GD in the authors' own per-layer results, mean over layers and seeds, with the six datasets as units. The smallest p that their signs can give is ${lowest.toFixed(3)}.`,
    table(
      ['metric', 'LCGD − GD', '95 %, t', 'p, t', 'p, sign flips'],
      leads.map(({ metric, across }) => [
        ...[
          labelOf(metric),
          number(across.mean),
          `[${number(across.interval.lower)}, ${number(across.interval.upper)}]`,
        ],
        ...[across.p.toFixed(3), across.signFlipP?.toFixed(3) ?? '–'],
      ]),
    ),
    table(
      ['metric', 'layers', 'GD', 'LCGD'],
      layers.map((own) => [
        labelOf(own.metric),
        `${own.first}–${own.last}`,
        number(own.gd),
        number(own.lcgd),
      ]),
    ),
    written`Spearman's correlation over the datasets of the published learning rate and the score: ${rates
      .map((own) => `${own.method} ${number(own.spearman)} (${labelOf(own.metric)}, ${own.source})`)
      .join(', ')}.`,
  ];
}

function labelOf(id: string): string {
  return builtInMetrics.metrics.find((metric) => metric.id === id)?.label ?? id;
}

function number(value: number): string {
  return value.toFixed(3).replaceAll('-', '−');
}
