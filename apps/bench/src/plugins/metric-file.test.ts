import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OwnMetric } from '@icl-gd/metrics';
import { UserError } from '@icl-gd/transformer';
import { afterAll, describe, expect, test } from 'vitest';
import { catalogueWith } from './checked-metric.ts';
import { loadMetricFiles } from './metric-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-metric-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const members = (id: string): string =>
  `id: '${id}', label: 'L', formula: 'f', source: 'me', range: [0, 1], moreAlike: null, definedWhen: 'always'`;
const layers = (id: string, more = "of: 'learner'"): string =>
  `{ kind: 'layers', ${more}, ${members(id)}, score() {} }`;
const whole = (id: string, more?: string): string => `export const metric = ${layers(id, more)};`;

test('a file exports a metric, one by default, or several; their digest follows the text', async () => {
  const named = write('named.mjs', whole('one'));
  const byDefault = write('default.mjs', whole('two').replace('const metric =', 'default'));
  const several = write('several.mjs', `export const metrics = [${layers('three')}, ${layers('four')}];`);
  const loaded = await loadMetricFiles([named, byDefault, several]);
  expect([...loaded].map(([id, { path }]) => [id, path])).toEqual([
    ['one', named],
    ['two', byDefault],
    ['three', several],
    ['four', several],
  ]);
  const other = await loadMetricFiles([write('other.mjs', `${whole('one')}\n`)]);
  expect(other.get('one')?.digest).not.toBe(loaded.get('one')?.digest);
  expect(loaded.get('one')?.digest).toMatch(/^[0-9a-f]{32}$/);
});

test.each([
  ['missing.mjs', undefined, 'the metric file does not exist'],
  ['empty.mjs', 'export const other = 1;', 'exports no "metric"'],
  ['none.mjs', 'export const metrics = [];', 'metrics: the list is empty'],
  ['broken.mjs', 'export const metric = {', 'cannot be loaded'],
  ['text.mjs', 'export const metric = 3;', 'metric: Invalid input'],
  ['id.mjs', whole('No-id'), 'metric.id: must be small letters'],
  ['column.mjs', whole('method'), 'metric.id: is the name of a column'],
  ['taken.mjs', whole('simaou'), 'a metric is called simaou already'],
  ['count.mjs', whole('examples'), 'a metric is called examples already'],
  ['score.mjs', whole('x').replace(', score() {}', ''), 'metric.score: must be a function'],
  ['kind.mjs', whole('x').replace("'layers'", "'count'"), "metric.kind: must be 'layers' or 'predictions'"],
  ['range.mjs', whole('x').replace('[0, 1]', '[1, 0]'), 'metric.range: has no room'],
  ['bounds.mjs', whole('x').replace('[0, 1]', '3'), 'metric.range: must be two bounds'],
  ['likeness.mjs', whole('x').replace('moreAlike: null', "moreAlike: 'big'"), "'higher', 'lower' or null"],
  ['label.mjs', whole('x').replace("label: 'L'", "label: ' '"), 'metric.label: is empty'],
  ['pair.mjs', whole('x', "of: 'pair'"), 'metric.learners: must be the ids of two learners'],
  ['same.mjs', whole('x', "of: 'pair', learners: ['GD', 'GD']"), 'metric.learners: is twice the same'],
  ['alone.mjs', whole('x', "of: 'learner', learners: ['GD', 'LCGD']"), 'is for metrics of a pair'],
  [
    'classes.mjs',
    whole('x', "of: 'pair', learners: ['GD', 'LCGD']").replace("'layers'", "'predictions'"),
    "metric.of: must be 'learner' or 'baseline'",
  ],
  ['second.mjs', `export const metrics = [${layers('x')}, { ${members('y')} }];`, 'metrics[1].kind: '],
  ['getter.mjs', "export const metric = { get id() { throw new Error('no'); } };", 'cannot be read (no)'],
])('%s is refused by name', async (name, content, message) => {
  const path = content === undefined ? join(folder, name) : write(name, content);
  await expect(loadMetricFiles([path])).rejects.toThrow(UserError);
  await expect(loadMetricFiles([path])).rejects.toThrow(`${path}: `);
  await expect(loadMetricFiles([path])).rejects.toThrow(message);
});

test('two metrics with one id are refused', async () => {
  const paths = ['first.mjs', 'again.mjs'].map((name) => write(name, whole('z')));
  await expect(loadMetricFiles(paths)).rejects.toThrow('again.mjs: a metric is called z already');
});

const DESCRIPTION = {
  ...{ id: 'mine', label: 'Mine', formula: 'f', source: 'me', definedWhen: 'always' },
  ...{ range: [0, 1] as const, moreAlike: null },
};
const PROBE = { attentionOutput: [1, 2], attentionScores: [1, 2] };
const PROBES = { icl: [PROBE, PROBE], zsl: [PROBE, PROBE], ft: [PROBE, PROBE] };
const SHAPE = { layers: 2, heads: 1, dModel: 1 };

