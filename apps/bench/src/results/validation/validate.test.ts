import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Row } from '../read-run.ts';
import { readPublishedLayers } from '../published/read-published.ts';
import { around, evidenceOf, exampleRows } from './test-support.ts';
import { validate, writeValidation } from './validate.ts';

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-validate-'))));
afterEach(() => rm(out, { recursive: true }));

const NAME = '<b>a|b</b>_*c*';
const examples = ['GD', 'LCGD'].flatMap((method) =>
  exampleRows({ method, dataset: 'mr' }, { simaou: around(method === 'GD' ? 0.1 : 0.4) }),
);
const layerRow = (method: string, seed: number, layer: number, metric: string, value: number): Row => ({
  ...{ variant: 'trained', dataset: 'mr', method, seed: `${seed}`, permutation: '0', metric },
  ...{ layer: `${layer}`, value: `${value}` },
});
/** The authors' own curves as if measured. */
const layers = readPublishedLayers()
  .filter(({ dataset }) => dataset === 'mr')
  .flatMap(({ method, seed, layer, simaou_norm: norm, simam_delta: delta }) => [
    layerRow(method, seed, layer, 'simaou_norm', norm),
    layerRow(method, seed, layer, 'simam_delta', delta),
  ]);

async function written(evidence = evidenceOf(examples, { layers })): Promise<Map<string, string>> {
  await writeValidation(out, validate({ ...evidence, run: { ...evidence.run, model: NAME } }));
  const files = await readdir(out, { recursive: true });
  const texts = await Promise.all(
    files
      .filter((file) => /\.\w+$/.test(file))
      .map(async (file) => [file, await readFile(join(out, file), 'utf8')]),
  );
  return new Map(texts as [string, string][]);
}

test('the summary, its tables and its figures, in the same bytes every time', async () => {
  const files = await written();
  expect([...files.keys()].sort()).toEqual([
    'figures/figure3-simam_delta-mr.svg',
    'figures/figure3-simaou_norm-mr.svg',
    'summary.html',
    'summary.md',
    'validation_cells.csv',
    'validation_claims.csv',
    'validation_layers.csv',
  ]);
  expect(await written()).toEqual(files);
  for (const [file, text] of files) expect(text, file).not.toMatch(/NaN|undefined|Infinity|\[object/);
});

describe('the pages', () => {
  test('say what holds, with numbers', async () => {
    const files = await written();
    const [markdown = '', html = ''] = ['summary.md', 'summary.html'].map((file) => files.get(file));
    expect(markdown).toContain(
      '| LCGD > GD on SimAOU<br>*difference* | 5 of 6 datasets | ✓ holds | ✓\u00A0+0.300<br>[0.300,\u00A00.300] |',
    );
    expect(markdown).toContain('| simaou\\_norm, trained, GD | r\u00A01.000<br>±\u00A00.000 |');
    expect(html).toContain('<b class="yes">✓</b>\u00A0+0.300');
    expect(html).toContain('GD, published');
    expect(html.match(/<svg /g)).toHaveLength(2);
  });

  test('are whole without any other file, and a name is no markup', async () => {
    const html = (await written()).get('summary.html') ?? '';
    expect(html).not.toMatch(/<(script|link|img|iframe)|src=|url\(|@import/);
    expect(html).toContain('<h1>&lt;b&gt;a|b&lt;/b&gt;_*c*: published against measured</h1>');
    expect(html).not.toContain('<b>a');
  });

  test('of a model with other layers draw its own curves alone and give no correlation', async () => {
    const few = layers.filter(({ layer }) => Number(layer) < 3);
    const files = await written(evidenceOf(examples, { layers: few }));
    expect(files.get('summary.md')).toContain("No correlation: 3 layers here, 24 in the paper's model");
    expect(files.get('figures/figure3-simaou_norm-mr.svg')).not.toContain('published');
  });

  test('of a run in which everything diverged say that nothing was measured', async () => {
    const files = await written(evidenceOf([]));
    expect(files.get('summary.md')).toContain("0 of the paper's 104 cells were measured");
    expect(files.get('summary.md')).toContain('None of the published curves was measured.');
    expect(files.get('summary.html')).toContain('</html>');
  });

  test('leave undefined layers out of a figure', async () => {
    const holed = layers.map((row) => (row['layer'] === '0' ? { ...row, value: '' } : row));
    const files = await written(evidenceOf(examples, { layers: holed }));
    expect(files.get('summary.md')).toContain(
      '| simaou\\_norm, trained, GD | r\u00A01.000\u00A0(23)<br>±\u00A00.000 |',
    );
    expect(files.has('figures/figure3-simaou_norm-mr.svg')).toBe(true);
  });
});

test('a noise floor, averaged over seeds; what is undefined says so', async () => {
  const row = (seed: number, perturbation: string, value: string, change: string, dataset = 'mr') => ({
    ...{ variant: 'trained', dataset, method: 'GD', seed: `${seed}`, learning_rate: '0.00016' },
    ...{ metric: 'simaou', perturbation, value, example_change: change },
  });
  const noise = [
    row(5, 'summation-order', '0.1', '0.0001'),
    row(6, 'summation-order', '0.3', '0.0003'),
    row(5, 'float16-weights', '0.1', '0.05'),
    row(6, 'float16-weights', '0.3', ''),
    row(5, 'summation-order', '', '', 'cb'),
    { ...row(5, 'summation-order', '0.9', '0.9'), variant: 'untrained' },
  ];
  const markdown = (await written(evidenceOf(examples, { noise }))).get('summary.md');
  expect(markdown).toContain('| metric, method | mr, rate 0.00016 | cb, rate 0.00016 |');
  expect(markdown).toContain(
    '| simaou, GD | 0.200<br>summation-order 0.00020<br>float16-weights 0.050 | undefined |',
  );
  expect((await written()).get('summary.md')).not.toContain('Noise floor');
});

test('figures 2 and 4: α by layer, and norms on a logarithmic axis without those of zero', async () => {
  const training = ['GD', 'LCGD'].flatMap((method) =>
    [0, 0.1, 10].map((norm, layer) => ({
      ...{ variant: 'trained', dataset: 'mr', method, seed: '1', step: '0' },
      ...{ layer: `${layer}`, gradient_norm: `${norm}` },
    })),
  );
  const alpha = [0.1, 0.2, 0.3].map((value, layer) => layerRow('-', 5, layer, 'alpha', value));
  const files = await written(evidenceOf(examples, { layers: alpha, training, releasedTraining: training }));
  expect([...files.keys()].filter((file) => file.startsWith('figures/')).sort()).toEqual([
    'figures/figure2-alpha.svg',
    'figures/figure4-kv-mr.svg',
    'figures/figure4-released-mr.svg',
  ]);
  expect(files.get('figures/figure4-kv-mr.svg')).toContain('log scale with values from 0.1 to 10');
});
