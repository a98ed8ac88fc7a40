import type { Model } from '@icl-gd/transformer';
import { expect, test, vi } from 'vitest';
import { adaptedModel } from './adapted-model.ts';

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
