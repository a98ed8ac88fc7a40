import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Learner, inContext, zeroShot } from '@icl-gd/methods';
import { exampleMeans, layerMean } from '@icl-gd/metrics';
import type { Model } from '@icl-gd/transformer';
import { parse } from 'csv-parse/sync';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fakeLockstep } from '../testing/fake-lockstep.ts';
import { FAKE_CONFIG, FAKE_LEARNERS, fakeModel } from '../testing/fake-model.ts';
import type { Trial } from './plan.ts';
import { scoreLearner } from './scores.ts';
import { runSetting } from './setting.ts';

// Modules are loaded once for all test files: these are loaded anew, with a fake in them.
vi.resetModules();
vi.doMock('@icl-gd/transformer', async (load) => ({
  ...(await load<typeof import('@icl-gd/transformer')>()),
  withHalfParameters: (model: Model) => fakeModel(`${model.name} rounded`),
}));
const { fakePrepared, fakeRun } = await import('../testing/fake-run.ts');
afterAll(() => {
  vi.doUnmock('@icl-gd/transformer');
  vi.resetModules();
});

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-noise-'))));
afterEach(() => rm(out, { recursive: true }));

const SETTINGS = { noiseFloor: true, seeds: [5], learningRate: 0.5, releasedNorms: false };

test('it is the same however many cells train together', async () => {
  const methods = FAKE_LEARNERS.flatMap((learner) => [
    runSetting(learner),
    { ...runSetting(learner), demonstrations: { labels: 'wrong' } } as const,
  ]);
  const prepare = (trial: Trial) => {
    const own = fakePrepared(trial);
    const other = { ...own, fineTuningDemonstrations: own.demonstrations.toReversed() };
    return { ...own, chosen: new Map([['labels=wrong', other]]) };
  };
  const changes = { settings: { ...SETTINGS, methods }, prepare };
  const alone = await fakeRun(join(out, 'alone'), changes);
  const lockstep = fakeLockstep();
  expect(await fakeRun(join(out, 'together'), { ...changes, together: 4, lockstep })).toEqual(alone);
  // Of the trial, and of two perturbations.
  expect(lockstep.sizes).toEqual([2, 2, 2, 2, 2, 2]);
  expect(lockstep.models.now).toBe(0);
});

test('each perturbation is scored on the model that it is about: summed in another order, rounded before and after', async () => {
  const { tables } = await fakeRun(out, { settings: SETTINGS });
  const prepared = fakePrepared({ dataset: 'mr', seed: 5, permutation: 0 });
  const [gd] = FAKE_LEARNERS as [Learner];
  const scored = async (model: Model, halfWeights: boolean) => {
    const probe = async (learner: Learner) => {
      const demonstrations = learner.needs === 'none' ? [] : prepared.demonstrations;
      const adapted = await learner.adapt(model, demonstrations, {
        ...{ learningRate: 0.5, releasedNorms: false, halfWeights },
      });
      return adapted.probe(prepared.queries, { probeToken: 'label' });
    };
    const probes = { zsl: await probe(zeroShot), icl: await probe(inContext), ft: await probe(gd) };
    return scoreLearner(gd, probes, FAKE_CONFIG).get('simaou')!;
  };
  const model = fakeModel('trained');
  const before = await scored(model, false);
  const reordered = await scored(model.on(model.gpu.with({ summation: 'descending' })), false);
  const rounded = await scored(fakeModel(`${model.name} rounded`), true);
  const rows = (parse(tables['noise_floor.csv'] ?? '', { columns: true }) as Record<string, string>[]).filter(
    ({ method, metric }) => method === 'GD' && metric === 'simaou',
  );
  expect(rows.map(({ perturbation }) => perturbation)).toEqual([
    ...['summation-order', 'float16-weights', 'float16-activations'],
  ]);
  for (const [i, after] of [reordered, rounded].entries()) {
    const value = layerMean(before.values) as number;
    const perturbed = layerMean(after.values) as number;
    expect(Number(rows[i]!['value'])).toBeCloseTo(value, 12);
    expect(Number(rows[i]!['perturbed'])).toBeCloseTo(perturbed, 12);
    expect(Number(rows[i]!['change'])).toBeCloseTo(perturbed - value, 12);
    const own = exampleMeans(before) as number[];
    const squares = exampleMeans(after).map((score, e) => ((score as number) - own[e]!) ** 2);
    const rms = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
    expect(Number(rows[i]!['example_change'])).toBeCloseTo(rms, 12);
  }
  // float16 keeps about three digits of what was recorded.
  expect(Math.abs(Number(rows[2]!['change']))).toBeLessThan(0.01);
  expect(Number(rows[2]!['example_change'])).toBeGreaterThan(0);
});

test('a noise floor that is on record is not measured again', async () => {
  const first = await fakeRun(out, { settings: SETTINGS });
  expect(first.counts).toContain('1 noise');
  const second = await fakeRun(out, { settings: SETTINGS });
  expect(second.counts).toContain(', 0 computed');
  expect(second.tables).toEqual(first.tables);
  expect(second.units).toBe(first.units);
});

test('a noise floor has controls, too', async () => {
  const choice = { demonstrations: { order: 1 } } as const;
  const control = { ...runSetting(inContext), ...choice };
  const prepare = (trial: Trial) => {
    const own = fakePrepared(trial);
    return { ...own, chosen: new Map([['order=1', { ...fakePrepared({ ...trial, permutation: 1 }) }]]) };
  };
  const { tables } = await fakeRun(out, { settings: { ...SETTINGS, controls: [control] }, prepare });
  const rows = parse(tables['noise_floor.csv'] ?? '', { columns: true }) as Record<string, string>[];
  expect(rows.filter(({ method }) => method === 'ICL[order=1]')).toHaveLength(
    rows.filter(({ method }) => method === 'GD').length,
  );
});
