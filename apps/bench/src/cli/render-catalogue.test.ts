import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { layerMetrics, metrics } from '@icl-gd/metrics';
import { learners } from '@icl-gd/methods';
import { expect, test } from 'vitest';
import { renderLists } from './actions/list.ts';
import { catalogueTable, markdownTable, renderCatalogue } from './render-catalogue.ts';

/** From here the page is written by hand. */
const FORMULAS = '## Formulas';
const DOCS = join(import.meta.dirname, '../../../../docs');

test('docs/metrics.md is made from the catalogue (`npm run generate` writes it), up to its formulas', async () => {
  const [, formulas] = readFileSync(join(DOCS, 'metrics.md'), 'utf8').split(`\n${FORMULAS}\n`);
  const page = [
    '# What is measured',
    'Made from the catalogues of `@icl-gd/metrics` and `@icl-gd/methods`; `icl-gd ls metrics` and `icl-gd ls methods` print the same.',
    '## Metrics',
    catalogueTable('metrics'),
    'An undefined value is an empty field. *Of a method*: compared with ICL. *Of two methods*: under `-` in the column `method`, where both are run.',
    '## Methods',
    catalogueTable('methods'),
    'ZSL and ICL are always computed; the others are what `--methods` takes. [cli.md](cli.md#learners-of-your-own) tells how to add one,\n[and how to add a metric](cli.md#metrics-of-your-own).',
    `${FORMULAS}\n${formulas?.trimEnd()}`,
  ].join('\n\n');
  await expect(`${page}\n`).toMatchFileSnapshot(join(DOCS, 'metrics.md'));
});

test('docs/tasks-and-models.md is made from the built-in tasks and families (`npm run generate` writes it)', async () => {
  const table = async (head: string[], list: string): Promise<string> =>
    markdownTable([head, ...(await renderLists(list)).split('\n').map((line) => line.split('\t'))]);
  const page = [
    '# Tasks and models that are built in',
    'Made of what `icl-gd ls datasets` and `icl-gd ls models` print.',
    '## Tasks',
    await table(['id', 'name', 'classes', 'where `--data hub` finds it (splits)'], 'datasets'),
    'A task of your own is a file: [cli.md](cli.md#tasks-of-your-own).',
    '## Families of models',
    await table(['`model_type` in config.json', 'architecture'], 'models'),
    'How to add one: [CONTRIBUTING.md](../CONTRIBUTING.md#add-a-family).',
  ].join('\n\n');
  await expect(`${page}\n`).toMatchFileSnapshot(join(DOCS, 'tasks-and-models.md'));
});

test('every metric by layer, and what is compared of behaviour, has its formula in docs/metrics.md', () => {
  const [, formulas = ''] = readFileSync(join(DOCS, 'metrics.md'), 'utf8').split(FORMULAS);
  const outputs = ['agreement', 'kappa', 'js_divergence', 'log_odds_correlation', 'rec2ftp', 'weight_cosine'];
  // Those that have a place in the tables.
  const placed = layerMetrics.flatMap(({ id, order }) => (order === undefined ? [] : [id]));
  for (const id of [...placed, ...outputs]) expect(formulas).toContain(`\`${id}\``);
});

test('every id is there once', () => {
  for (const [what, ids] of [
    ['metrics', metrics.map(({ id }) => id)],
    ['methods', learners.map(({ id }) => id)],
  ] as const) {
    expect(renderCatalogue(what).map((line) => line.split('\t')[0])).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  }
});
