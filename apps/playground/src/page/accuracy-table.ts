import type { Experiment, QueryOutcome } from '../experiment/experiment.ts';
import { html } from './elements.ts';

const NAMES: Readonly<Record<string, string>> = {
  ZSL: 'zero-shot',
  ICL: 'in context',
  GD: 'gradient descent',
  LCGD: 'layer-causal gradient descent',
};

/** Right answers by setting, side by side. */
export class AccuracyTable {
  readonly #rows = new Map<string, { count: HTMLElement; share: HTMLElement; bar: HTMLElement }>();
  readonly #experiment: Experiment;

  constructor(parent: HTMLElement, settings: readonly string[], experiment: Experiment) {
    this.#experiment = experiment;
    const body = html('tbody');
    for (const setting of settings) {
      const cells = {
        count: html('td', {}, '–'),
        share: html('td', { class: 'share' }, '–'),
        bar: html('div', { class: `bar ${setting}` }),
      };
      this.#rows.set(setting, cells);
      const name = html('th', { scope: 'row' }, html('b', {}, setting), ` ${NAMES[setting] ?? ''}`);
      body.append(
        html(
          'tr',
          {},
          name,
          cells.count,
          cells.share,
          html('td', { class: 'bar-cell', 'aria-hidden': 'true' }, cells.bar),
        ),
      );
    }
    const chance = 100 / Math.max(1, experiment.labelWords.length);
    parent.replaceChildren(
      html(
        'table',
        { class: 'accuracies' },
        html(
          'caption',
          {},
          `Share of the queries whose right answer is the likeliest; guessing would give ${chance.toFixed(0)} %.`,
        ),
        html(
          'thead',
          {},
          html(
            'tr',
            {},
            ...['setting', 'right', 'accuracy'].map((text) => html('th', { scope: 'col' }, text)),
            html('td', { 'aria-hidden': 'true' }),
          ),
        ),
        body,
      ),
    );
  }

  show(setting: string, outcomes: readonly QueryOutcome[]): void {
    const row = this.#rows.get(setting);
    if (!row) return;
    const { queries } = this.#experiment;
    const right = outcomes.filter(({ query, predicted }) => queries[query]?.label === predicted).length;
    const accuracy = right / outcomes.length;
    row.count.textContent = `${right} of ${outcomes.length}`;
    row.share.replaceChildren(
      html('data', { value: accuracy, 'data-accuracy': setting }, `${(100 * accuracy).toFixed(0)} %`),
    );
    row.bar.style.setProperty('--share', `${100 * accuracy}%`);
  }
}
