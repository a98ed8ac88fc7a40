import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectClose, tolerances } from '@icl-gd/gpu-kernels/testing';
import { writeSafetensors } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, fixtures, iclGd, readCsv, readJson, runArguments } from './golden.ts';

const METRIC = tolerances['run-metric'].f32;
const RELATIVE = tolerances['run-relative'].f32;

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-score-'));
afterAll(() => rmSync(folder, { recursive: true }));
const own = (name: string): Fixture => fixtures().find((fixture) => fixture.name === name) as Fixture;

async function score(
  probes: string,
  out: string,
  more: readonly string[] = [],
): Promise<{ stdout: string; stderr: string }> {
  const { code, ...texts } = await iclGd(['score', '--probes', probes, '--out', out, ...more]);
  expect(code, texts.stderr).toBe(0);
  return texts;
}

describe('probes that a run saved', () => {
  const examples = join(import.meta.dirname, '../examples');
  const metricFile = ['--metric-file', join(examples, 'plugins/src/update-size.ts')];
  const [run, scored] = ['run', 'scored'].map((name) => join(folder, name)) as [string, string];
  beforeAll(async () => {
    const seeds = runArguments(own('own-text-gpt2'), run).map((arg, i, all) =>
      all[i - 1] === '--seeds' ? '5,6' : arg,
    );
    const { code, stderr } = await iclGd([
      ...seeds.map((arg, i, all) => (all[i - 1] === '--methods' ? 'gd,lcgd,noise[scale=0.1,seed=3]' : arg)),
      ...['--learner-file', join(examples, 'learners/gaussian-noise.ts'), ...metricFile, '--save-probes'],
    ]);
    if (code !== 0) throw new Error(stderr);
  });

  it.each(['probes', '.'])(
    'give the tables of the run again, own metrics and learners with options among them, from %s',
    async (below) => {
      const { stderr } = await score(join(run, below), scored, metricFile);
      expect(stderr).not.toMatch(/without|0 in the tables/);
      for (const file of [
        ...['layerwise.csv', 'summary.csv', 'intervals.csv', 'examples.csv', 'predictions.csv'],
        ...['training.csv', 'cells.csv', 'table1.csv', 'table2.csv'],
      ])
        expect(readFileSync(join(scored, file), 'utf8'), file).toBe(readFileSync(join(run, file), 'utf8'));
      rmSync(scored, { recursive: true });
    },
  );

  it('want of an own metric what it looks at, and no more', async () => {
    const probes = join(folder, 'without-zsl');
    mkdirSync(probes);
    for (const name of readdirSync(join(run, 'probes')))
      if (!name.includes('ZSL')) copyFileSync(join(run, 'probes', name), join(probes, name));
    const { stdout, stderr } = await score(probes, join(folder, 'without-zsl-scored'), metricFile);
    expect(stdout).toContain('same class as ICL');
    const plain = await score(probes, join(folder, 'without-zsl-plain'));
    const wanting = (text: string): number =>
      Number(/no ZSL recording: without .* and (\d+) more/.exec(text)?.[1]);
    // update_size of GD, LCGD and Noise; same_class looks at no h of zero-shot.
    expect(wanting(stderr) - wanting(plain.stderr)).toBe(3);
  });

  it('do not overwrite the tables of the run', async () => {
    const before = readFileSync(join(run, 'table3.csv'), 'utf8');
    const { code, stderr } = await iclGd(['score', '--probes', join(run, 'probes'), '--out', run]);
    expect(code).toBe(2);
    expect(stderr).toContain('holds the tables of a run');
    expect(readFileSync(join(run, 'table3.csv'), 'utf8')).toBe(before);
  });

  it('are a run to icl-gd validate and icl-gd tables', async () => {
    await score(join(run, 'probes'), scored);
    for (const command of ['tables', 'validate'])
      expect((await iclGd([command, '--from', scored])).code, command).toBe(0);
  });
});

