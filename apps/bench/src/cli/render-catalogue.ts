import type { Metric } from '@icl-gd/metrics';
import { type Learner, learners } from '@icl-gd/methods';
import { catalogueWith } from '../plugins/checked-metric.ts';
import type { Plugins } from '../plugins/load-plugins.ts';

/** Learners and metrics of the user's own. */
type Own = Pick<Plugins, 'learners' | 'metrics'>;

const OF = { learner: 'a method', baseline: 'no method', pair: 'two methods' } as const;

/** The catalogue of methods or metrics, a line each, fields separated by tabs. */
export function renderCatalogue(what: 'methods' | 'metrics', own?: Own): string[] {
  return rowsOf(what, own).map((row) => row.join('\t'));
}

/** The same as a Markdown table, for the documentation. */
export function catalogueTable(what: 'methods' | 'metrics'): string {
  const head =
    what === 'methods'
      ? ['id', 'name', 'demonstrations', 'options', 'source']
      : ['id', 'name', 'definition', 'of', 'range', 'more alike', 'defined when', 'source'];
  return markdownTable([head, ...rowsOf(what)]);
}

/** A Markdown table; the first row is its head. */
export function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function rowsOf(what: 'methods' | 'metrics', own?: Own): string[][] {
  return what === 'methods'
    ? [...learners, ...(own?.learners.learners ?? [])].map(learnerRow)
    : catalogueWith(own?.metrics).metrics.map(metricRow);
}

function learnerRow({ id, label, needs, objective, options, source }: Learner): string[] {
  const taken = { none: 'none', context: 'those that fit the context', all: 'all' }[needs];
  const names = [...(objective ? ['learning rate'] : []), ...Object.keys(options?.shape ?? {})];
  return [id, label, taken, names.join(', '), source];
}

function metricRow({ id, label, formula, of, range, moreAlike, definedWhen, source }: Metric): string[] {
  const [low, high] = range.map((bound) => (bound === null ? '∞' : String(bound)));
  return [id, label, formula, OF[of], `${low} to ${high}`, moreAlike ?? '', definedWhen, source];
}
