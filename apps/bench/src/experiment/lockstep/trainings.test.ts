import { DivergedError, type Learner } from '@icl-gd/methods';
import type { Model } from '@icl-gd/transformer';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FakeLockstep, fakeLockstep } from '../../testing/fake-lockstep.ts';
import { FAKE_LEARNERS, fakeModel } from '../../testing/fake-model.ts';
import { fakePrepared } from '../../testing/fake-run.ts';
import { type RunSetting, runSetting } from '../setting.ts';
import { takeIn } from '../take-in.ts';
import { Room } from './room.ts';
import { type ExpectedTraining, Trainings } from './trainings.ts';

const [GD, LCGD] = FAKE_LEARNERS as [Learner, Learner];
const PREPARED = [5, 6, 7].map((seed) => fakePrepared({ dataset: 'mr', seed, permutation: 0 }));
const MODEL = fakeModel('trained');
/** On each choice of demonstrations GD at two rates, then LCGD. */
const EXPECTED: ExpectedTraining[] = PREPARED.flatMap((prepared) =>
  (
    [
      [GD, 0.1],
      [GD, 0.2],
      [LCGD, 0.1],
    ] as const
  ).map(([learner, learningRate]) => ({
    ...{ setting: runSetting(learner), prepared, how: { learningRate }, onWork: () => {} },
  })),
);

function setUp(most: number): { trainings: Trainings; lockstep: FakeLockstep } {
  const lockstep = fakeLockstep();
  return { lockstep, trainings: new Trainings(new Room(() => most), lockstep) };
}

const ask = (
  trainings: Trainings,
  { setting, prepared, how, onWork }: ExpectedTraining,
  model: Model = MODEL,
) => trainings.takeIn(model, setting, prepared, how, onWork);
const probesOf = async (adapted: Awaited<ReturnType<typeof ask>>, { prepared }: ExpectedTraining) => {
  const probes = await adapted.probe(prepared.queries, { probeToken: 'label' });
  adapted.dispose();
  return { probes, training: adapted.training };
};

test('what is asked for in its order is trained together by kind, and is what it is by itself', async () => {
  const { trainings, lockstep } = setUp(100);
  trainings.expect(EXPECTED);
  for (const own of EXPECTED) {
    const alone = await takeIn(MODEL, own.setting, own.prepared, own.how, () => {});
    expect(await probesOf(await ask(trainings, own), own)).toEqual(await probesOf(alone, own));
  }
  expect(lockstep.sizes).toEqual([6, 3]);
  expect(lockstep.models.now).toBe(0);
});

test('whatever room there is, and whatever is asked for or given up, no more models are there than it has', async () => {
  const step = fc.record({ place: fc.nat({ max: EXPECTED.length - 1 }), forget: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 10 }),
      fc.array(step, { maxLength: 12 }),
      async (most, steps) => {
        const { trainings, lockstep } = setUp(most);
        trainings.expect(EXPECTED);
        for (const { place, forget } of steps) {
          const own = EXPECTED[place] as ExpectedTraining;
          if (forget) trainings.forget(own.prepared);
          const alone = await takeIn(MODEL, own.setting, own.prepared, own.how, () => {});
          expect(await probesOf(await ask(trainings, own), own)).toEqual(await probesOf(alone, own));
        }
        expect(lockstep.models.most).toBeLessThanOrEqual(most);
        trainings.dispose();
        expect(lockstep.models.now).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

test('room that is shared by two kinds is used by both, and one alone needs none', async () => {
  const sizesIn = async (most: number): Promise<number[]> => {
    const { trainings, lockstep } = setUp(most);
    trainings.expect(EXPECTED);
    for (const own of EXPECTED) (await ask(trainings, own)).dispose();
    return lockstep.sizes;
  };
  expect(await sizesIn(1)).toEqual(Array.from(EXPECTED, () => 1));
  expect(await sizesIn(3)).toEqual(Array.from(EXPECTED, () => 1));
  expect(await sizesIn(6)).toEqual([3, 3, 3]);
});

test('what is held and not asked for leaves less room to those that come after it', async () => {
  const { trainings, lockstep } = setUp(4);
  trainings.expect(EXPECTED);
  // Of two of GD one is held each time, so that there is room for a single one of LCGD.
  for (const place of [0, 3, 6, 2]) (await ask(trainings, EXPECTED[place]!)).dispose();
  expect(lockstep.sizes).toEqual([2, 2, 2, 1]);
  expect(lockstep.models.now).toBe(3);
  trainings.dispose();
  expect(lockstep.models.now).toBe(0);
});

test('a cell that diverges says so when it is asked for, and leaves the others', async () => {
  const fragile: Learner = {
    ...GD,
    adapt: (model, demonstrations, options = {}) =>
      options.learningRate === 0.2
        ? Promise.reject(new DivergedError('its weights grew'))
        : GD.adapt(model, demonstrations, options),
  };
  const expected = EXPECTED.slice(0, 2).map((own) => ({ ...own, setting: runSetting(fragile) }));
  const { trainings, lockstep } = setUp(100);
  trainings.expect(expected);
  (await ask(trainings, expected[0]!)).dispose();
  await expect(ask(trainings, expected[1]!)).rejects.toThrow('its weights grew');
  expect(lockstep.sizes).toEqual([2]);
});

test('each is told of the work on it, as much as it is, also before it is asked for', async () => {
  const told = new Map<ExpectedTraining, number>();
  const expected = EXPECTED.map((own): ExpectedTraining => {
    const telling = {
      ...own,
      onWork: (units: number) => void told.set(telling, (told.get(telling) ?? 0) + units),
    };
    return telling;
  });
  const { trainings } = setUp(100);
  trainings.expect(expected);
  (await ask(trainings, expected[0]!)).dispose();
  // Three demonstrations of each GD; LCGD has not begun.
  expect(expected.map((own) => told.get(own) ?? 0)).toEqual([3, 3, 0, 3, 3, 0, 3, 3, 0]);
  for (const own of expected.slice(1)) (await ask(trainings, own)).dispose();
  expect([...told.values()]).toEqual(Array.from(expected, () => 3));
});

test('another model, and what is told otherwise or of every step, is taken in by itself', async () => {
  const { trainings, lockstep } = setUp(100);
  const released = EXPECTED.map((own) => ({ ...own, how: { ...own.how, releasedNorms: true } }));
  trainings.expect([...EXPECTED, ...released]);
  (await ask(trainings, EXPECTED[0]!)).dispose();
  expect(lockstep.sizes).toEqual([6]);
  const other = await ask(trainings, EXPECTED[1]!, fakeModel('untrained'));
  const expected = await takeIn(
    fakeModel('untrained'),
    runSetting(GD),
    PREPARED[0]!,
    EXPECTED[1]!.how,
    () => {},
  );
  expect(await probesOf(other, EXPECTED[1]!)).toEqual(await probesOf(expected, EXPECTED[1]!));
  for (const own of [released[1]!, { ...EXPECTED[1]!, how: { learningRate: 0.3 } }])
    (await ask(trainings, own)).dispose();
  expect(lockstep.sizes).toEqual([6]);
  trainings.dispose();
});

test('the rule of a rate makes no difference: it is the same training', async () => {
  const { trainings, lockstep } = setUp(100);
  const ruled: RunSetting = { ...runSetting(GD), rate: 'best' };
  trainings.expect([{ ...EXPECTED[0]!, setting: ruled }]);
  (await ask(trainings, EXPECTED[0]!)).dispose();
  expect(lockstep.sizes).toEqual([1]);
});
