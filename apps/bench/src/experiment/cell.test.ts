import { type Learner, gradientDescent, inContext, learnerSetting, zeroShot } from '@icl-gd/methods';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { findTask } from '../tasks/tasks.ts';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { type PreparedDigests, type RunIdentity, digestPrepared, jointCell, learnerCell } from './cell.ts';
import type { RunSettings, Trial } from './plan.ts';
import { runSetting } from './setting.ts';

const SETTINGS: RunSettings = {
  datasets: [findTask('mr')],
  methods: [runSetting(gradientDescent)],
  controls: [],
  variants: ['trained'],
  examples: 2000,
  probe: 'label',
  dtype: 'float32',
  releasedNorms: false,
  noiseFloor: false,
  initSeed: 0,
};
const IDENTITY: RunIdentity = {
  environment: { format: '3', code: 'c', scores: 's', adapter: 'a', model: 'm' },
  settings: SETTINGS,
  foreignLearners: new Map(),
};
const TRIAL: Trial = {
  ...{ variant: 'trained', dataset: 'mr', seed: 5, permutation: 0, shots: 2, learningRate: 0.003 },
};
const DIGESTS: PreparedDigests = {
  queries: 'q',
  context: 'c',
  demonstrations: 'd',
  unordered: 'u',
  ownContext: null,
};

interface Change {
  readonly environment?: Partial<RunIdentity['environment']>;
  readonly settings?: Partial<RunSettings>;
  readonly trial?: Partial<Trial>;
  readonly digests?: Partial<PreparedDigests>;
  readonly probe?: 'label' | 'prompt';
}

function keys(change: Change = {}): { zsl: string; icl: string; gd: string } {
  const identity = {
    ...IDENTITY,
    environment: { ...IDENTITY.environment, ...change.environment },
    settings: { ...SETTINGS, ...change.settings },
  };
  const key = (learner: typeof zeroShot): string =>
    learnerCell(
      identity,
      { ...TRIAL, ...change.trial },
      { ...DIGESTS, ...change.digests },
      runSetting(learner),
      change.probe ?? 'label',
    ).key;
  return { zsl: key(zeroShot), icl: key(inContext), gd: key(gradientDescent) };
}

const before = keys();

test.each<[string, Change, (keyof typeof before)[]]>([
  ['the kernels', { environment: { code: 'x' } }, ['zsl', 'icl', 'gd']],
  ['the metrics', { environment: { scores: 'x' } }, ['zsl', 'icl', 'gd']],
  ['the adapter', { environment: { adapter: 'x' } }, ['zsl', 'icl', 'gd']],
  ['the model', { environment: { model: 'x' } }, ['zsl', 'icl', 'gd']],
  ['the queries', { digests: { queries: 'x' } }, ['zsl', 'icl', 'gd']],
  ['the probe token', { probe: 'prompt' }, ['zsl', 'icl', 'gd']],
  ['the storage of weights', { settings: { dtype: 'float16-storage' } }, ['zsl', 'icl', 'gd']],
  ['what probes are computed on', { settings: { matmul: 'matrix' } }, ['zsl', 'icl', 'gd']],
  ['the seed', { trial: { seed: 6 } }, ['icl', 'gd']],
  ['the order', { trial: { permutation: 1 } }, ['icl', 'gd']],
  ['the context', { digests: { context: 'x' } }, ['icl', 'gd']],
  ['what fine-tuning sees', { digests: { demonstrations: 'x' } }, ['gd']],
  ['the learning rate', { trial: { learningRate: 1 } }, ['gd']],
  ['the released norms', { settings: { releasedNorms: true } }, ['gd']],
  ['the seed of other variants', { settings: { initSeed: 1 } }, []],
  ['the number of examples, where the queries are the same', { settings: { examples: 1000 } }, []],
])('%s: addresses change where numbers can', (_, change, changed) => {
  const after = keys(change);
  expect(
    (Object.keys(before) as (keyof typeof before)[]).filter((name) => before[name] !== after[name]),
  ).toEqual(changed);
});

test('re-initialised variants depend on their seed', () => {
  const untrained = { trial: { variant: 'untrained' as const } };
  expect(keys({ ...untrained, settings: { initSeed: 1 } }).zsl).not.toBe(keys(untrained).zsl);
});

const PREPARED: PreparedRun = {
  ...{ dataset: 'mr', seed: 5, permutation: 1, longestItem: 9, gold: [0, 1] },
  ...{ trainRows: [1, 2], fineTuningRows: [2, 1], validationRows: [17, 4] },
  demonstrations: [{ tokens: [1, 2] }, { tokens: [3] }],
  fineTuningDemonstrations: [{ tokens: [3] }, { tokens: [1, 2] }],
  queries: [[11, 12], [13]].map((tokens) => ({ tokens, options: [[7], [8, 9]] })),
  context: { tokens: [0, 1, 2, 9], demonstrations: 1 },
};