/** What the catalogue makes of a metric by layer that gives this. */
function scoreOf(score: () => unknown): () => unknown {
  const metric = { kind: 'layers', of: 'learner', ...DESCRIPTION, score } as unknown as OwnMetric;
  const { layerMetrics } = catalogueWith(new Map([['mine', { metric, path: 'mine.ts', digest: '' }]]));
  const own = layerMetrics.find(({ id }) => id === 'mine');
  return () => own?.of === 'learner' && own.score(PROBES, SHAPE);
}

const terms = (sum: number, count = 1) => [
  { sum, count },
  { sum, count },
];
const GOOD = { values: [0.5, null], undefinedCounts: [0, 2], perExample: [terms(0.5), terms(0, 0)] };

describe('scores of a metric of one’s own', () => {
  test('are handed on where they are sound', () => {
    expect(scoreOf(() => GOOD)()).toEqual(GOOD);
  });

  test('a little beyond a bound, as rounding puts them, are that bound', () => {
    const scores = { ...GOOD, values: [1 + 1e-12, -1e-12], perExample: [terms(2 + 1e-12, 2), terms(0, 0)] };
    expect(scoreOf(() => scores)()).toEqual({
      ...scores,
      values: [1, 0],
      perExample: [terms(2, 2), terms(0, 0)],
    });
  });

  test.each([
    ['NaN', { ...GOOD, values: [0.5, NaN] }, 'values.1 is NaN, neither finite nor null'],
    ['infinite', { ...GOOD, values: [Infinity, 0] }, 'values.0 is Infinity, neither finite nor null'],
    ['undefined', { ...GOOD, values: [undefined, 0] }, 'values.0 is missing, neither finite nor null'],
    ['too few', { ...GOOD, values: [0.5] }, 'values has 1 entries for 2 layers'],
    ['counts', { ...GOOD, undefinedCounts: [0] }, 'undefinedCounts has 1 entries for 2 layers'],
    ['half', { ...GOOD, undefinedCounts: [0, 0.5] }, 'undefinedCounts.1 must be a whole number'],
    ['layers', { ...GOOD, perExample: [terms(0)] }, 'perExample has 1 entries for 2 layers'],
    ['examples', { ...GOOD, perExample: [terms(0), []] }, 'perExample.1 has 0 entries for 2 examples'],
    ['sums', { ...GOOD, perExample: [terms(NaN), terms(0)] }, 'perExample.0.0.sum must be finite'],
    ['range', { ...GOOD, values: [1.5, 0] }, 'values.0 is 1.5, outside of its range from 0 to 1'],
    ['means', { ...GOOD, perExample: [terms(0), terms(-3, 2)] }, 'perExample.1.0: its mean is -1.5, outside'],
    ['nothing', undefined, 'score has to give values, undefinedCounts and perExample'],
    ['list', [0.5, 0.5], 'score has to give values, undefinedCounts and perExample'],
    ['number', { ...GOOD, values: 3 }, 'values must be a list of a number or null for each layer'],
    ['promise', Promise.resolve(GOOD), 'score gave a promise'],
  ])('%s: refused in a line that names file and metric', (_, scores, message) => {
    const score = scoreOf(() => scores);
    expect(score).toThrow(UserError);
    expect(score).toThrow(`mine.ts: metric mine: ${message}`);
  });

  test('that cannot be computed: the reason, and where it was thrown', () => {
    const reason = new Error('no luck');
    const score = scoreOf(() => {
      throw reason;
    });
    expect(score).toThrow('mine.ts: metric mine: score failed (no luck)');
    expect(score).toThrow(expect.objectContaining({ cause: reason }));
  });

  test('of predictions: finite or null, in the range', () => {
    const score = (value: unknown) => {
      const metric = { kind: 'predictions', of: 'learner', ...DESCRIPTION, score: () => value } as OwnMetric;
      const found = catalogueWith(new Map([['mine', { metric, path: 'mine.ts', digest: '' }]]));
      const own = found.predictionMetrics.find(({ id }) => id === 'mine');
      return own?.score({ gold: [], zsl: [], icl: [], ft: [] });
    };
    expect([score(0.5), score(null), score(1 + 1e-12)]).toEqual([0.5, null, 1]);
    expect(() => score(NaN)).toThrow('mine.ts: metric mine: its value is NaN');
    expect(() => score(2)).toThrow('mine.ts: metric mine: its value is 2, outside of its range');
    expect(() => score('1')).toThrow('mine.ts: metric mine: its value is string');
  });
});
