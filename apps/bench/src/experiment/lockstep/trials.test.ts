import { readFile, readdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DivergedError, type Learner } from '@icl-gd/methods';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeLockstep } from '../../testing/fake-lockstep.ts';
import type { Model, ModelVariant } from '@icl-gd/transformer';
import { FAKE_LEARNERS, fakeModel } from '../../testing/fake-model.ts';
import { fakeRun } from '../../testing/fake-run.ts';
import type { RunSettings } from '../plan.ts';
import { Scoring } from '../scoring/scoring.ts';
import { findTask } from '../../tasks/tasks.ts';

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-lockstep-'))));
afterEach(() => rm(out, { recursive: true }));

const SETTINGS: Partial<RunSettings> = {
  ...{ datasets: [findTask('mr'), findTask('cb')], variants: ['trained', 'untrained'], seeds: [5, 6] },
  ...{ releasedNorms: false, weightChanges: true, initSeed: 0 },
};

/** Names and contents of all records. */
async function recordsIn(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(join(folder, 'records'))).toSorted();
  const contents = names.map((name) => readFile(join(folder, 'records', name), 'base64'));
  return Object.fromEntries((await Promise.all(contents)).map((text, i) => [names[i], text]));
}

test('however many cells train together, records, tables, work and counts are the same, byte for byte', async () => {
  const alone = await fakeRun(join(out, 'alone'), { settings: SETTINGS });
  const records = await recordsIn(join(out, 'alone'));
  for (const together of [3, 100]) {
    const lockstep = fakeLockstep();
    const folder = join(out, `${together}`);
    expect(await fakeRun(folder, { settings: SETTINGS, together, lockstep })).toEqual(alone);
    expect(await recordsIn(folder)).toEqual(records);
    expect(lockstep.models.most).toBeLessThanOrEqual(together);
    expect(lockstep.models.now).toBe(0);
  }
});

test('cells of all seeds and datasets of a model train together, learner by learner; a resumed run trains what is missing', async () => {
  const settings = { ...SETTINGS, weightChanges: false };
  const lockstep = fakeLockstep();
  await fakeRun(out, { settings: { ...settings, seeds: [5] }, together: 100, lockstep });
  expect(lockstep.sizes).toEqual([2, 2, 2, 2]);
  const resumed = fakeLockstep();
  await fakeRun(out, { settings, together: 100, lockstep: resumed });
  expect(resumed.sizes).toEqual([2, 2, 2, 2]);
  const again = fakeLockstep();
  await fakeRun(out, { settings, together: 100, lockstep: again });
  expect(again.sizes).toEqual([]);
  const fresh = fakeLockstep();
  await fakeRun(out, { settings, together: 100, lockstep: fresh, fresh: true });
  expect(fresh.sizes).toEqual([4, 4, 4, 4]);
});

test('what is only scored again is not trained', async () => {
  const settings = { ...SETTINGS, weightChanges: false };
  await fakeRun(out, { settings });
  const lockstep = fakeLockstep();
  await fakeRun(out, { settings, together: 100, lockstep, environment: { scores: 'other' } });
  expect(lockstep.sizes).toEqual([]);
});

test('a cell that diverges is recorded as such, and none that is trained with it', async () => {
  const [gd, lcgd] = FAKE_LEARNERS as [Learner, Learner];
  const diverging: Learner = {
    ...gd,
    adapt: (model, demonstrations, options) =>
      demonstrations[0]?.tokens[0] === 26
        ? Promise.reject(new DivergedError('its weights grew'))
        : gd.adapt(model, demonstrations, options),
  };
  const changes = { learners: [diverging, lcgd], settings: { releasedNorms: false } };
  const alone = await fakeRun(join(out, 'alone'), changes);
  const lockstep = fakeLockstep();
  const together = await fakeRun(join(out, 'together'), { ...changes, together: 100, lockstep });
  expect(together).toEqual(alone);
  expect(lockstep.sizes).toEqual([2, 2]);
  expect(together.tables['cells.csv']).toContain('its weights grew');
});

test('the device has the context of the next trial while this one is scored', async () => {
  let contexts = 0;
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  class Gated extends Scoring {
    override async records(...given: Parameters<Scoring['records']>) {
      if (given[0].comparison.of === 'learner') await gate;
      return await super.records(...given);
    }
  }
  const modelOf = (variant: ModelVariant): Model => {
    const model = fakeModel(variant);
    const prefix: Model['prefix'] = (tokens) => {
      if (++contexts === 2) open();
      return model.prefix(tokens);
    };
    return { ...model, prefix } as Model;
  };
  const settings = { seeds: [5, 6], releasedNorms: false };
  const changes = { settings, together: 100, lockstep: fakeLockstep() };
  const alone = await fakeRun(join(out, 'alone'), { settings });
  expect(await fakeRun(join(out, 'ahead'), { ...changes, modelOf, scoring: new Gated() })).toEqual(alone);
  expect(contexts).toBe(2);
});

test('what goes wrong ahead of its trial is computed when it is asked for', async () => {
  let contexts = 0;
  const modelOf = (variant: ModelVariant): Model => {
    const model = fakeModel(variant);
    const prefix: Model['prefix'] = (tokens) => {
      if (++contexts === 2) throw new Error('no room beside what is trained');
      return model.prefix(tokens);
    };
    return { ...model, prefix } as Model;
  };
  const settings = { seeds: [5, 6], releasedNorms: false };
  const alone = await fakeRun(join(out, 'alone'), { settings });
  expect(await fakeRun(join(out, 'ahead'), { settings, together: 100, modelOf })).toEqual(alone);
  expect(contexts).toBe(3);
});

test('what was begun of a trial that does not come about is waited for and forgotten', async () => {
  const [gd] = FAKE_LEARNERS as [Learner];
  const failing: Learner = { ...gd, id: 'Failing', adapt: () => Promise.reject(new Error('no such thing')) };
  let [contexts, there] = [0, 0];
  const modelOf = (variant: ModelVariant): Model => {
    const model = fakeModel(variant);
    const prefix = (tokens: readonly number[]) => {
      [contexts, there] = [contexts + 1, there + 1];
      return { ...model.prefix(tokens), dispose: () => void there-- };
    };
    return { ...model, prefix } as unknown as Model;
  };
  const settings = { seeds: [5, 6], releasedNorms: false };
  const changes = { settings, learners: [failing], together: 100, modelOf };
  await expect(fakeRun(out, changes)).rejects.toThrow('no such thing');
  expect([contexts, there]).toEqual([2, 0]);
});
