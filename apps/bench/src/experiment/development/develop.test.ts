import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DivergedError, type Learner } from '@icl-gd/methods';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findTask } from '../../tasks/tasks.ts';
import { fakeLockstep } from '../../testing/fake-lockstep.ts';
import { FAKE_CONFIG, FAKE_LEARNERS, fakeModel } from '../../testing/fake-model.ts';
import { fakePrepared, recordNames } from '../../testing/fake-run.ts';
import type { RunIdentity } from '../cell.ts';
import { Room } from '../lockstep/room.ts';
import { type Lockstep, Trainings } from '../lockstep/trainings.ts';
import type { RunSettings } from '../plan.ts';
import { RecordStore } from '../record-store.ts';
import { type RunSetting, runSetting } from '../setting.ts';
import { Tally } from '../tally.ts';
import { developRates, developmentUnits } from './develop.ts';
import { type Development, rateBy } from './development.ts';
import type { PreparedDevelopment } from './prepare.ts';

const [GD, LCGD] = FAKE_LEARNERS as [Learner, Learner];
const SEEDS = [1001, 1002];
const PREPARED: PreparedDevelopment = {
  dataset: 'mr',
  runs: SEEDS.map((seed) => fakePrepared({ dataset: 'mr', seed, permutation: 0 })),
};

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-development-'))));
afterEach(() => rm(out, { recursive: true }));

interface Outcome {
  readonly development: Development;
  readonly counts: string;
  readonly lines: readonly string[];
  readonly units: number;
  readonly reckoned: number;
}

async function develop(
  methods: readonly RunSetting[],
  change: {
    readonly prepared?: readonly PreparedDevelopment[];
    readonly probeTokens?: readonly ('label' | 'prompt')[];
    readonly signal?: AbortSignal;
    readonly fresh?: boolean;
    readonly heldBytes?: number;
    readonly together?: number;
    readonly lockstep?: Lockstep;
  } = {},
): Promise<Outcome> {
  const { prepared = [PREPARED], probeTokens = ['label'], signal, fresh = false } = change;
  const settings: RunSettings = {
    ...{
      datasets: prepared.map(({ dataset }) => findTask(dataset)),
      methods,
      controls: [],
      variants: ['trained'],
      examples: 3,
    },
    ...{ probe: 'label', dtype: 'float32', releasedNorms: false, noiseFloor: false, initSeed: 0 },
    learningRate: 0.5,
  };
  const identity: RunIdentity = {
    environment: { format: 'f', code: 'c', scores: 's', adapter: 'a', model: 'm' },
    settings,
    foreignLearners: new Map(),
  };
  const lines: string[] = [];
  const tally = new Tally();
  const model = fakeModel('trained');
  let units = 0;
  const development = await developRates(
    {
      trainings: new Trainings(new Room(() => change.together ?? 1), change.lockstep),
      ...{ identity, tally, probeTokens, fresh, signal, written: new Set() },
      store: new RecordStore(out, (line) => lines.push(line)),
      loadModel: async () => model,
      onWork: (more) => (units += more),
    },
    prepared,
    {
      settings,
      heldBytes: change.heldBytes ?? 2 ** 30,
      config: FAKE_CONFIG,
      log: (line) => lines.push(line),
      reference: runSetting(GD),
    },
  );
  return {
    ...{ development, lines, units, counts: tally.describe('development') },
    reckoned: developmentUnits(prepared, settings),
  };
}

