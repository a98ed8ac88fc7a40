import type { AdapterDescription } from '@icl-gd/gpu-kernels';
import { type OwnMetric, findMetric } from '@icl-gd/metrics';
import type { Family } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { FAKE_CONFIG } from '../testing/fake-model.ts';
import { VERSION } from '../version.ts';
import { RECORD_FORMAT } from './cell.ts';
import { codeDigests } from './code-digest.ts';
import type { RunInputs } from './inputs.ts';
import { runIdentity } from './run-identity.ts';
import type { RunSettings } from './plan.ts';

type Inputs = Pick<RunInputs, 'model' | 'modelDigests'>;

const SETTINGS = { examples: 4 } as RunSettings;
const INPUTS: Inputs = {
  model: { name: 'tiny', directory: 'models/tiny', config: FAKE_CONFIG, parameterCount: 9 },
  modelDigests: [{ file: 'model.safetensors', sha256: 'aa' }],
} as unknown as Inputs;
const ADAPTER: AdapterDescription = {
  ...{ description: 'a device', vendor: 'v', architecture: 'x', device: 'd' },
  ...{ kind: 'software', profile: 'p', source: 'system' },
};
const of = (inputs: Partial<Inputs> = {}, adapter: Partial<AdapterDescription> = {}) =>
  runIdentity({ settings: SETTINGS }, { ...INPUTS, ...inputs }, { ...ADAPTER, ...adapter }).environment;
const before = of();

test('version and code are those of the program', () => {
  expect(before).toMatchObject({ format: `${RECORD_FORMAT} ${VERSION}`, ...codeDigests() });
  expect(before.code).toMatch(/^[0-9a-f]{32}$/);
});

test.each<[string, Partial<AdapterDescription>]>([
  ['another device', { description: 'another device' }],
  ['another source of the driver', { source: 'bundled' }],
  ['another kind', { kind: 'hardware' }],
])('%s is another adapter', (_, change) => {
  expect(of({}, change)).toEqual({ ...before, adapter: expect.not.stringMatching(before.adapter) });
});

test.each<[string, Partial<Inputs>]>([
  ['other weights', { modelDigests: [{ file: 'model.safetensors', sha256: 'bb' }] as unknown as [] }],
  ['another configuration', { model: { ...INPUTS.model, config: { ...FAKE_CONFIG, normEpsilon: 0.5 } } }],
])('%s are another model, whatever it is called', (_, change) => {
  expect(of(change)).toEqual({ ...before, model: expect.not.stringMatching(before.model) });
});

test('the same model elsewhere and under another name is the same', () => {
  expect(of({ model: { ...INPUTS.model, name: 'other', place: 'elsewhere' } })).toEqual(before);
});

test('learners of files have the digests of their files', () => {
  const foreignLearners = new Map([['Noise', { path: 'noise.ts', digest: 'abc' }]]);
  const identity = runIdentity({ settings: SETTINGS, foreignLearners }, INPUTS, ADAPTER);
  expect([...identity.foreignLearners]).toEqual([['Noise', 'abc']]);
  expect(identity.settings).toBe(SETTINGS);
});

const metric = (id: string, kind: 'layers' | 'predictions', digest: string) =>
  [id, { metric: { ...findMetric('simaou'), id, kind } as OwnMetric, path: `${id}.ts`, digest }] as const;

test('metrics by layer of files are part of what determines scores, in whatever order they are given', () => {
  const scoresOf = (...foreign: ReturnType<typeof metric>[]) => {
    const identity = runIdentity({ settings: SETTINGS, foreignMetrics: new Map(foreign) }, INPUTS, ADAPTER);
    expect({ ...identity.environment, scores: '' }).toEqual({ ...before, scores: '' });
    return identity.environment.scores;
  };
  const [a, b] = [metric('a', 'layers', 'one'), metric('b', 'layers', 'two')];
  expect(scoresOf()).toBe(before.scores);
  expect(scoresOf(metric('a', 'predictions', 'one'))).toBe(before.scores);
  expect(scoresOf(a, b)).toBe(scoresOf(b, a));
  const all = [before.scores, scoresOf(a), scoresOf(metric('a', 'layers', 'changed')), scoresOf(a, b)];
  expect(new Set(all).size).toBe(4);
});

test('the family of a file is part of the model that it reads, and of no other', () => {
  const family = (modelType: string, digest: string) => ({
    family: { modelType } as Family,
    path: 'f.ts',
    digest,
  });
  const modelOf = (...foreignFamilies: ReturnType<typeof family>[]) =>
    runIdentity({ settings: SETTINGS, foreignFamilies }, INPUTS, ADAPTER).environment.model;
  const own = FAKE_CONFIG.family;
  expect(modelOf(family('other', 'one'))).toBe(before.model);
  expect(new Set([before.model, modelOf(family(own, 'one')), modelOf(family(own, 'two'))]).size).toBe(3);
});
