import { type Learner, gradientDescent, inContext, learnerSetting, zeroShot } from '@icl-gd/methods';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { findTask } from '../tasks/tasks.ts';
import { type PreparedDigests, type RunIdentity, jointCell, learnerCell } from './cell.ts';
import type { RunSettings, Trial } from './plan.ts';

const SETTINGS: RunSettings = {
  datasets: [findTask('mr')],
  methods: [learnerSetting(gradientDescent)],
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
const DIGESTS: PreparedDigests = { queries: 'q', context: 'c', demonstrations: 'd' };

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
      learnerSetting(learner),
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

test('what joins cells follows each of them', () => {
  const cell = (learningRate: number) =>
    learnerCell(IDENTITY, { ...TRIAL, learningRate }, DIGESTS, learnerSetting(gradientDescent), 'label');
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
      learnerSetting(noisy, typed),
      'label',
    );
  const keysOf = [address({}, 'a'), address({ scale: '2' }, 'a'), address({}, 'b')].map(({ key }) => key);
  expect(new Set(keysOf).size).toBe(3);
  expect(address({ scale: '1' }, 'a').key).toBe(keysOf[0]);
  expect(address({ scale: '2' }, 'a').cell.setting).toBe('Noise[scale=2]');
});
