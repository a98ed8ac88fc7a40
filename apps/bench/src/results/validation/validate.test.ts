import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { groupBy } from '../../experiment/group-by.ts';
import { readPublishedLayers } from '../published/read-published.ts';
import { around, measuredCell, runOf, seeds } from './test-support.ts';
import type { JudgedClaim } from './claims.ts';
import { validate, writeValidation } from './validate.ts';

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-validate-'))));
afterEach(() => rm(out, { recursive: true }));

const NAME = '<b>a|b</b>_*c*';
const examples = ['GD', 'LCGD'].flatMap((method) =>
  seeds({ method, dataset: 'mr', examples: { simaou: around(method === 'GD' ? 0.1 : 0.4) } }),
);
/** The authors' own curves as if measured, from the first layer on. */
const curves = (layers = 24, change = (value: number, _layer: number): number | null => value) => {
  const rows = readPublishedLayers().filter(({ dataset, layer }) => dataset === 'mr' && layer < layers);
  const cells = groupBy(rows, ({ method, seed }) => `${method} ${seed}`);
  return [...cells.values()].map((own) =>
    measuredCell({
      method: own[0]!.method,
      dataset: 'mr',
      seed: own[0]!.seed,
      layers: {
        simaou_norm: own.map(({ simaou_norm: value, layer }) => change(value, layer)),
        simam_delta: own.map(({ simam_delta: value, layer }) => change(value, layer)),
      },
    }),
  );
};

async function written(run = runOf([...examples, ...curves()])): Promise<Map<string, string>> {
  await writeValidation(out, validate({ ...run, model: NAME }));
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
    'contrasts.csv',
    'figures/figure3-simam_delta-mr.svg',
    'figures/figure3-simaou_norm-mr.svg',
    'figures/ladder.svg',
    'figures/layers.svg',
    'ladder.csv',
    'layer_contrasts.csv',
    'summary.html',
    'summary.md',
    'validation_cells.csv',
    'validation_claims.csv',
    'validation_layers.csv',
  ]);
  expect(await written()).toEqual(files);
  for (const [file, text] of files) expect(text, file).not.toMatch(/NaN|undefined|Infinity|\[object/);
});

test('validation_claims.csv: a row a case and one for all datasets, one without numbers where nothing was measured', async () => {
  const common = { parts: [], spread: null, p: 0.25, adjustedP: 0.5 };
  const claim: JudgedClaim = {
    ...{ text: 'a > b', published: '5 of 6 datasets', quantity: 'difference', verdict: 'holds' as const },
    ...{ role: 'confirmatory', against: -0.05 },
    across: [
      {
        ...{ method: 'GD', datasets: 2, mean: 0.125, interval: { lower: -1, upper: 2 }, deviation: 1 },
        ...{ p: 0.125, adjustedP: 0.375, signFlipP: 0.75, verdict: 'inconclusive', toSettle: Infinity },
      },
    ],
    cases: [
      {
        ...{ ...common, dataset: 'mr', method: '', value: 0.5, seeds: 3, verdict: 'holds' as const },
        ...{ interval: { lower: 0.25, upper: 0.75 }, basis: 'seeds', toSettle: null },
      },
      {
        ...{ ...common, dataset: 'cb', method: 'GD', value: -1, seeds: 2, verdict: 'inconclusive' },
        ...{ interval: null, basis: null, toSettle: 12 },
      },
    ],
  };
  const none = { verdict: 'inconclusive' as const, cases: [], across: [] };
  await writeValidation(out, {
    ...validate(runOf([])),
    claims: [claim, { ...claim, text: 'c > d', ...none }],
  });
  expect(await readFile(join(out, 'validation_claims.csv'), 'utf8')).toMatchInlineSnapshot(`
    "claim,role,published,claim_verdict,dataset,method,quantity,against,value,lower_95,upper_95,interval,p,p_holm,p_sign_flip,seeds,datasets,verdict,to_settle
    a > b,confirmatory,5 of 6 datasets,holds,mr,-,difference,-0.05,0.5,0.25,0.75,seeds,0.25,0.5,,3,1,holds,
    a > b,confirmatory,5 of 6 datasets,holds,cb,GD,difference,-0.05,-1,,,,0.25,0.5,,2,1,inconclusive,12
    a > b,confirmatory,5 of 6 datasets,holds,all,GD,difference,-0.05,0.125,-1,2,datasets,0.125,0.375,0.75,,2,inconclusive,>1000
    c > d,confirmatory,5 of 6 datasets,inconclusive,,,difference,-0.05,,,,,,,,0,0,,
    "
  `);
});

