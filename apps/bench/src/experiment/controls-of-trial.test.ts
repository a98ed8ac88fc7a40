import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gradientDescent, inContext, zeroShot } from '@icl-gd/methods';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FAKE_CONFIG, FAKE_LEARNERS } from '../testing/fake-model.ts';
import { fakePrepared, fakeRun, recordNames } from '../testing/fake-run.ts';
import { buildContext } from '../tasks/prompts/context.ts';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import type { Trial } from './plan.ts';
import { type RunSetting, runSetting } from './setting.ts';

let out: string;
beforeEach(async () => (out = await mkdtemp(join(tmpdir(), 'icl-gd-controls-'))));
afterEach(() => rm(out, { recursive: true }));

const [GD] = FAKE_LEARNERS as [typeof gradientDescent];
const DISJOINT: RunSetting = { ...runSetting(inContext), demonstrations: { disjoint: true } };
const SAME: RunSetting = { ...runSetting(inContext), demonstrations: { order: 0 } };
const LEARNED: RunSetting = { ...runSetting(GD), demonstrations: { disjoint: true } };
const NONE: RunSetting = { ...runSetting(inContext), demonstrations: { labels: 'wrong' } };
const SETTINGS = { seeds: [5], controls: [DISJOINT, SAME, LEARNED] };

/** With other demonstrations, the same ones, and none. */
function prepare(trial: Trial): PreparedRun {
  const own = fakePrepared(trial);
  const demonstrations = own.demonstrations.map(({ tokens }) => ({
    tokens: tokens.map((token) => token + 40),
  }));
  const limits = { bosTokenId: 1, eosTokenId: 2, contextLength: FAKE_CONFIG.contextLength };
  const other = {
    ...{ trainRows: [4, 5, 6], fineTuningRows: [4, 5, 6], demonstrations },
    fineTuningDemonstrations: demonstrations,
    context: buildContext(demonstrations, own.longestItem, limits),
  };
  return {
    ...own,
    chosen: new Map<string, NonNullable<ReturnType<NonNullable<PreparedRun['chosen']>['get']>>>([
      ['disjoint', other],
      ['order=0', { ...own }],
      ['labels=wrong', { unavailable: 'there are none' }],
    ]),
  };
}

const rowsOf = (text = ''): Record<string, string>[] => parse(text, { columns: true });

test('a control is a cell of its own, compared with in-context learning as a learner is', async () => {
  const { tables, counts } = await fakeRun(out, { settings: SETTINGS, prepare, learners: [GD] });
  expect(counts).toContain('(1 ZSL, 1 ICL, 1 GD, 1 ICL[disjoint], 1 ICL[order=0], 1 GD[disjoint])');
  const scores = (method: string) =>
    rowsOf(tables['layerwise.csv']).filter((row) => row['method'] === method && row['metric'] === 'simaou');
  for (const method of ['ICL[disjoint]', 'GD[disjoint]']) {
    expect(scores(method)).toHaveLength(FAKE_CONFIG.layers);
    expect(scores(method).map(({ value }) => value)).not.toEqual(scores('GD').map(({ value }) => value));
  }
  for (const { value } of scores('ICL[order=0]')) expect(Number(value)).toBeCloseTo(1, 12);
  const settings = rowsOf(tables['predictions.csv']).map((row) => `${row['setting']} ${row['method']}`);
  expect([...new Set(settings)]).toEqual([
    ...['ZSL -', 'ICL -', 'FT GD', 'CONTROL ICL[disjoint]', 'CONTROL ICL[order=0]', 'FT GD[disjoint]'],
  ]);
  expect(recordNames(out)).toContain('trained-mr-seed5-order0-ICL_disjoint_-label');
});

