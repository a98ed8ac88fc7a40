import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withChangedParameters } from './change-parameters.ts';
import { type Model, loadModel } from './model.ts';
import { parameterChanges } from './parameter-changes.ts';
import { inGroup, parameterSpecs } from './parameters.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';
import { TINY_MODELS } from './testing/tiny-models.ts';

const gpu = useGpu();
const directory = mkdtempSync(join(tmpdir(), 'icl-gd-changes-'));
let model: Model;
beforeAll(async () => {
  await writeRandomCheckpoint(directory, TINY_MODELS['gpt2']!, { seed: 3, dtype: 'float32' });
  model = await loadModel(gpu(), directory);
});
afterAll(() => {
  model.dispose();
  rmSync(directory, { recursive: true });
});

test('a model as it was loaded has changed nothing', async () => {
  expect(await parameterChanges(model, 0)).toEqual([]);
});

test('what was changed of a layer is read before and after, in the order of the parameters, whatever lies over it', async () => {
  using halved = await withChangedParameters(model, 'attention.kv', (_spec, values) =>
    values.map((value) => value / 2),
  );
  const wanted = parameterSpecs(model.config).filter(
    ({ name }) => name.startsWith('layers.1.') && inGroup(name, 'attention.kv'),
  );
  for (const own of [halved, halved.on(gpu()), halved.withHooks({})]) {
    const changes = await parameterChanges(own, 1);
    expect(changes.map(({ name, shape }) => ({ name, shape }))).toEqual(
      wanted.map(({ name, shape }) => ({ name, shape })),
    );
    for (const { name, before, after } of changes) {
      expect(before).toEqual(await gpu().read(model.parameters.get(name)));
      expect(after).toEqual(before.map((value) => value / 2));
    }
  }
});

test('a change of a change is told from the one before', async () => {
  const by = (of: Model, factor: number) =>
    withChangedParameters(of, 'attention.kv', (_spec, values) => values.map((value) => factor * value));
  using twice = await by(model, 2);
  using eightfold = await by(twice, 4);
  const [first] = await parameterChanges(eightfold, 0);
  expect(first!.before).toEqual((await parameterChanges(twice, 0))[0]!.after);
});

test('a signal ends it, a layer that is none and a disposed model are refused by name', async () => {
  const changed = await withChangedParameters(model, 'attention.kv', (_spec, values) => values);
  const reason = new Error('enough');
  await expect(parameterChanges(changed, 0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  await expect(parameterChanges(changed, model.config.layers)).rejects.toThrow(`of ${model.name}, which has`);
  changed.dispose();
  await expect(parameterChanges(changed, 0)).rejects.toThrow(`model ${model.name} was disposed`);
});