test('each learner is measured on the grid, beside ZSL and ICL, on every seed', async () => {
  const { development, counts, units, reckoned } = await develop([runSetting(GD), runSetting(LCGD)]);
  const { rates, curves, judged } = development;
  expect(curves).toHaveLength(2 * (2 + 7 + 7));
  expect(curves.map(({ method, seed }) => `${method} ${seed}`).slice(0, 6)).toEqual([
    ...['ZSL 1001', 'ZSL 1002', 'ICL 1001', 'ICL 1002', 'GD 1001', 'GD 1002'],
  ]);
  expect(
    curves.filter(({ method, seed }) => method === 'GD' && seed === 1001).map((row) => row.learningRate),
  ).toEqual([1 / 128, 1 / 32, 1 / 8, 0.5, 2, 8, 32]);
  expect(curves[0]).toMatchObject({ kl: 0, updateNorm: 0, simaou: null, learningRate: null });
  for (const { goldNll, accuracy, kl } of curves) {
    expect(goldNll).toBeGreaterThan(0);
    expect([0, 1 / 3, 2 / 3, 1]).toContainEqual(accuracy);
    expect(kl).toBeGreaterThanOrEqual(0);
  }
  // ZSL depends on no seed.
  expect(curves[0]!.goldNll).toBe(curves[1]!.goldNll);
  expect(counts).toMatch(/^development: 31 asked for \(1 ZSL, 2 ICL, 14 GD, 14 LCGD\), 31 computed/);
  expect(rates).toEqual([
    expect.objectContaining({ method: 'GD', rule: 'published', learningRate: 0.5, note: "the run's own" }),
    expect.objectContaining({ method: 'LCGD', rule: 'published', learningRate: 0.5, seeds: 2, examples: 3 }),
  ]);
  expect(judged.map(({ method, learner }) => [method, learner?.length])).toEqual([
    ['GD', 2],
    ['LCGD', 2],
  ]);
  expect(units).toBe(reckoned);
});

const RULED = (['best', 'matched-kl', 'matched-norm'] as const).flatMap((rate) =>
  [GD, LCGD].map((learner) => ({ ...runSetting(learner), rate })),
);

test('rules give settings their rates; GD keeps its own where others are matched to it', async () => {
  const { development } = await develop(RULED);
  const rowOf = (method: string, rule: string) =>
    development.rates.find((row) => row.method === method && row.rule === rule)!;
  for (const rule of ['matched-kl', 'matched-norm']) {
    const reference = rowOf('GD', rule);
    expect(reference).toMatchObject({ learningRate: 0.5, note: 'what others are matched to' });
    const matched = rowOf('LCGD', rule);
    expect(matched.target).toBe(reference.objective);
    if (matched.learningRate === null) expect(matched.note).toMatch(/^not reached/);
    else expect(Math.abs(matched.objective! / matched.target! - 1)).toBeLessThanOrEqual(0.05);
  }
  for (const setting of RULED) {
    const { learningRate, note } = rowOf(setting.learner.id, setting.rate);
    expect(rateBy(development.rates, 'mr', setting)).toEqual(
      learningRate === null ? { unavailable: `no rate by ${setting.rate}: ${note}` } : { learningRate },
    );
  }
  expect(development.judged.map(({ method }) => method)).toContain('LCGD[rate=matched-norm]');
  const best = rowOf('GD', 'best');
  const nll = development.curves.filter(
    (row) => row.method === 'GD' && row.learningRate === best.learningRate,
  );
  expect(best.objective).toBeCloseTo((nll[0]!.goldNll! + nll[1]!.goldNll!) / 2, 12);
});

test('datasets go together: their grids train at once, then what rules ask for next, and the outcome is that of one by one', async () => {
  const prepared = ['mr', 'cb'].map((dataset) => ({
    dataset,
    runs: SEEDS.map((seed) => fakePrepared({ dataset, seed, permutation: 0 })),
  }));
  const alone = await develop(RULED, { prepared, heldBytes: 0 });
  const records = recordNames(out);
  await rm(join(out, 'records'), { recursive: true });
  const lockstep = fakeLockstep();
  const together = await develop(RULED, { prepared, together: 1000, lockstep });
  expect(together).toEqual(alone);
  expect(recordNames(out)).toEqual(records);
  // Two datasets, seven rates, two seeds: each learner's grid; then the searches, a few at a time.
  expect(lockstep.sizes.slice(0, 2)).toEqual([28, 28]);
  const searched = lockstep.sizes.slice(2);
  expect(searched.length).toBeGreaterThan(1);
  expect(Math.max(...searched)).toBeGreaterThan(2);
  expect(lockstep.models.now).toBe(0);
  const again = fakeLockstep();
  await develop(RULED, { prepared, together: 1000, lockstep: again });
  expect(again.sizes).toEqual([]);
});