test('controls that are on record are taken from there, and leave what there is as it is', async () => {
  const before = await fakeRun(out, { settings: { seeds: [5] }, prepare, learners: [GD] });
  const added = await fakeRun(out, { settings: SETTINGS, prepare, learners: [GD] });
  expect(added.counts).toContain('3 computed (1 ICL[disjoint], 1 ICL[order=0], 1 GD[disjoint])');
  const again = await fakeRun(out, { settings: SETTINGS, prepare, learners: [GD] });
  expect(again.counts).toContain(', 0 computed');
  expect(again.tables).toEqual(added.tables);
  expect(again.units).toBe(added.units);
  const own = rowsOf(added.tables['layerwise.csv']).filter(({ method }) => method === 'GD' || method === '-');
  expect(own).toEqual(rowsOf(before.tables['layerwise.csv']));
});

test('a control that cannot be made says why in cells.csv, and nowhere else; by default it is left out', async () => {
  const named = await fakeRun(out, {
    ...{ settings: { seeds: [5], controls: [NONE] }, prepare, learners: [GD] },
  });
  expect(
    rowsOf(named.tables['cells.csv']).map(({ method, status, message }) => [method, status, message]),
  ).toEqual([
    ['GD', 'finished', ''],
    ['ICL[labels=wrong]', 'unavailable', 'there are none'],
  ]);
  const without = await fakeRun(out, {
    ...{ settings: { seeds: [5], controls: [{ ...NONE, byDefault: true }] }, prepare, learners: [GD] },
  });
  expect(without.counts).toContain(', 0 computed');
  const { 'cells.csv': _, ...others } = named.tables;
  expect(without.tables).toMatchObject(others);
  expect(without.tables['cells.csv']).not.toContain('unavailable');
});

test('directions predict nothing: no predictions, no accuracy, what was scored is there', async () => {
  const tangent = {
    ...GD,
    with: () => ({ inapplicableMetrics: ['simam'] }),
    adapt: async (...own: Parameters<typeof GD.adapt>) => ({
      ...(await GD.adapt(...own)),
      directionsOnly: true as const,
    }),
  };
  const run = () => fakeRun(out, { settings: { seeds: [5] }, learners: [tangent] });
  const { tables } = await run();
  const of = (file: string) => rowsOf(tables[file]).filter(({ method }) => method === 'GD');
  expect(of('predictions.csv')).toEqual([]);
  const metrics = new Set(of('summary.csv').map(({ metric }) => metric));
  expect(metrics).toContain('simaou');
  for (const absent of ['accuracy_ft', 'rec2ftp', 'simam']) expect(metrics).not.toContain(absent);
  expect((await run()).tables).toEqual(tables);
});

test('a re-initialised variant is drawn from the seed of each trial, or from one for all', async () => {
  const settings = { variants: ['untrained', 'trained'] as const, seeds: [5, 6] };
  const own = await fakeRun(out, { settings, learners: [GD] });
  expect(own.initialisations).toEqual(['untrained 5', 'untrained 6', 'trained null']);
  expect(own.counts).toContain('(3 ZSL, 4 ICL, 4 GD)');
  const shared = await fakeRun(out, { settings: { ...settings, initSeed: 5 }, learners: [GD] });
  expect(shared.initialisations).toEqual(['untrained 5']);
  // Those of seed 5 and of the trained model are on record; zero-shot, too.
  expect(shared.counts).toContain('(2 ZSL, 4 ICL, 4 GD), 2 computed (1 ICL, 1 GD)');
});

test('zero-shot that was shifted is given the context, and shares nothing between seeds', async () => {
  const seen: number[] = [];
  const shifted: RunSetting = {
    learner: {
      ...zeroShot,
      adapt: async (model, demonstrations, options) => {
        seen.push(demonstrations.length);
        return await zeroShot.adapt(model, [], { ...options, learnerOptions: {} });
      },
    },
    options: { positions: 'icl' },
    demonstrations: {},
  };
  const { counts } = await fakeRun(out, { settings: { seeds: [5, 6], controls: [shifted] }, learners: [GD] });
  expect(counts).toContain('2 ZSL[positions=icl]');
  expect(seen).toEqual([3, 3]);
});
