import { short } from '../plots/svg.ts';
import { html } from './elements.ts';
import type { Told } from './told.ts';

function number(value: number | null): HTMLElement {
  if (value === null) return html('td', {}, html('abbr', { title: 'undefined' }, '–'));
  return html('td', {}, html('data', { value }, short(value)));
}

function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly HTMLElement[])[],
): HTMLElement {
  return html(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    html(
      'table',
      {},
      html('caption', {}, caption),
      html('thead', {}, html('tr', {}, ...head.map((text) => html('th', { scope: 'col' }, text)))),
      html('tbody', {}, ...rows.map((cells) => html('tr', {}, ...cells))),
    ),
  );
}

/** Its text may be cut where there is no room. */
const header = (text: string): HTMLElement => html('th', { scope: 'row', title: text }, text);
const mean = (values: readonly (number | null)[]): number | null => {
  const defined = values.filter((value) => value !== null);
  return defined.length === 0 ? null : defined.reduce((sum, value) => sum + value, 0) / defined.length;
};

/** Every measure by layer. */
export function curveTable({ curves, outcomes, training }: Told, layers: number): HTMLElement {
  const places = Array.from({ length: layers }, (_, layer) => layer);
  const byLayer = [...curves].flatMap(([setting, own]) =>
    own.map(({ label, metric, values }) => ({ metric, label, setting, values })),
  );
  const sizes = [...outcomes]
    .filter(([, own]) => own.some(({ updateSizes }) => updateSizes.length > 0))
    .map(([setting, own]) => ({
      ...{ metric: 'update_size', label: 'size of the update', setting },
      values: places.map((layer) => mean(own.map(({ updateSizes }) => updateSizes[layer] ?? null))),
    }));
  const trained = [...training].flatMap(([setting, steps]) => {
    const last = steps.at(-1);
    return [
      { metric: 'loss', label: 'loss, last step', setting, values: last?.losses ?? [] },
      {
        metric: 'gradient_norm',
        label: 'gradient norm, last step',
        setting,
        values: last?.gradientNorms ?? [],
      },
    ];
  });
  return table(
    'Measures by layer',
    ['measure', 'setting', 'mean', ...places.map((layer) => `layer ${layer}`)],
    [...byLayer, ...sizes, ...trained].map(({ label, setting, values }) => [
      ...[header(label), html('td', {}, setting), number(mean(values))],
      ...values.map(number),
    ]),
  );
}

/** Every query with its answers. */
export function outcomeTable({ experiment, outcomes }: Told): HTMLElement {
  const settings = [...outcomes.keys()];
  const { queries, labelWords } = experiment;
  const answer = (setting: string, query: number): HTMLElement => {
    const outcome = outcomes.get(setting)?.[query];
    if (!outcome) return html('td', {}, '–');
    const right = outcome.predicted === queries[query]?.label;
    const logProb = outcome.logProbs[outcome.predicted] ?? Number.NaN;
    return html(
      'td',
      { class: right ? 'right' : 'wrong' },
      `${right ? '✓' : '✗'} ${labelWords[outcome.predicted]} `,
      html('data', { value: logProb }, `(${short(logProb)})`),
    );
  };
  return table(
    'Answers, with their log-probabilities (nats a token)',
    ['query', 'right answer', ...settings],
    queries.map(({ text, label }, query) => [
      header(text),
      html('td', {}, labelWords[label] ?? ''),
      ...settings.map((setting) => answer(setting, query)),
    ]),
  );
}
