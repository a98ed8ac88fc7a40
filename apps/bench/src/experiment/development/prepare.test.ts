import { gradientDescent } from '@icl-gd/methods';
import { expect, test } from 'vitest';
import { findTask } from '../../tasks/tasks.ts';
import { runSetting } from '../setting.ts';
import { developmentExamples, developmentSeeds } from './prepare.ts';

test("development seeds are none of the run's", () => {
  const task = findTask('mr');
  expect(developmentSeeds(task, {})).toEqual([1001, 1002, 1003]);
  expect(developmentSeeds(task, { seeds: [1002, 5, 1001] })).toEqual([1003, 1004, 1005]);
});

test('development data is asked for by a rule, or by its size', () => {
  const gd = runSetting(gradientDescent);
  expect(developmentExamples({ methods: [gd], controls: [] })).toBeUndefined();
  expect(developmentExamples({ methods: [gd, { ...gd, rate: 'best' }], controls: [] })).toBe(64);
  expect(developmentExamples({ methods: [gd], controls: [{ ...gd, rate: 'best' }] })).toBe(64);
  expect(developmentExamples({ methods: [gd], controls: [], development: 20 })).toBe(20);
});
