import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DivergedError, type Learner } from '@icl-gd/methods';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FAKE_CONFIG, FAKE_LEARNERS, fakeModel } from '../../testing/fake-model.ts';
import { Room } from '../lockstep/room.ts';
import { Trainings } from '../lockstep/trainings.ts';
import { fakePlan, fakeRun, recordNames } from '../../testing/fake-run.ts';
import { Tally } from '../tally.ts';
import type { TrialSetting } from '../trial-setting.ts';
import { trainedCell } from './cells.ts';
import { measureTraining, trainingUnits } from './measure-training.ts';
import { weightPairsRecord } from './training-record.ts';

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-training-'))));
afterEach(() => rm(out, { recursive: true }));

const [GD, LCGD] = FAKE_LEARNERS as [Learner, Learner];
const BOTH = { weightChanges: true, gradientNorms: true };
const FILES = ['weights.csv', 'precision.csv', 'gradient_norms.csv'];
const rowsOf = (text: string | undefined): Record<string, string>[] => parse(text ?? '', { columns: true });

/** A learner, and how often it has trained. */
function counted(learner: Learner): { readonly learner: Learner; readonly count: () => number } {
  let count = 0;
  const adapt: Learner['adapt'] = (...given) => {
    count++;
    return learner.adapt(...given);
  };
  return { learner: { ...learner, adapt }, count: () => count };
}

test('each learner is trained once more for all that is measured of trainings, and not again', async () => {
  const [gd, lcgd] = [counted(GD), counted(LCGD)];
  const learners = [gd.learner, lcgd.learner];
  const first = await fakeRun(out, { learners, settings: { seeds: [5], ...BOTH } });
  expect([gd.count(), lcgd.count()]).toEqual([2, 2]);
  expect(first.counts).toContain(
    '9 asked for (1 ZSL, 1 ICL, 1 GD, 1 LCGD, 1 GD weights, 1 GD gradient-norms, 1 LCGD weights, 1 LCGD gradient-norms, 1 weights)',
  );
  expect(recordNames(out)).toEqual(
    expect.arrayContaining(
      ['GD-gradient-norms', 'GD-weights', 'LCGD-gradient-norms', 'LCGD-weights', 'weights'].map(
        (name) => `trained-mr-seed5-order0-${name}`,
      ),
    ),
  );
  // Three queries each, three demonstrations twice for those that train.
  expect(first.units).toBe(4 * 3 + 2 * (3 + 3));
  const second = await fakeRun(out, { learners, settings: { seeds: [5], ...BOTH } });
  expect(second.counts).toContain(', 0 computed');
  expect([gd.count(), lcgd.count()]).toEqual([2, 2]);
  expect(second.units).toBe(first.units);
  expect(second.tables).toEqual(first.tables);
});

test('without the options nothing is trained again, and the other tables are the same', async () => {
  const gd = counted(GD);
  const plain = await fakeRun(out, { learners: [gd.learner], settings: { seeds: [5] } });
  expect(gd.count()).toBe(1);
  const full = await fakeRun(out, { learners: [gd.learner], settings: { seeds: [5], ...BOTH } });
  for (const [file, text] of Object.entries(plain.tables)) expect(full.tables[file]).toBe(text);
  expect(FILES.filter((file) => file in plain.tables)).toEqual([]);
});

test('whichever of the records is lost, it is made again from trainings, with the same tables', async () => {
  const settings = { seeds: [5], ...BOTH };
  const whole = await fakeRun(out, { settings });
  const names = (await readdir(join(out, 'records'))).filter((name) => /weights|gradient-norms/.test(name));
  expect(names).toHaveLength(5);
  for (const name of names) {
    await rm(join(out, 'records', name));
    const again = await fakeRun(out, { settings });
    expect(again.counts).toMatch(/, 1 computed \(1 [^,]*(weights|gradient-norms)\), 8 taken from records/);
    expect(again.tables).toEqual(whole.tables);
  }
});

test('pairs stand in the order of the methods, whichever order they were recorded in', async () => {
  const run = (learners: readonly Learner[]) =>
    fakeRun(out, { learners, settings: { seeds: [5], weightChanges: true } });
  const valuesOf = (rows: Record<string, string>[]) => rows.map(({ value }) => value);
  const forwards = rowsOf((await run([GD, LCGD])).tables['weights.csv']);
  const reversed = await run([LCGD, GD]);
  expect(reversed.counts).toContain(', 0 computed');
  const backwards = rowsOf(reversed.tables['weights.csv']);
  expect(forwards.map(({ method_a, method_b }) => [method_a, method_b])).toEqual(
    Array.from({ length: FAKE_CONFIG.layers }, () => ['GD', 'LCGD']),
  );
  expect(backwards[0]).toMatchObject({ method_a: 'LCGD', method_b: 'GD' });
  expect(valuesOf(backwards)).toEqual(valuesOf(forwards));
});

