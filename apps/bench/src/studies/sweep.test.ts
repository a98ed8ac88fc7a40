import {
  type Learner,
  gradientDescent,
  layerCausalGradientDescent,
  learnerSetting,
  settingId,
} from '@icl-gd/methods';
import { UserError } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { sweptMethods } from './sweep.ts';

const { objective: _, ...without } = gradientDescent;
const rateless: Learner = { ...without, id: 'Noise' };
const settings = (...learners: Learner[]) => learners.map((learner) => learnerSetting(learner));

test('a sweep leaves out learners that take no learning rate, and refuses one that is named', () => {
  const all = settings(gradientDescent, rateless, layerCausalGradientDescent);
  expect(sweptMethods(all, false).map(settingId)).toEqual(['GD', 'LCGD']);
  expect(() => sweptMethods(all, true)).toThrow(UserError);
  expect(() => sweptMethods(all, true)).toThrow('--methods: Noise takes no learning rate');
  expect(() => sweptMethods(settings(rateless), false)).toThrow('Noise takes no learning rate');
});
