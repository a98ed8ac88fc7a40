import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layerMetrics, metrics } from './catalogue.ts';

test('layer-metric-lists.ts has the list of every file that has one (`npm run generate` writes it)', async () => {
  const lists = readdirSync(import.meta.dirname)
    .filter((file) => /(?<!\.test)\.ts$/.test(file))
    .toSorted()
    .flatMap((file) => {
      const text = readFileSync(join(import.meta.dirname, file), 'utf8');
      const found = text.matchAll(
        /^export const (\w+): readonly (?:Layer|Learner|Baseline|Pair)Metric\[\] = \[/gm,
      );
      return [...found].map(([, name]) => ({ file, name }));
    });
  const text = [
    '// Made of the files of this folder by catalogue.test.ts.',
    ...lists.map(({ file, name }) => `import { ${name} } from './${file}';`),
    '',
    '/** What every file adds to the metrics by layer. */',
    'export const layerMetricLists = [',
    ...lists.map(({ name }) => `  ${name},`),
    '];',
  ].join('\n');
  await expect(`${text}\n`).toMatchFileSnapshot(join(import.meta.dirname, 'layer-metric-lists.ts'));
});

test('the order of tables: the paper’s by their places, then the others by id', () => {
  const paper = ['simaou', 'simaou_norm', 'simam', 'simam_delta', 'simaou_random', 'simam_zsl', 'alpha'];
  const ids = layerMetrics.map(({ id }) => id);
  expect(ids.filter((id) => paper.includes(id))).toEqual(paper);
  const others = layerMetrics.filter(({ order }) => order === undefined);
  for (const of of ['learner', 'baseline', 'pair']) {
    const own = others.filter((metric) => metric.of === of).map(({ id }) => id);
    expect(own).toEqual(own.toSorted());
    const all = layerMetrics.filter((metric) => metric.of === of).map(({ id }) => id);
    expect(all.slice(all.length - own.length)).toEqual(own);
  }
});

test('an id is that of one metric', () => {
  expect(new Set(metrics.map(({ id }) => id)).size).toBe(metrics.length);
});
