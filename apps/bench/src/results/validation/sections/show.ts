import { type Interval, type MetricCatalogue, builtInMetrics } from '@icl-gd/metrics';
import { showNeeded } from '../../inference/seeds-needed.ts';
import type { ComparedCell } from '../cells.ts';
import { Markdown, joined, written } from '../markdown.ts';
import type { Verdict } from '../verdict.ts';

export const MARKS: Readonly<Record<Verdict | ComparedCell['verdict'], string>> = {
  ...{ holds: '✓', 'does not hold': '✗', inconclusive: '?', 'nothing was learned': '∅' },
  ...{ equivalent: '✓', different: '✗', 'not measured': '–' },
};
/** Keeps a number and its mark on one line. */
export const NBSP = '\u00A0';
export const BREAK = '<br>';

export function list(names: readonly string[]): string {
  return names.join(', ') || 'none';
}

export function signed(value: number | null): string {
  return value === null ? '' : `${value < 0 ? '' : '+'}${number(value)}`;
}

/** Three decimals, or one digit of what they would show as zero. */
export function number(value: number): string {
  const tiny = value !== 0 && Math.abs(value) < 0.0005;
  return (tiny ? value.toExponential(0) : value.toFixed(3)).replaceAll('-', '−');
}

/** An interval, with a word where it is of a single seed. */
export function range(interval: Interval | null, basis?: ComparedCell['basis']): Markdown {
  const alone = basis === 'examples' ? ` (1${NBSP}seed)` : '';
  return interval
    ? new Markdown(`${BREAK}[${number(interval.lower)},${NBSP}${number(interval.upper)}]${alone}`)
    : written``;
}

export function settled(needed: number | null, units: string): Markdown {
  return needed === null
    ? written``
    : written`${new Markdown(BREAK)}settled by ${showNeeded(needed)} ${units}`;
}

/** What people call a metric; Table 3 has numbers that are none. */
export function labelOf(id: string, { metrics }: MetricCatalogue = builtInMetrics): string {
  return metrics.find((metric) => metric.id === id)?.label ?? id;
}

/** `a`, `a and b`, `a, b and c`. */
export function names(all: readonly string[]): string {
  return [all.slice(0, -1).join(', '), ...all.slice(-1)].filter(Boolean).join(' and ');
}

/** A value with its interval, on one line. */
export function estimated({
  value,
  interval,
}: {
  readonly value: number;
  readonly interval: Interval | null;
}): string {
  return `${signed(value)}${interval ? ` [${number(interval.lower)}, ${number(interval.upper)}]` : ''}`;
}

export function showP(p: number | null): string {
  return p === null ? '–' : p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** What would settle something, as the end of a sentence; nothing where that is not known. */
export function toSettle(needed: { readonly count: number; readonly units: string } | null): string {
  if (needed === null) return '';
  const shown = showNeeded(needed.count);
  return `; settled by ${shown.startsWith('>') ? `more than ${shown.slice(1)}` : `about ${shown}`} ${needed.units}`;
}

/** A list; nothing of nothing. */
export function bullets(items: readonly Markdown[]): Markdown {
  return joined(
    items.map((item) => written`* ${item}`),
    '\n',
  );
}
