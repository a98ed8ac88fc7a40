import { zeroShot } from '@icl-gd/methods';
import type { ModelVariant } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { developedLearners, settingsOn } from '../experiment/development/rate-rules.ts';
import { type RunSetting, runSettingId } from '../experiment/setting.ts';
import { settingsByRate } from './rate-list.ts';
import { parseSettingList } from './setting-list.ts';

const NOISE = { ...zeroShot, id: 'Noise', role: 'learner' as const };
const parse = (text: string) => parseSettingList('--methods', text, [NOISE]);
const expand = (rates: string, methods = 'gd,lcgd'): string[] =>
  settingsByRate(rates, parse(methods)).map(runSettingId);

test('each learner stands under each way to choose its rate, in one order however they are typed', () => {
  const all = [
    'GD',
    'LCGD',
    'GD[rate=best]',
    'LCGD[rate=best]',
    'GD[rate=matched-kl]',
    'LCGD[rate=matched-kl]',
  ];
  expect(expand('published,best,matched-kl')).toEqual(all);
  expect(expand('MATCHED-KL, best,published')).toEqual(all);
  expect(expand('published')).toEqual(['GD', 'LCGD']);
  expect(expand('best')).toEqual(['GD[rate=best]', 'LCGD[rate=best]']);
});

test('what has a rule of its own or no rate to choose stays as it is, once', () => {
  expect(expand('published,best', 'gd,noise,lcgd[rate=matched-norm]')).toEqual([
    ...['GD', 'Noise', 'LCGD[rate=matched-norm]', 'GD[rate=best]'],
  ]);
  expect(expand('published,best', 'gd,gd[rate=best]')).toEqual(['GD', 'GD[rate=best]']);
  expect(expand('published,best', 'gd[noise],gd')).toEqual(['GD[noise]', 'GD', 'GD[rate=best]']);
});

test('the tangent is a setting of the learners that have one, for the trained model', () => {
  const settings = settingsByRate('published,tangent', parse('gd,lcgd,noise'));
  expect(settings.map(runSettingId)).toEqual(['GD', 'LCGD', 'Noise', 'GD[tangent]', 'LCGD[tangent]']);
  const on = (variant: ModelVariant, methods: readonly RunSetting[]) =>
    settingsOn(variant, { methods, controls: [] }).map(runSettingId);
  expect(on('untrained', settings)).toEqual(['GD', 'LCGD', 'Noise']);
  expect(on('untrained', parse('gd[tangent]'))).toEqual(['GD[tangent]']);
  expect(on('untrained', parse('gd[rate=best]'))).toEqual([]);
  expect(on('trained', parse('gd[rate=best]'))).toEqual(['GD[rate=best]']);
});

test('controls are run on every variant, or on those that they are asked for on', () => {
  const on = (variant: ModelVariant, controlVariants?: readonly ModelVariant[]) =>
    settingsOn(variant, {
      ...{ methods: parse('gd'), controls: parse('ICL[disjoint]') },
      ...(controlVariants && { controlVariants }),
    }).map(runSettingId);
  expect(on('untrained')).toEqual(['GD', 'ICL[disjoint]']);
  expect(on('untrained', ['trained'])).toEqual(['GD']);
  expect(on('trained', ['trained'])).toEqual(['GD', 'ICL[disjoint]']);
});

test('with options that no tangent goes with there is none', () => {
  expect(expand('published,tangent', 'gd,gd[batch=full,steps=3],lcgd[optimizer=adam]')).toEqual([
    ...['GD', 'GD[batch=full,steps=3]', 'LCGD[optimizer=adam]', 'GD[tangent]'],
  ]);
  expect(() => expand('published,tangent', 'gd[batch=full]')).toThrow(
    '--rate published,tangent: none of the methods has a tangent',
  );
});

test('where no learner has a rate, there is none to choose', () => {
  expect(expand('published', 'noise')).toEqual(['Noise']);
  expect(() => expand('published,best', 'noise')).toThrow(
    '--rate published,best: none of the methods has a learning rate to choose',
  );
});

test('a null learner has the rate of what it is the null of', () => {
  const developed = developedLearners({
    methods: parse('gd,lcgd[rate=best],gd[labels=wrong,rate=matched-kl]'),
    controls: parse('gd[noise,rate=best],gd[noise],gd[labels=wrong]'),
  });
  expect(
    developed.map(({ setting, rules }) => [runSettingId({ ...setting, demonstrations: {} }), rules]),
  ).toEqual([
    ['GD', ['best', 'matched-kl']],
    ['LCGD', ['best']],
  ]);
});

test('a tangent has no rate to develop', () => {
  expect(developedLearners({ methods: parse('gd[tangent]'), controls: [] })).toEqual([]);
});
