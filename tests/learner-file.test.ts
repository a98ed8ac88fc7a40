import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FixtureCopy, complaint } from './damage.ts';
import { iclGd, readCsv, readJson, spawnIclGd } from './golden.ts';

/** A learner as a user would write it, Gaussian noise on keys and values, by an id that no built-in learner has. */
const TEXT = readFileSync(
  join(import.meta.dirname, '..', 'examples', 'learners', 'gaussian-noise.ts'),
  'utf8',
).replace("id: 'Noise'", "id: 'OwnNoise'");

describe('--learner-file', () => {
  const copy = new FixtureCopy('own-text-gpt2');
  // Inside the repository, so that a learner finds the packages.
  const results = join(import.meta.dirname, '..', 'results');
  mkdirSync(results, { recursive: true });
  const folder = mkdtempSync(join(results, 'learner-'));
  const noise = join(folder, 'noise.ts');
  writeFileSync(noise, TEXT);
  afterAll(() => {
    copy[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });
  const run = (...more: string[]) => iclGd(copy.arguments('--examples', '4', ...more));

  it('adds a learner, whose options and scores stand in every table', async () => {
    const methods = 'gd,ownnoise,ownnoise[scale=0.5]';
    const result = await run('--learner-file', noise, '--methods', methods);
    expect(complaint(result).filter((line) => line.startsWith('icl-gd'))).toEqual([]);
    expect(result.code).toBe(0);
    const ids = ['GD', 'OwnNoise', 'OwnNoise[scale=0.5]'];
    for (const file of [
      'layerwise.csv',
      'summary.csv',
      'intervals.csv',
      'examples.csv',
      'predictions.csv',
      'cells.csv',
    ]) {
      const found = new Set(readCsv(join(copy.out, file)).map(({ method }) => method));
      expect(
        [...found].filter((id) => id !== '-'),
        file,
      ).toEqual(ids);
    }
    expect(new Set(readCsv(join(copy.out, 'training.csv')).map(({ method }) => method))).toEqual(
      new Set(['GD']),
    );
    const simaou = readCsv(join(copy.out, 'summary.csv')).filter(({ metric }) => metric === 'simaou');
    expect(new Set(simaou.map(({ value }) => value)).size).toBe(3);
    for (const id of ids) expect(result.stdout).toContain(id);
    expect(readJson(join(copy.out, 'manifest.json'))).toMatchObject({
      learner_files: { OwnNoise: { path: noise, digest: expect.stringMatching(/^[0-9a-f]{32,}$/) } },
    });
  });

  it('computes it again once its file has changed, and nothing else', async () => {
    const own = join(folder, 'changing.ts');
    writeFileSync(own, TEXT);
    const first = await run('--learner-file', own, '--methods', 'gd,ownnoise', '--out', join(folder, 'out'));
    expect(first.code).toBe(0);
    writeFileSync(own, `${TEXT}\n// changed\n`);
    const second = await run('--learner-file', own, '--methods', 'gd,ownnoise', '--out', join(folder, 'out'));
    expect(second.stderr).toContain('1 computed (1 OwnNoise), 3 taken from records');
  });

  it('is given no learning rate unless it trains, since its record knows none', async () => {
    const own = join(folder, 'rate.ts');
    writeFileSync(
      own,
      `import { zeroShot } from '@icl-gd/methods';
export const learner = { ...zeroShot, id: 'Rate', role: 'learner',
  adapt(model: never, _: never, options: { learningRate?: number; releasedNorms?: boolean }) {
    if (options.learningRate !== undefined || options.releasedNorms !== undefined) throw new Error('was given a rate');
    return zeroShot.adapt(model, []);
  } };`,
    );
    const result = await run('--learner-file', own, '--methods', 'rate', '--out', join(folder, 'rate'));
    expect(result.code, result.stderr).toBe(0);
  });

  it('diverges where it reports training that is not finite', async () => {
    const own = join(folder, 'nan.ts');
    writeFileSync(
      own,
      `import { zeroShot } from '@icl-gd/methods';
export const learner = { ...zeroShot, id: 'Broken', role: 'learner',
  async adapt(model: never) {
    return { ...(await zeroShot.adapt(model, [])), training: [{ losses: [NaN, 1], gradientNorms: [1, 1] }] };
  } };`,
    );
    const result = await run('--learner-file', own, '--methods', 'gd,broken', '--out', join(folder, 'nan'));
    expect(result.code).toBe(1);
    const cells = readCsv(join(folder, 'nan', 'cells.csv'));
    expect(cells.map(({ method, status }) => [method, status])).toEqual([
      ['GD', 'finished'],
      ['Broken', 'diverged'],
    ]);
  });

  it.each([
    ['ends the program', 'process.exit(0);'],
    ['is never loaded to its end', 'await new Promise(() => {});'],
  ])('is an error where it %s', async (_, text) => {
    const own = join(folder, 'ends.ts');
    writeFileSync(own, text);
    const { code, stdout, stderr } = await spawnIclGd(copy.arguments('--learner-file', own));
    expect(stderr).toBe(
      'icl-gd: failed: a file of your own (learner, metric or family) ended the program or is never loaded to its end\n',
    );
    expect([code, stdout]).toEqual([1, '']);
  });
});
