import { gradientDescent, inContext, layerCausalGradientDescent, zeroShot } from '@icl-gd/methods';
import { expect, test } from 'vitest';
import { accuracyCell } from './accuracy-cell.ts';
import { type PreparedDigests, type RunIdentity, learnerCell } from './cell.ts';
import { runSetting } from './setting.ts';

const IDENTITY = {
  environment: { format: 'f', code: 'c', scores: 's', adapter: 'a', model: 'm' },
  settings: { dtype: 'float32', initSeed: 0 },
  foreignLearners: new Map(),
} as unknown as RunIdentity;
const TRIAL = { variant: 'trained', dataset: 'mr', seed: 5, permutation: 0 } as const;
const DIGESTS: PreparedDigests = {
  queries: 'q',
  context: 'c',
  demonstrations: 'd',
  ownContext: null,
  unordered: 'u',
};

interface Changes {
  readonly identity?: RunIdentity;
  readonly trial?: Partial<typeof TRIAL> | { readonly variant: 'untrained' } | { readonly seed: number };
  readonly digests?: Partial<PreparedDigests>;
  readonly learner?: typeof gradientDescent;
  readonly rate?: number | null;
}

function keyOf({
  identity = IDENTITY,
  trial,
  digests,
  learner = gradientDescent,
  rate = 0.1,
}: Changes): string {
  const setting = runSetting(learner);
  return accuracyCell(identity, { ...TRIAL, ...trial }, { ...DIGESTS, ...digests }, setting, rate).key;
}

test.each<[string, Changes]>([
  ['rate', { rate: 0.2 }],
  ['learner', { learner: layerCausalGradientDescent }],
  ['seed', { trial: { seed: 6 } }],
  ['variant', { trial: { variant: 'untrained' } }],
  ['queries', { digests: { queries: 'x' } }],
  ['demonstrations', { digests: { demonstrations: 'x' } }],
  ['code', { identity: { ...IDENTITY, environment: { ...IDENTITY.environment, code: 'x' } } }],
  ['dtype', { identity: { ...IDENTITY, settings: { ...IDENTITY.settings, dtype: 'float16-storage' } } }],
])('another %s is another record', (_, change) => {
  expect(keyOf(change)).not.toBe(keyOf({}));
});

test('an accuracy follows what its learner takes in, and nothing else', () => {
  const inContextOf = (digests: Partial<PreparedDigests>): string =>
    keyOf({ learner: inContext, rate: null, digests });
  expect(inContextOf({ demonstrations: 'x' })).toBe(inContextOf({}));
  expect(inContextOf({ context: 'x' })).not.toBe(inContextOf({}));
  expect(keyOf({ digests: { context: 'x' } })).toBe(keyOf({}));
  const zeroShotOf = (seed: number): string => keyOf({ learner: zeroShot, rate: null, trial: { seed } });
  expect(zeroShotOf(6)).toBe(zeroShotOf(5));
});

test('its record is none of a run, and is called so', () => {
  const address = accuracyCell(IDENTITY, TRIAL, DIGESTS, runSetting(gradientDescent), 0.1);
  const trial = { ...TRIAL, shots: 4, learningRate: 0.1 };
  const own = learnerCell(IDENTITY, trial, DIGESTS, runSetting(gradientDescent), 'prompt');
  expect(address.key).not.toBe(own.key);
  expect([address.title, own.title]).toEqual([
    'trained-mr-seed5-order0-GD-accuracy',
    'trained-mr-seed5-order0-GD-prompt',
  ]);
});
