import { type Learner, gradientDescent, learners } from '@icl-gd/methods';
import { UserError } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runSettingId } from '../experiment/setting.ts';
import { parseSettingList } from './setting-list.ts';

const foreign: Learner<{ scale: number; layers: string; word: string }> = {
  ...gradientDescent,
  id: 'Foreign',
  options: z.object({
    scale: z.coerce.number().positive('must be above 0').default(1),
    layers: z.enum(['all', 'last']).default('all'),
    word: z.string().default('none'),
  }),
};
const BUILT_IN = learners.map(({ id, role }) => (role === 'baseline' ? `${id}[…]` : id));
const parse = (text: string) => parseSettingList('--methods', text, [foreign as Learner]);

test.each([
  ['gd,lcgd', ['GD', 'LCGD']],
  [' LcGd , gd', ['LCGD', 'GD']],
  ['foreign', ['Foreign']],
  ['foreign[]', 'is not name=value'],
  ['foreign[scale=1]', ['Foreign']],
  ['foreign[LAYERS=Last]', ['Foreign[layers=last]']],
  ['foreign[word=Last]', ['Foreign[word=Last]']],
  [
    'gd[rate=best,labels=WRONG,order=0],icl[random-tokens,disjoint],gd[other-task,rate=published]',
    ['GD[order=0,labels=wrong,rate=best]', 'ICL[disjoint,random-tokens]', 'GD[other-task]'],
  ],
  ['icl[disjoint=true],gd[disjoint=false,labels=gold]', ['ICL[disjoint]', 'GD']],
  ['foreign[layers=last,scale=0.5],gd', ['Foreign[scale=0.5,layers=last]', 'GD']],
])('%s', (text, expected) => {
  if (typeof expected === 'string') expect(() => parse(text)).toThrow(expected);
  else expect(parse(text).map(runSettingId)).toEqual(expected);
});

test.each([
  ['gdx', `--methods: unknown "gdx" (did you mean gd?); choose from ${[...BUILT_IN, 'Foreign'].join(', ')}`],
  ['icl', '--methods: ICL is what the others are compared with, and always run; with an option'],
  ['icl[]', 'is not name=value'],
  ['icl[rate=best]', 'ICL has no option "rate"'],
  ['icl[order=5]', '--methods: ICL, order 5: must be a whole number from 0 to 4'],
  ['icl[order]', '"order" in "icl[order]" has no value'],
  ['icl[disjiont]', '(did you mean disjoint?)'],
  ['icl[labels=wrnog]', 'labels of ICL: unknown "wrnog" (did you mean wrong?); known: gold, wrong, random'],
  ['icl[labels=gold]', 'ICL is what the others'],
  ['zsl[disjoint]', 'ZSL has no option "disjoint"'],
  ['gd[rate=bst]', '(did you mean best?); known: published, best, matched-kl, matched-norm'],
  ['gd[noise,tangent]', '--methods: GD, noise: a tangent changes no weights'],
  ['foreign[scale]', '--methods: "scale" in "foreign[scale]" has no value'],
  ['gd,GD', '--methods: GD is there twice'],
  ['gd[setps=3]', '--methods: GD has no option "setps"'],
  [
    'foreign[scal=3]',
    '--methods: Foreign has no option "scal" (did you mean scale?); it has order, disjoint, labels, other-task, random-tokens, scale, layers, word, rate',
  ],
  ['foreign[scale=-1]', '--methods: Foreign, scale: must be above 0'],
  ['foreign[scale=]', '--methods: "scale" in "foreign[scale=]" has no value'],
  ['foreign[scale=1,scale=2]', '--methods: "scale" is there twice in "foreign[scale=1,scale=2]"'],
  [`foreign[word=${'x'.repeat(300)}]`, 'is too long, at most 100 bytes'],
  [
    'foreign[layers=lats]',
    '--methods: Foreign, layers: unknown "lats" (did you mean last?); known: all, last',
  ],
  ['gd[', 'unknown "gd["'],
  ['', 'unknown ""'],
])('%j is refused', (text, message) => {
  expect(() => parse(text)).toThrow(UserError);
  expect(() => parse(text)).toThrow(message);
});