test('levels are matched to GD where the run has no GD', async () => {
  const { development } = await develop([{ ...runSetting(LCGD), rate: 'matched-kl' }]);
  expect(development.rates.map(({ method, rule }) => `${method} ${rule}`)).toEqual([
    'LCGD published',
    'LCGD matched-kl',
  ]);
  expect(development.curves.some(({ method }) => method === 'GD')).toBe(true);
});

test('what is on record is taken: the same again computes nothing, another rule only what it adds', async () => {
  const first = await develop([runSetting(GD)]);
  expect(recordNames(out)).toContain('trained-mr-seed1001-order0-GD-development');
  const again = await develop([runSetting(GD)]);
  expect(again.development).toEqual(first.development);
  expect(again.counts).toMatch(/ 0 computed, 17 taken from records$/);
  expect(again.units).toBe(again.reckoned);
  const more = await develop([runSetting(GD), runSetting(LCGD)]);
  expect(more.counts).toMatch(/, 14 computed \(14 LCGD\), 17 taken from records$/);
  const fresh = await develop([runSetting(GD)], { fresh: true });
  expect(fresh.counts).toMatch(/, 0 taken from records$/);
  expect(fresh.development).toEqual(first.development);
});

test('another probe token is recorded in the same passes', async () => {
  await develop([runSetting(GD)], { probeTokens: ['label', 'prompt'] });
  const { counts } = await develop([runSetting(GD)], { probeTokens: ['prompt'] });
  expect(counts).toMatch(/ 0 computed, 17 taken from records$/);
});

test('a rate at which training diverged is said to have, and is not chosen', async () => {
  const fragile: Learner = {
    ...GD,
    async adapt(model, demonstrations, options = {}) {
      if (options.learningRate! > 1) throw new DivergedError('GD diverged: its loss is not finite');
      return GD.adapt(model, demonstrations, options);
    },
  };
  const { development } = await develop([{ ...runSetting(fragile), rate: 'best' }]);
  expect(
    development.curves.filter(({ status }) => status === 'diverged').map((row) => row.learningRate),
  ).toEqual([...[2, 2, 8, 8, 32, 32]]);
  const best = development.rates.find(({ rule }) => rule === 'best')!;
  expect(best.learningRate).toBeLessThanOrEqual(0.5);
  expect(best.note).toContain('diverged above 0.5');
});

test('a dataset without development data is left out by name, and has no chosen rates', async () => {
  const { development, lines } = await develop([{ ...runSetting(LCGD), rate: 'best' }], {
    prepared: [{ dataset: 'mr', runs: [], leftOut: 'it has 3 rows' }],
  });
  expect(lines).toEqual(['WARNING: mr has no development data: it has 3 rows']);
  expect(development.rates).toMatchObject([
    { rule: 'published', learningRate: 0.5, note: 'left out: it has 3 rows' },
    { rule: 'best', learningRate: null, note: 'left out: it has 3 rows' },
  ]);
  expect(development.curves).toEqual([]);
  expect(development.judged).toMatchObject([{ zsl: undefined }, { zsl: undefined }]);
});

test('a signal ends it between cells, and what is finished stays on record', async () => {
  const controller = new AbortController();
  const stopping: Learner = {
    ...GD,
    async adapt(model, demonstrations, options = {}) {
      if (options.learningRate === 2) controller.abort(new Error('enough'));
      return GD.adapt(model, demonstrations, options);
    },
  };
  await expect(develop([runSetting(stopping)], { signal: controller.signal })).rejects.toThrow('enough');
  const { counts } = await develop([runSetting(GD)]);
  expect(counts).toMatch(/ (\d+) computed/);
  expect(counts).not.toMatch(/ 0 taken from records$/);
});
