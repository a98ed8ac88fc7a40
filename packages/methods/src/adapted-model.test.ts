import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { type Model, parameterChanges, withChangedParameters } from '@icl-gd/transformer';
import { expect, test, vi } from 'vitest';
import { adaptedModel, guarded } from './adapted-model.ts';
import { loadTinyModel } from './test-support.ts';

const gpu = useGpu();

const STEP = { gradientNorms: [1], losses: [2] };

test('reports the training of learners that train, and of no others', () => {
  const model = { dispose: vi.fn<() => void>() } as unknown as Model;
  expect(adaptedModel(model, {}, [STEP]).training).toEqual([STEP]);
  expect(adaptedModel(model, {})).not.toHaveProperty('training');
});

test('disposes the changed model, once', () => {
  const dispose = vi.fn<() => void>();
  const adapted = adaptedModel({ dispose } as unknown as Model, {});
  expect(dispose).not.toHaveBeenCalled();
  adapted.dispose();
  expect(dispose).toHaveBeenCalledTimes(1);
});

test('tells of the weights that were changed, not of those that are rounded for probing, until it is disposed', async () => {
  using model = await loadTinyModel(gpu());
  const thirds = (_spec: object, values: Float32Array) => values.map((value) => value / 3);
  const changed = await withChangedParameters(model, 'attention.kv', thirds);
  const expected = await parameterChanges(changed, 2);
  expect(expected).toHaveLength(4);
  const adapted = adaptedModel(changed, { halfWeights: true });
  expect(await adapted.weightChanges?.(2)).toEqual(expected);
  adapted.dispose();
  await expect(adapted.weightChanges?.(2)).rejects.toThrow('weights of an adapted tiny that was disposed');
});

test('a result that tells of no weights has none when it is guarded', () => {
  const none = () => Promise.reject(new Error('never called'));
  expect(guarded({ probe: none, probeTokens: none, dispose: () => {} }, 'm')).not.toHaveProperty(
    'weightChanges',
  );
});
