import type { AdapterDescription } from '@icl-gd/gpu-kernels';
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