describe('the command', () => {
  const recorded = join(import.meta.dirname, 'fixtures/pytorch-probes/own-text-gpt2');

  it('prints the table of a run and writes nothing without --out', async () => {
    const { code, stdout, stderr } = await iclGd(['score', '--probes', recorded]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/│ trained │ SimAOU +│ GD +│ -0\.330 +│/);
    expect(stdout).toContain('read: 8 examples, 2 layers, 3 heads, d_model 24');
    expect(stdout).toContain('Rec2FTP');
    expect(stderr).toBe('');
  });

  it('names what was not recorded, and computes the rest', async () => {
    const probes = join(folder, 'two');
    mkdirSync(probes);
    for (const setting of ['ICL', 'GD'])
      copyFileSync(join(recorded, `${setting}.safetensors`), join(probes, `${setting}.safetensors`));
    const { code, stdout, stderr } = await iclGd(['score', '--probes', probes]);
    expect(code).toBe(0);
    expect(stderr).toContain(
      'trained mr seed 5 (ICL, GD): no ZSL recording: without simaou_random, simam_zsl',
    );
    expect(stderr).toContain('no LCGD recording: without alpha');
    expect(stdout).toContain('SimAM');
    expect(stdout).not.toContain('SimAOU');
  });

  it.each([
    [['--probes', ''], '--probes is missing'],
    [['--probes', recorded, '--out', ''], '--out is empty'],
    [['--probs', recorded], 'Did you mean --probes?'],
    [['--probes', join(recorded, 'ZSL.safetensors')], 'is a file: what is wanted is the folder'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await iclGd(['score', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('refuses recordings that nothing can be computed of, and writes nothing', async () => {
    const [probes, out] = [join(folder, 'nothing'), join(folder, 'nothing-scored')];
    await writeSafetensors(join(probes, 'ZSL.safetensors'), [
      { name: 'h', shape: [1, 1, 2], dtype: 'float32', data: Float32Array.of(1, 2) },
      { name: 'm', shape: [1, 1, 1, 1], dtype: 'float32', data: Float32Array.of(3) },
    ]);
    const { code, stderr } = await iclGd(['score', '--probes', probes, '--out', out]);
    expect(code).toBe(2);
    expect(stderr).toContain('nothing can be computed of what is there');
    expect(existsSync(join(out, 'summary.csv'))).toBe(false);
  });

  it('says of one setting what it lacks, and which files are no probes', async () => {
    const probes = join(folder, 'one');
    mkdirSync(probes);
    writeFileSync(join(probes, 'notes.txt'), '');
    copyFileSync(join(recorded, 'ICL.safetensors'), join(probes, 'ICL.safetensors'));
    const { stdout, stderr } = await iclGd(['score', '--probes', probes]);
    expect(stdout).not.toContain('SimA');
    expect(stderr).toContain('no probes, not read: notes.txt');
    expect(stderr).toContain('no ZSL recording: without');
  });
});

describe.each(['own-text-gpt2', 'own-text-xglm'])('probes of %s that PyTorch recorded', (name) => {
  const fixture = own(name);
  const out = join(folder, name);
  const golden = (file: string) => readCsv(join(fixture.golden, file));
  const measured = (file: string) => readCsv(join(out, file));
  const numbers = (rows: readonly Readonly<Record<string, string>>[], field: string) =>
    rows.map((row) => Number(row[field]));
  beforeAll(async () => {
    await score(join(import.meta.dirname, 'fixtures/pytorch-probes', name), out);
  });

  it('have the golden metrics in every layer', () => {
    const all = measured('layerwise.csv');
    const expected = golden('layerwise.csv');
    const found = expected.map((row) => {
      const same = all.filter((other) =>
        ['method', 'metric', 'layer'].every((key) => other[key] === row[key]),
      );
      expect(same).toHaveLength(1);
      return same[0]!;
    });
    expectClose(numbers(found, 'value'), numbers(expected, 'value'), METRIC);
  });

  it('have the golden predictions, losses and gradient norms', () => {
    const expected = golden('predictions.csv');
    const all = measured('predictions.csv');
    const found = expected.map((row) =>
      all.find(
        (other) =>
          other['example'] === row['example_index'] &&
          [other['setting'], other['method']].includes(row['setting'] as string),
      )!,
    );
    for (const field of ['gold', 'predicted'])
      expect(numbers(found, field)).toEqual(numbers(expected, field));
    for (const option of [0, 1])
      expectClose(
        numbers(found, `option_${option}_logprob`),
        numbers(expected, `logprob_${option}`),
        RELATIVE,
      );
    const steps = golden('training.csv');
    const trained = measured('training.csv');
    const own = steps.map((row) =>
      trained.find((other) => ['method', 'step', 'layer'].every((key) => other[key] === row[key]))!,
    );
    expectClose(numbers(own, 'loss'), numbers(steps, 'loss'), RELATIVE);
    expectClose(numbers(own, 'gradient_norm'), numbers(steps, 'grad_norm'), RELATIVE);
  });

  it('have the golden accuracies, Rec2FTP and counts', () => {
    const { accuracy, rec2ftp, ...counts } = readJson(join(fixture.golden, 'summary.json')) as {
      accuracy: Record<string, number>;
      rec2ftp: Record<string, { value: number | null }>;
      examples: number;
      demonstrations_in_context: number;
    };
    const summary = measured('summary.csv');
    const value = (method: string, metric: string) =>
      summary.find((row) => row['method'] === method && row['metric'] === metric)?.['value'];
    expect(value('-', 'accuracy_zsl')).toBe(`${accuracy['ZSL']}`);
    expect(value('-', 'accuracy_icl')).toBe(`${accuracy['ICL']}`);
    for (const method of ['GD', 'LCGD']) {
      expect(value(method, 'accuracy_ft')).toBe(`${accuracy[method]}`);
      expect(value(method, 'rec2ftp')).toBe(`${rec2ftp[method]?.value ?? ''}`);
    }
    for (const count of ['examples', 'demonstrations_in_context'] as const)
      expect(value('-', count)).toBe(`${counts[count]}`);
  });
});
