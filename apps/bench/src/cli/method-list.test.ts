import { type Learner, gradientDescent, learners, settingId } from '@icl-gd/methods';
import { UserError } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseMethods } from './method-list.ts';

const foreign: Learner<{ scale: number; layers: string; word: string }> = {
  ...gradientDescent,
  id: 'Foreign',
  options: z.object({
    scale: z.coerce.number().positive('must be above 0').default(1),
    layers: z.enum(['all', 'last']).default('all'),
    word: z.string().default('none'),
  }),
};
const BUILT_IN = learners.filter(({ role }) => role === 'learner').map(({ id }) => id);
const parse = (text: string) => parseMethods('--methods', text, [foreign as Learner]);

test.each([
  ['gd,lcgd', ['GD', 'LCGD']],
  [' LcGd , gd', ['LCGD', 'GD']],
  ['foreign', ['Foreign']],
  ['foreign[]', 'is not name=value'],
  ['foreign[scale=1]', ['Foreign']],
  ['foreign[layers=last,scale=0.5],gd', ['Foreign[scale=0.5,layers=last]', 'GD']],
])('%s', (text, expected) => {
  if (typeof expected === 'string') expect(() => parse(text)).toThrow(expected);
  else expect(parse(text).map(settingId)).toEqual(expected);
});

test.each([
  ['gdx', `--methods: unknown "gdx" (did you mean gd?); choose from ${[...BUILT_IN, 'Foreign'].join(', ')}`],
  ['icl', 'unknown "icl"'],
  ['gd,GD', '--methods: GD is there twice'],
  ['gd[steps=3]', '--methods: GD has no option "steps"; it has none'],
  [
    'foreign[scal=3]',
    '--methods: Foreign has no option "scal" (did you mean scale?); it has scale, layers, word',
  ],
  ['foreign[scale=-1]', '--methods: Foreign, scale: must be above 0'],
  ['foreign[scale=]', '--methods: "scale" in "foreign[scale=]" has no value'],
  ['foreign[scale=1,scale=2]', '--methods: "scale" is there twice in "foreign[scale=1,scale=2]"'],
  [`foreign[word=${'x'.repeat(300)}]`, 'is too long, at most 100 bytes'],
  ['foreign[layers=first]', '--methods: Foreign, layers: '],
  ['gd[', 'unknown "gd["'],
  ['', 'unknown ""'],
])('%j is refused', (text, message) => {
  expect(() => parse(text)).toThrow(UserError);
  expect(() => parse(text)).toThrow(message);
});