test('a learner that tells of no weights, and one that diverges, have no rows; the others have', async () => {
  const silent: Learner = {
    ...GD,
    id: 'Silent',
    async adapt(...given) {
      const { weightChanges: _changes, training: _training, ...result } = await GD.adapt(...given);
      return result;
    },
  };
  const diverging: Learner = {
    ...GD,
    id: 'Diverging',
    adapt: () => Promise.reject(new DivergedError('grew')),
  };
  const { tables } = await fakeRun(out, {
    learners: [silent, GD, diverging, LCGD],
    settings: { seeds: [5], ...BOTH },
  });
  const methods = (file: string) => new Set(rowsOf(tables[file]).map(({ method }) => method));
  expect(methods('precision.csv')).toEqual(new Set(['GD', 'LCGD']));
  expect(methods('gradient_norms.csv')).toEqual(new Set(['GD', 'LCGD']));
  expect(rowsOf(tables['weights.csv'])).toHaveLength(FAKE_CONFIG.layers);
});

test('a rate of its own is a training of its own', async () => {
  const run = (learningRate: number) =>
    fakeRun(out, { learners: [GD], settings: { seeds: [5], learningRate, ...BOTH } });
  const [first, second] = [await run(0.5), await run(0.25)];
  expect(second.counts).toContain('1 GD weights');
  for (const file of ['precision.csv', 'gradient_norms.csv'])
    expect(rowsOf(second.tables[file])[0]).not.toEqual(rowsOf(first.tables[file])[0]);
});

test('the first and the last step are recorded', async () => {
  const { tables } = await fakeRun(out, { settings: { seeds: [5], gradientNorms: true } });
  const rows = rowsOf(tables['gradient_norms.csv']);
  expect([...new Set(rows.map(({ step }) => step))]).toEqual(['0', '2']);
  expect(rows).toHaveLength(2 * 2 * 8 * FAKE_CONFIG.layers);
});

/** By pair and layer, as the first of the following found them. */
let expected: unknown;

test.each([0, 20, 40, Infinity])(
  'the same pairs whether %i bytes of changes are held at once',
  async (heldBytes) => {
    let trained = 0;
    const learners = ['A', 'B', 'C', 'D'].map((id, i): Learner => ({
      ...GD,
      id,
      adapt(model, demonstrations, options) {
        trained++;
        return GD.adapt(model, demonstrations, { ...options, learningRate: i + 1 });
      },
    }));
    const plan = fakePlan({ learners, settings: { seeds: [5], weightChanges: true } });
    const records = new Map<string, unknown>();
    let units = 0;
    const recorded = await measureTraining(plan, plan.methods, {
      measures: { weightChanges: true },
      tally: new Tally(),
      layers: FAKE_CONFIG.layers,
      heldBytes,
      readable: (address) => Promise.resolve(records.has(address.key)),
      write: (address, result) => Promise.resolve(void records.set(address.key, result)),
      loadModel: () => Promise.resolve(fakeModel('trained')),
      trainings: new Trainings(new Room(() => 1)),
      onWork: (more) => (units += more),
    });
    expect(recorded).toBe(false);
    expect(units).toBe(trainingUnits(plan, { weightChanges: true }));
    const { pairs } = weightPairsRecord.parse([...records.values()].at(-1));
    const byName = pairs.toSorted((a, b) => (a.ids.join() < b.ids.join() ? -1 : 1));
    expect(byName.map(({ ids }) => ids.join(''))).toEqual(['AB', 'AC', 'AD', 'BC', 'BD', 'CD']);
    // A change has two layers of two float32: 16 bytes. Of what is not held the trainings are done again.
    expect(trained).toBe({ 0: 4 + 3 + 2 + 1, 20: 4 + 3 + 2 + 1, 40: 4 + 2, Infinity: 4 }[heldBytes]);
    const values = byName.map((pair) => pair.values);
    expected ??= values;
    expect(values).toEqual(expected);
    expect(new Set(values.flat()).size).toBeGreaterThan(2);
  },
);

test('a training that diverges where it did not before is told apart from one that diverged', async () => {
  const adapt = () => Promise.reject(new DivergedError('grew'));
  const learners = [{ ...GD, adapt }];
  const plan = fakePlan({ learners, settings: { seeds: [5], weightChanges: true } });
  const training = measureTraining(plan, plan.methods, {
    measures: { weightChanges: true },
    tally: new Tally(),
    layers: FAKE_CONFIG.layers,
    readable: () => Promise.resolve(false),
    write: () => Promise.resolve(),
    loadModel: () => Promise.resolve(fakeModel('trained')),
    trainings: new Trainings(new Room(() => 1)),
    onWork: () => {},
  });
  await expect(training).rejects.toThrow('GD diverged where it did not before');
});

test('the record of a training depends on the context where it was learned from, and there alone', () => {
  const keysOf = (learner: Learner): string[] => {
    const [setting] = fakePlan({ learners: [learner], settings: { seeds: [5] } }).methods as [TrialSetting];
    return ['one', 'other'].map((context) => {
      const changed = [...setting.addresses].map(([token, address]) => {
        const { parts } = address;
        return [token, { ...address, parts: { ...parts, choices: { ...parts.choices, context } } }] as const;
      });
      return trainedCell({ ...setting, addresses: new Map(changed) }, 'weights').key;
    });
  };
  expect(new Set(keysOf(GD)).size).toBe(1);
  expect(new Set(keysOf({ ...GD, needs: 'context' })).size).toBe(2);
});