test('validation_gradient_norms.csv: log₁₀ of the ratio of norms by layer', async () => {
  const cells = [1, 2].flatMap((seed) => [
    measuredCell({ method: 'GD', dataset: 'mr', seed, gradientNorms: [[1, 1]] }),
    measuredCell({ method: 'LCGD', dataset: 'mr', seed, gradientNorms: [[10 ** seed, 1]] }),
  ]);
  const lines = (await written(runOf(cells))).get('validation_gradient_norms.csv')?.split('\n');
  expect(lines?.[0]).toBe('definition,dataset,layer,log10_ratio,lower_95,upper_95,seeds');
  expect(lines?.[1]).toMatch(/^kv,mr,0,1\.5,-4\.85\d*,7\.85\d*,2$/);
  expect(lines?.[2]).toBe('kv,mr,1,0,0,0,2');
});

describe('the pages', () => {
  test('say what holds, with numbers', async () => {
    const files = await written();
    const [markdown = '', html = ''] = ['summary.md', 'summary.html'].map((file) => files.get(file));
    expect(markdown).toContain(
      '| LCGD > GD on SimAOU<br>*difference; confirmatory* | 5 of 6 datasets | ? inconclusive |  | ✓\u00A0+0.300<br>[0.300,\u00A00.300] |',
    );
    expect(markdown).toContain('| SimAOU\\_norm, trained, GD | r\u00A01.000<br>±\u00A00.000 |');
    expect(markdown).toContain(String.raw`| SimAM\_Δ | 0.070 | \[−0.019, 0.160\] | 0.100 | 0.125 |`);
    expect(markdown).toContain(String.raw`| SimAM\_Δ | 0–7 | 0.075 | 0.408 |`);
    expect(html).toContain('<b class="yes">✓</b>\u00A0+0.300');
    expect(html).toContain('GD, published');
    expect(html.match(/<svg /g)).toHaveLength(4);
  });

  test('are whole without any other file, and a name is no markup', async () => {
    const html = (await written()).get('summary.html') ?? '';
    expect(html).not.toMatch(/<(script|link|img|iframe)|src=|url\(|@import/);
    expect(html).toContain('<h1>&lt;b&gt;a|b&lt;/b&gt;_*c*: published against measured</h1>');
    expect(html).not.toContain('<b>a');
  });

  test('of a model with other layers draw its own curves alone and give no correlation', async () => {
    const files = await written(runOf([...examples, ...curves(3)]));
    expect(files.get('summary.md')).toContain("No correlation: 3 layers here, 24 in the paper's model");
    expect(files.get('figures/figure3-simaou_norm-mr.svg')).not.toContain('published');
  });

  test('of other methods name them, list what they measured, and give each a colour of its own', async () => {
    const methods = ['GD', 'LCGD', 'Noise[scale=0.5]'];
    const cells = methods.map((method, i) => ({
      ...measuredCell({ method, dataset: 'mr', layers: { simaou_norm: [0.1 * i, 0.2 * i] } }),
      numbers: new Map([['simaou_norm', -0.15 * i]]),
    }));
    const files = await written(runOf(cells, { methods }));
    const markdown = files.get('summary.md');
    expect(markdown).toContain(String.raw`Methods: GD, LCGD, Noise\[scale=0.5\].`);
    expect(markdown).toContain(String.raw`## Figure 3: GD, LCGD and Noise\[scale=0.5\] by layer`);
    expect(markdown).toContain(
      `## Measured\n\n| variant | metric | method | mr |\n| --- | --- | --- | --- |\n| trained | SimAOU\\_norm | GD | 0.000 |`,
    );
    expect(markdown).toContain(String.raw`| trained | SimAOU\_norm | Noise\[scale=0.5\] | −0.300 |`);
    const figure = files.get('figures/figure3-simaou_norm-mr.svg');
    for (const color of ['#0072b2', '#d55e00', '#009e73'])
      expect(figure?.match(new RegExp(`line mark" d="[^"]*" stroke="${color}"`, 'g'))).toHaveLength(1);
  });

  test('keep the colour of a method where GD is not drawn', async () => {
    const own = measuredCell({ method: 'Noise', dataset: 'mr', layers: { simaou_norm: [0.1, 0.2] } });
    const files = await written(runOf([own], { methods: ['Noise'] }));
    expect(files.get('summary.md')).toContain('## Figure 3: Noise by layer');
    expect(files.get('figures/figure3-simaou_norm-mr.svg')).toContain('stroke="#009e73"');
  });

  test('of another model or data say so in one line, with numbers and without figures of the paper or verdicts', async () => {
    const paper = { datasets: new Set<string>(), notice: 'No published figure: the model is another <b>.' };
    const files = await written(runOf([...examples, ...curves()], { paper }));
    const [markdown = '', html = ''] = ['summary.md', 'summary.html'].map((file) => files.get(file));
    expect(markdown).toMatch(/^# .*: measured\n/);
    expect(markdown).toContain('\n\nNo published figure: the model is another &lt;b&gt;.\n\n');
    for (const text of [markdown, html, files.get('figures/figure3-simaou_norm-mr.svg') ?? ''])
      expect(text).not.toMatch(/[✓✗→]|published against|, published|holds/);
    expect(markdown).toContain(
      '| LCGD > GD on SimAOU<br>*difference; confirmatory* |  | +0.300<br>[0.300,\u00A00.300] |',
    );
    expect(files.has('validation_cells.csv')).toBe(false);
    expect(files.has('validation_layers.csv')).toBe(false);
    expect(files.get('validation_claims.csv')).toContain(
      'LCGD > GD on SimAOU,confirmatory,,,mr,-,difference,0,',
    );
  });

  test('leave nothing of an earlier, wider validation', async () => {
    const wide = [...(await written()).keys()];
    expect(wide).toContain('validation_cells.csv');
    const paper = { datasets: new Set<string>(), notice: 'nothing' };
    const narrow = [...(await written(runOf([], { paper }))).keys()];
    expect(narrow.sort()).toEqual(['summary.html', 'summary.md', 'validation_claims.csv']);
  });

  test('of a run in which everything diverged say that nothing was measured', async () => {
    const files = await written(runOf([]));
    expect(files.get('summary.md')).toContain("0 of the paper's 104 cells were measured");
    expect(files.get('summary.md')).toContain('None of the published curves was measured.');
    expect(files.get('summary.html')).toContain('</html>');
  });

  test('leave undefined layers out of a figure', async () => {
    const holed = curves(24, (value, layer) => (layer === 0 ? null : value));
    const files = await written(runOf([...examples, ...holed]));
    expect(files.get('summary.md')).toContain(
      '| SimAOU\\_norm, trained, GD | r\u00A01.000\u00A0(23)<br>±\u00A00.000 |',
    );
    expect(files.has('figures/figure3-simaou_norm-mr.svg')).toBe(true);
  });
});

test('a noise floor, averaged over seeds; what is undefined says so', async () => {
  const own = { variant: 'trained', dataset: 'mr', method: 'GD', learningRate: 0.00016, metric: 'simaou' };
  const noise = [
    { ...own, perturbation: 'summation-order', value: 0.1, exampleChange: 0.0001 },
    { ...own, perturbation: 'summation-order', value: 0.3, exampleChange: 0.0003 },
    { ...own, perturbation: 'float16-weights', value: 0.1, exampleChange: 0.05 },
    { ...own, perturbation: 'float16-weights', value: 0.3, exampleChange: null },
    { ...own, perturbation: 'summation-order', value: null, exampleChange: null, dataset: 'cb' },
    { ...own, perturbation: 'summation-order', value: 0.9, exampleChange: 0.9, variant: 'untrained' },
  ];
  const markdown = (await written(runOf(examples, { noise }))).get('summary.md');
  expect(markdown).toContain('| metric, method | mr, rate 0.00016 | cb, rate 0.00016 |');
  expect(markdown).toContain(
    '| SimAOU, GD | 0.200<br>summation-order 0.00020<br>float16-weights 0.050 | undefined |',
  );
  expect((await written()).get('summary.md')).not.toContain('Noise floor');
});

test('figures 2 and 4: α by layer, and norms on a logarithmic axis without those of zero', async () => {
  const norms = [[0, 0.1, 10]];
  const training = ['GD', 'LCGD'].map((method) =>
    measuredCell({ method, dataset: 'mr', gradientNorms: norms, releasedGradientNorms: norms }),
  );
  const alpha = measuredCell({ method: '-', dataset: 'mr', layers: { alpha: [0.1, 0.2, 0.3] } });
  const files = await written(runOf([...examples, ...training, alpha]));
  expect([...files.keys()].filter((file) => file.startsWith('figures/')).sort()).toEqual([
    'figures/figure2-alpha.svg',
    'figures/figure4-kv-mr.svg',
    'figures/figure4-released-mr.svg',
    'figures/ladder.svg',
  ]);
  expect(files.get('figures/figure4-kv-mr.svg')).toContain('log scale with values from 0.1 to 10');
});