test.each<[string, Partial<PreparedRun>, (keyof PreparedDigests)[]]>([
  ['a token of a query', { queries: [{ tokens: [11, 99], options: [[7], [8, 9]] }] }, ['queries']],
  ['a token of an option', { queries: [{ tokens: [11, 12], options: [[7], [8, 99]] }] }, ['queries']],
  [
    'where a query ends',
    { queries: [[11], [12, 13]].map((tokens) => ({ tokens, options: [[7]] })) },
    ['queries'],
  ],
  ['the right answers', { gold: [1, 1] }, ['queries']],
  ['the rows of the queries', { validationRows: [4, 17] }, ['queries']],
  ['a token of the context', { context: { tokens: [0, 1, 99, 9], demonstrations: 1 } }, ['context']],
  [
    'what fine-tuning sees',
    { fineTuningDemonstrations: [{ tokens: [3] }, { tokens: [1, 99] }] },
    ['demonstrations', 'unordered'],
  ],
  [
    'its order',
    { fineTuningDemonstrations: PREPARED.fineTuningDemonstrations.toReversed() },
    ['demonstrations'],
  ],
  ['demonstrations that did not fit the context', { demonstrations: [{ tokens: [1, 2] }] }, []],
])('%s: digests change of what a setting puts before the model', (_, change, changed) => {
  const [own, other] = [digestPrepared(PREPARED), digestPrepared({ ...PREPARED, ...change })];
  const names = Object.keys(own) as (keyof PreparedDigests)[];
  expect(names.filter((name) => own[name] !== other[name])).toEqual(changed);
});

test('a full batch and a tangent share a cell whatever the order of fine-tuning, and steps do not', () => {
  const other = { ...PREPARED, fineTuningDemonstrations: PREPARED.fineTuningDemonstrations.toReversed() };
  const isShared = (typed: Record<string, string>): boolean => {
    const setting = { ...learnerSetting(gradientDescent, typed), demonstrations: {} };
    const [own, reversed] = [PREPARED, other].map(
      (prepared) => learnerCell(IDENTITY, TRIAL, digestPrepared(prepared), setting, 'label').key,
    );
    return own === reversed;
  };
  expect(isShared({ tangent: 'true' })).toBe(true);
  expect(isShared({ batch: 'full', steps: '2' })).toBe(true);
  expect(isShared({})).toBe(false);
  expect(isShared({ noise: 'true' })).toBe(false);
});

test('names of records: 32 hexadecimal digits after what tells people what it is, as long as a file name may be', () => {
  const learner = { ...gradientDescent, id: `L/${'x'.repeat(200)}` };
  const { title, key } = learnerCell(IDENTITY, TRIAL, DIGESTS, runSetting(learner), 'label');
  expect(key).toMatch(/^[0-9a-f]{32}$/);
  expect(title).toMatch(/^trained-mr-seed5-order0-L_x+$/);
  expect(title).toHaveLength(160);
  const short = learnerCell(IDENTITY, TRIAL, DIGESTS, runSetting(gradientDescent), 'prompt');
  expect(short.title).toBe('trained-mr-seed5-order0-GD-prompt');
  expect(learnerCell(IDENTITY, TRIAL, DIGESTS, runSetting(zeroShot), 'label').title).toBe(
    'trained-mr-ZSL-label',
  );
});

test('a learner without demonstrations is compared with in-context learning, so that it shares nothing between seeds', () => {
  const noise: Learner = { ...zeroShot, id: 'Noise', role: 'learner' };
  const keyOf = (change: Partial<Trial>, digests = DIGESTS) =>
    learnerCell(IDENTITY, { ...TRIAL, ...change }, digests, runSetting(noise), 'label').key;
  expect(keyOf({ seed: 6 })).not.toBe(keyOf({}));
  expect(keyOf({}, { ...DIGESTS, context: 'x' })).not.toBe(keyOf({}));
  // It is not told the rate, nor what fine-tuning sees.
  expect(keyOf({ learningRate: 1 }, { ...DIGESTS, demonstrations: 'x' })).toBe(keyOf({}));
});

test('what joins cells follows each of them', () => {
  const cell = (learningRate: number) =>
    learnerCell(IDENTITY, { ...TRIAL, learningRate }, DIGESTS, runSetting(gradientDescent), 'label');
  const joint = (...rates: number[]): string => jointCell(IDENTITY, TRIAL, 'GD-GD', rates.map(cell)).key;
  expect(joint(0.1, 0.2)).toBe(joint(0.1, 0.2));
  expect(joint(0.2, 0.1)).toBe(joint(0.1, 0.2));
  expect(joint(0.1, 0.3)).not.toBe(joint(0.1, 0.2));
});

test('options of a learner and the text of a file that it comes from are in its address', () => {
  const noisy: Learner = {
    ...zeroShot,
    id: 'Noise',
    role: 'learner',
    options: z.object({ scale: z.coerce.number().default(1) }),
  };
  const address = (typed: Record<string, string>, source: string) =>
    learnerCell(
      { ...IDENTITY, foreignLearners: new Map([['Noise', source]]) },
      TRIAL,
      DIGESTS,
      { ...learnerSetting(noisy, typed), demonstrations: {} },
      'label',
    );
  const keysOf = [address({}, 'a'), address({ scale: '2' }, 'a'), address({}, 'b')].map(({ key }) => key);
  expect(new Set(keysOf).size).toBe(3);
  expect(address({ scale: '1' }, 'a').key).toBe(keysOf[0]);
  expect(address({ scale: '2' }, 'a').cell.setting).toBe('Noise[scale=2]');
});
