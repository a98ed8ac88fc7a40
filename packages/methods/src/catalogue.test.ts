import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  draws,
  inapplicableMetricsOf,
  learnerSetting,
  learners,
  learnersOf,
  needsOf,
  settingId,
  takesRate,
} from './catalogue.ts';
import type { Learner } from './learner.ts';

const learner = (id: string, description: Partial<Learner> = {}): Learner => ({
  id,
  label: id,
  source: 'a test',
  role: 'learner',
  needs: 'all',
  adapt: () => Promise.reject(new Error('never called')),
  ...description,
});

const OPTIONS = z.object({
  batch: z.enum(['one', 'full']).default('one'),
  steps: z.coerce.number().int().min(1).default(1),
});
const withOptions = learner('GD2', { options: OPTIONS });

test('what runs and tables rely on of each learner', () => {
  const own = learners.filter(({ role, paper }) => role === 'baseline' || paper);
  expect(
    own.map(({ id, role, paper = false, needs, objective }) => [id, role, paper, needs, objective]),
  ).toEqual([
    ['ZSL', 'baseline', false, 'none', undefined],
    ['ICL', 'baseline', false, 'context', undefined],
    ['GD', 'learner', true, 'all', 'output'],
    ['LCGD', 'learner', true, 'all', 'layerwise'],
  ]);
});

test('baselines come first, by what they need, then the paper’s learners, then others, each by id', () => {
  const modules = [
    { a: learner('other 2'), b: learner('paper 2', { paper: true, needs: 'none' }), c: learner('other 1') },
    {
      all: learner('baseline, all', { role: 'baseline', needs: 'all', paper: true }),
      context: learner('baseline, context', { role: 'baseline', needs: 'context' }),
      d: learner('paper 1', { paper: true, needs: 'all' }),
    },
    { none: learner('baseline, none', { role: 'baseline', needs: 'none' }) },
  ];
  expect(learnersOf(modules).map(({ id }) => id)).toEqual([
    'baseline, none',
    'baseline, context',
    'baseline, all',
    'paper 1',
    'paper 2',
    'other 1',
    'other 2',
  ]);
});

test('of what a module exports, only learners are in the catalogue', () => {
  const one = learner('one');
  const module = {
    one,
    nothing: null,
    absent: undefined,
    text: 'adapt',
    helper: Object.assign(() => 1, { adapt: one.adapt, role: 'learner' }),
    withoutRole: { adapt: one.adapt },
    withoutAdapt: { role: 'learner' },
  };
  expect(learnersOf([module])).toEqual([one]);
});

test('a setting is called by its learner and the options given, in the order of the schema', () => {
  expect(settingId({ learner: learner('GD'), options: {} })).toBe('GD');
  expect(settingId({ learner: withOptions, options: {} })).toBe('GD2');
  expect(settingId({ learner: withOptions, options: { steps: 3 } })).toBe('GD2[steps=3]');
  expect(settingId({ learner: withOptions, options: { steps: 3, batch: 'full' } })).toBe(
    'GD2[batch=full,steps=3]',
  );
});

test('an option that is true stands bare in the name, and is typed as the text true', () => {
  const flag = z.stringbool().default(false);
  const noisy = learner('N', { options: z.object({ noise: flag, batch: OPTIONS.shape.batch }) });
  const setting = learnerSetting(noisy, { batch: 'full', noise: 'true' });
  expect(setting.options).toEqual({ noise: true, batch: 'full' });
  expect(settingId(setting)).toBe('N[noise,batch=full]');
  expect(settingId(learnerSetting(noisy, { noise: 'false' }))).toBe('N');
});

test('what a setting needs, draws, and which metrics it lacks may depend on its options', () => {
  const plain = learner('plain', { objective: 'output', inapplicableMetrics: ['a'] });
  const facts = (of: Learner, options = {}) => {
    const setting = { learner: of, options };
    return [needsOf(setting), takesRate(setting), draws(setting), inapplicableMetricsOf(setting)];
  };
  expect(facts(plain)).toEqual(['all', true, false, ['a']]);
  expect(facts(learner('without'))).toEqual(['all', false, false, []]);
  const depends: Learner = {
    ...plain,
    with: ({ steps }) =>
      steps === 3
        ? { needs: 'context', takesRate: false, draws: true, inapplicableMetrics: ['b'] }
        : { needs: 'none' },
  };
  expect(facts(depends, { steps: 3 })).toEqual(['context', false, true, ['b']]);
  expect(facts(depends)).toEqual(['none', true, false, ['a']]);
  const without = learner('none', { with: () => ({ takesRate: true }) });
  expect(takesRate({ learner: without, options: {} })).toBe(false);
});

test('a setting keeps the options that differ from their defaults, parsed', () => {
  const options = (typed: Record<string, string>) => learnerSetting(withOptions, typed).options;
  expect(options({ steps: '3', batch: 'full' })).toEqual({ steps: 3, batch: 'full' });
  expect(options({ steps: '1', batch: 'full' })).toEqual({ batch: 'full' });
  expect(options({ steps: '1' })).toEqual({});
  expect(learnerSetting(withOptions)).toEqual({ learner: withOptions, options: {} });
});

test('an option that is unknown or does not fit is refused by name', () => {
  expect(() => learnerSetting(withOptions, { step: '3' })).toThrow(/"step"/);
  expect(() => learnerSetting(withOptions, { steps: '0' })).toThrow(/"steps"/);
});

test('a learner without options takes none', () => {
  const plain = learner('plain');
  expect(learnerSetting(plain)).toEqual({ learner: plain, options: {} });
  expect(() => learnerSetting(plain, { steps: '1' })).toThrow(/"steps"/);
});
