import { gradientDescent, inContext, layerCausalGradientDescent, zeroShot } from '@icl-gd/methods';
import { expect, test } from 'vitest';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import {
  type RunSetting,
  choicesAmong,
  demonstrationsFor,
  isLearner,
  roleOf,
  runSetting,
  runSettingId,
  unavailability,
} from './setting.ts';

const changed = (setting: RunSetting, changes: Partial<RunSetting>): RunSetting => ({
  ...setting,
  ...changes,
});
const GD = runSetting(gradientDescent);
const ICL = runSetting(inContext);

test('an id has demonstrations first, then the options of the learner, then its rate', () => {
  expect(runSettingId(GD)).toBe('GD');
  const own = { learner: layerCausalGradientDescent, options: { steps: 3, batch: 'full', noise: true } };
  const demonstrations = { randomTokens: true, labels: 'random', order: 0 } as const;
  expect(runSettingId({ ...own, demonstrations, rate: 'best' })).toBe(
    'LCGD[order=0,labels=random,random-tokens,noise,batch=full,steps=3,rate=best]',
  );
  expect(runSettingId(changed(ICL, { demonstrations: { disjoint: true, otherTask: true } }))).toBe(
    'ICL[disjoint,other-task]',
  );
});

test.each([
  ['ZSL[positions=icl]', 'null'],
  ['GD[noise]', 'null'],
  ['LCGD[labels=wrong,batch=full]', 'null'],
  ['GD[other-task]', 'null'],
  ['GD[random-tokens]', 'null'],
  ['ICL[order=1]', 'ceiling'],
  ['ICL[disjoint]', 'ceiling'],
  ['ICL[disjoint,labels=wrong]', 'control'],
  ['ICL[random-tokens]', 'control'],
  ['GD', 'learner'],
  ['GD[disjoint,rate=best]', 'learner'],
  ['Mine[scale=2]', 'learner'],
  ['Mine[noise=0.5]', 'learner'],
] as const)('%s is a %s', (id, role) => {
  expect(roleOf(id)).toBe(role);
  expect(isLearner(id)).toBe(!/^(ICL|ZSL)\b/.test(id));
});

const tokens = (...own: number[]) => own.map((token) => ({ tokens: [token] }));
const PREPARED = {
  demonstrations: tokens(1, 2, 3),
  fineTuningDemonstrations: tokens(3, 2, 1),
  context: { tokens: [0, 1, 9], demonstrations: 1 },
  chosen: new Map([
    [
      'disjoint',
      {
        demonstrations: tokens(4, 5),
        fineTuningDemonstrations: tokens(5, 4),
        context: { tokens: [0, 4, 9, 5, 9], demonstrations: 2 },
      },
    ],
    ['labels=wrong', { unavailable: 'no labels' }],
  ]),
} as unknown as PreparedRun;

test('a setting is given the demonstrations of its choice: those that fit, or all', () => {
  const disjoint = { demonstrations: { disjoint: true } } as const;
  expect(demonstrationsFor(ICL, PREPARED)).toEqual(tokens(1));
  expect(demonstrationsFor(GD, PREPARED)).toEqual(tokens(3, 2, 1));
  expect(demonstrationsFor(changed(ICL, disjoint), PREPARED)).toEqual(tokens(4, 5));
  expect(demonstrationsFor(changed(GD, disjoint), PREPARED)).toEqual(tokens(5, 4));
  expect(demonstrationsFor(runSetting(zeroShot), PREPARED)).toEqual([]);
  expect(demonstrationsFor(runSetting(zeroShot, { positions: 'icl' }), PREPARED)).toEqual(tokens(1));
});

test('a choice that cannot be made says why', () => {
  const wrong = changed(GD, { demonstrations: { labels: 'wrong' } });
  expect(unavailability(GD, PREPARED)).toBeUndefined();
  expect(unavailability(wrong, PREPARED)).toBe('no labels');
  expect(() => demonstrationsFor(wrong, PREPARED)).toThrow('no labels');
});

test('each choice among settings once, without that of the trial', () => {
  const labels = { demonstrations: { labels: 'wrong' } } as const;
  expect(choicesAmong([GD, changed(GD, labels), ICL, changed(ICL, labels)])).toEqual([{ labels: 'wrong' }]);
});
