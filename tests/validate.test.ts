import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { iclGd, readCsv, readJson } from './golden.ts';

const SETTINGS = [
  '--seeds',
  '5,6',
  '--examples',
  '8',
  '--variants',
  'trained,untrained',
  '--released-norms',
  '--margin',
  '0.04',
  '--probe',
  'label,prompt',
  '--controls',
  'ZSL[positions=icl],ICL[order=1]',
];

const copy = new FixtureCopy('own-text-gpt2');
const folder = mkdtempSync(join(tmpdir(), 'icl-gd-validate-'));
const report = join(folder, 'report');
const run = join(folder, 'run');
/** The same run with a manifest that says it was of the paper's model and data: those are too large for a test. */
const asPaper = join(folder, 'as-paper');
let printed: string;
beforeAll(async () => {
  const { code, stderr } = await iclGd(copy.arguments(...SETTINGS, '--out', run));
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  cpSync(run, asPaper, { recursive: true });
  claimToBePaper(asPaper);
  const validated = await iclGd(['validate', '--from', asPaper, '--out', report]);
  if (validated.code !== 0) throw new Error(`exit code ${validated.code}: ${validated.stderr}`);
  printed = validated.stdout;
});
afterAll(() => {
  copy[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

function claimToBePaper(folder: string): void {
  const path = join(folder, 'manifest.json');
  const manifest = readJson(path) as { model: object; datasets: { mr: object } };
  writeFileSync(
    path,
    JSON.stringify({
      ...{ ...manifest, model: { ...manifest.model, hub: { id: 'KoboldAI/fairseq-dense-1.3B' } } },
      datasets: { mr: { ...manifest.datasets.mr, hub: { id: 'rotten_tomatoes' } } },
    }),
  );
}

const texts = (directory: string): [string, string][] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(csv|svg|md|html)$/.test(file))
    .map((file) => [file, readFileSync(join(directory, file), 'utf8')]);

describe('validate', () => {
  it('measures what the run did: its cells are those of summary.csv, inside their intervals', () => {
    const summary = readCsv(join(run, 'summary.csv'));
    const measured = readCsv(join(report, 'validation_cells.csv')).filter(
      (row) => row['dataset'] === 'mr' && row['table'] !== '3' && row['measured'] !== '',
    );
    // Table 2 for two methods, Table 1 for two variants.
    expect(measured).toHaveLength(4 * 2 + 2 * 2);
    for (const row of measured) {
      const seeds = summary.filter((own) =>
        ['metric', 'variant', 'method', 'dataset'].every((column) => own[column] === row[column]),
      );
      expect(seeds).toHaveLength(2);
      const mean = seeds.reduce((total, own) => total + Number(own['value']) / seeds.length, 0);
      expect(Number(row['measured'])).toBeCloseTo(mean, 12);
      expect(Number(row['lower_95'])).toBeLessThanOrEqual(mean);
      expect(Number(row['upper_95'])).toBeGreaterThanOrEqual(mean);
    }
  });

  it('calls cells equivalent by the margin that the run declared, and says where another was taken afterwards', async () => {
    const margins = (file: string) =>
      new Set(readCsv(file).flatMap(({ table, margin }) => (table === '3' ? [] : [margin])));
    expect(margins(join(report, 'validation_cells.csv'))).toEqual(new Set(['0.04']));
    expect(readFileSync(join(report, 'summary.md'), 'utf8')).not.toContain('chosen after the run');
    const own = join(folder, 'margin');
    const { code } = await iclGd(['validate', '--from', asPaper, '--out', own, '--margin', '0.3']);
    expect(code).toBe(0);
    expect(margins(join(own, 'validation_cells.csv'))).toEqual(new Set(['0.3']));
    expect(readFileSync(join(own, 'summary.md'), 'utf8')).toContain(
      'The margin of ±0.3 was chosen after the run, which declared ±0.04',
    );
    const refused = await iclGd(['validate', '--from', asPaper, '--out', own, '--margin', '0']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--margin')]);
  });

  it('judges every claim that was measured, and prints it', () => {
    const claims = readCsv(join(report, 'validation_claims.csv'));
    expect(new Set(claims.map(({ claim }) => claim)).size).toBe(9);
    const open = claims.filter(({ dataset }) => dataset === '').map(({ claim }) => claim);
    expect(open).toEqual([expect.stringContaining('but for its layer norms')]);
    for (const { claim } of claims) expect(printed).toContain(claim);
    expect(printed).toContain(join(report, 'summary.html'));
  });

  it('says that a model of two layers has no curve to compare', () => {
    for (const row of readCsv(join(report, 'validation_layers.csv'))) {
      expect([row['correlation'], row['mean_absolute_difference'], row['compared_layers']]).toEqual([
        '',
        '',
        '0',
      ]);
      expect(row['note']).toMatch(/^(not measured|2 layers here, 24 in the paper's model: .*)$/);
    }
  });

  it('draws Figures 2 to 4 and gives the same bytes again', async () => {
    const first = texts(report);
    expect(
      first
        .map(([file]) => file)
        .filter((file) => file.endsWith('.svg'))
        .sort(),
    ).toEqual([
      'figures/figure2-alpha.svg',
      'figures/figure3-simam_delta-mr.svg',
      'figures/figure3-simaou_norm-mr.svg',
      'figures/figure4-kv-mr.svg',
      'figures/figure4-released-mr.svg',
      'figures/ladder.svg',
      'figures/layers.svg',
    ]);
    expect((await iclGd(['validate', '--from', asPaper, '--out', report])).code).toBe(0);
    expect(texts(report)).toEqual(first);
    for (const [file, text] of first) expect(text, file).not.toMatch(/NaN|Infinity|\[object/);
  });

  it('puts the headline token first and the other beside it, with the paper the token of its figures', async () => {
    const page = readFileSync(join(report, 'summary.md'), 'utf8');
    expect(page).toContain('Probed token: **prompt**');
    expect(page).toContain('| SimAOU, prompt | SimAOU, label |');
    expect(page).toContain('| beside the paper | the run probed at label |');
    expect(page).toMatch(/\| command \| icl-gd run .*--probe label,prompt /);
    const ladder = readCsv(join(report, 'ladder.csv'));
    for (const probe of ['prompt', 'label']) {
      const from = probe === 'label' ? run : join(run, probe);
      const own = ladder.find(
        (row) =>
          ['probe', 'metric', 'method', 'dataset'].map((column) => row[column]).join() ===
          `${probe},simaou,ZSL[positions=icl],mr`,
      );
      const seeds = readCsv(join(from, 'summary.csv')).filter(
        (row) =>
          row['metric'] === 'simaou' &&
          row['method'] === 'ZSL[positions=icl]' &&
          row['variant'] === 'trained',
      );
      expect(seeds).toHaveLength(2);
      const mean = seeds.reduce((total, row) => total + Number(row['value']) / seeds.length, 0);
      expect(Number(own?.['value']), probe).toBeCloseTo(mean, 12);
    }
    const turned = join(folder, 'label');
    expect((await iclGd(['validate', '--from', asPaper, '--out', turned, '--headline', 'label'])).code).toBe(
      0,
    );
    expect(readFileSync(join(turned, 'summary.md'), 'utf8')).toContain('| SimAOU, label | SimAOU, prompt |');
    expect(readFileSync(join(turned, 'validation_cells.csv'), 'utf8')).toBe(
      readFileSync(join(report, 'validation_cells.csv'), 'utf8'),
    );
  });

  it('refuses a headline that is no token, or that was not probed', async () => {
    const wrong = await iclGd(['validate', '--from', run, '--headline', 'labels']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('did you mean label?')]);
    const alone = join(run, 'prompt');
    const { code, stderr } = await iclGd(['validate', '--from', alone, '--headline', 'label']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--headline label: nothing was probed')]);
    expect(readdirSync(alone)).not.toContain('summary.html');
  });

  it('of any other model or data says so and shows its own numbers alone', async () => {
    const own = join(folder, 'other');
    const { code, stdout } = await iclGd(['validate', '--from', run, '--out', own]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^No published figure stands beside these numbers and no claim of the paper is judged: /,
    );
    expect(readdirSync(own).toSorted()).toEqual([
      'behaviour.csv',
      'contrasts.csv',
      'figures',
      'ladder.csv',
      'layer_contrasts.csv',
      'summary.html',
      'summary.md',
      'validation_claims.csv',
      'validation_gradient_norms.csv',
    ]);
    for (const [file, text] of texts(own)) expect(text, file).not.toMatch(/[✓✗]|holds|5 of 6/);
    for (const claim of readCsv(join(own, 'validation_claims.csv')))
      expect([claim['published'], claim['claim_verdict'], claim['verdict']]).toEqual(['', '', '']);
  });

  it('writes beside the run without --out, and leaves the tables of the run as they are', async () => {
    const own = join(folder, 'beside');
    cpSync(run, own, { recursive: true });
    const before = texts(own);
    expect((await iclGd(['validate', '--from', own])).code).toBe(0);
    expect(texts(own)).toEqual(expect.arrayContaining(before));
    expect(readFileSync(join(own, 'summary.html'), 'utf8')).toContain('</html>');
  });
});

describe('tables', () => {
  it('names tables that are not as the run wrote them', async () => {
    const own = join(folder, 'changed');
    cpSync(run, own, { recursive: true });
    for (const command of ['validate', 'tables'])
      expect((await iclGd([command, '--from', own])).stderr).not.toContain('WARNING');
    const path = join(own, 'predictions.csv');
    writeFileSync(path, `${readFileSync(path, 'utf8')}\n`);
    for (const command of ['validate', 'tables']) {
      const { code, stderr } = await iclGd([command, '--from', own]);
      expect(stderr).toContain(`WARNING: predictions.csv in ${own}: not as a finished run wrote it`);
      expect(code).toBe(0);
    }
  });

  it('makes the same tables again from summary.csv and table3.csv alone, and with the manifest comparison.csv', async () => {
    const own = mkdtempSync(join(folder, 'tables-'));
    const read = ['summary.csv', 'table3.csv'];
    for (const file of read) cpSync(join(run, file), join(own, file));
    expect((await iclGd(['tables', '--from', own])).code).toBe(0);
    const made = texts(own);
    expect(made.map(([file]) => file).sort()).toEqual([...read, 'table1.csv', 'table2.csv'].sort());
    for (const [file, text] of made) expect(text, file).toBe(readFileSync(join(run, file), 'utf8'));
    cpSync(join(asPaper, 'manifest.json'), join(own, 'manifest.json'));
    expect((await iclGd(['tables', '--from', own])).code).toBe(0);
    const compared = readCsv(join(own, 'comparison.csv')).filter((row) => row['measured'] !== '');
    expect(new Set(compared.map(({ dataset }) => dataset))).toEqual(new Set(['mr']));
  });
});

describe('validate refuses', () => {
  async function complaint(damage: (own: string) => void): Promise<string> {
    const own = mkdtempSync(join(folder, 'damaged-'));
    cpSync(run, own, { recursive: true });
    damage(own);
    const { code, stdout, stderr } = await iclGd(['validate', '--from', own]);
    expect([code, stdout]).toEqual([2, '']);
    expect(readdirSync(own)).not.toContain('summary.html');
    return stderr;
  }
  /** Rewrites a table's first line with the name of a column, or its second in that column. */
  const edit = (
    own: string,
    file: string,
    column: string,
    change: { name?: string; value?: string },
  ): void => {
    const [head = '', first = '', ...rest] = readFileSync(join(own, file), 'utf8').split('\n');
    const at = head.split(',').indexOf(column);
    const put = (line: string, text: string | undefined): string =>
      text === undefined ? line : line.split(',').with(at, text).join(',');
    writeFileSync(join(own, file), [put(head, change.name), put(first, change.value), ...rest].join('\n'));
  };

  it.each(['summary.csv', 'examples.csv', 'layerwise.csv', 'training.csv'])(
    'a run that was stopped before it wrote %s, and says how to go on',
    async (file) => {
      const message = await complaint((own) => rmSync(join(own, file)));
      expect(message).toMatch(new RegExp(`${file} does not exist; .*give the same .icl-gd run. again\\n$`));
    },
  );

  it.each([
    ['layerwise.csv', 'value', 'x1'],
    ['examples.csv', 'alpha', 'Infinity'],
    ['training.csv', 'gradient_norm', 'NaN'],
  ])('numbers that are none, by file, line and column: %s, %s, %s', async (file, column, value) => {
    const message = await complaint((own) => edit(own, file, column, { value }));
    expect(message).toContain(`${file}, line 2: ${column} "${value}" is not a number`);
  });

  it.each([
    ['layerwise.csv', 'value', '1.5'],
    ['examples.csv', 'alpha', '-2'],
  ])('numbers that the metric cannot have: %s, %s, %s', async (file, column, value) => {
    const message = await complaint((own) => edit(own, file, column, { value }));
    expect(message).toMatch(new RegExp(`${file}, line 2: ${column} ${value}: \\w+ lies between -1 and 1`));
  });

  it('a table without a column', async () => {
    const message = await complaint((own) => edit(own, 'examples.csv', 'simam_delta', { name: 'other' }));
    expect(message).toContain('examples.csv lacks the column simam_delta');
  });
});
