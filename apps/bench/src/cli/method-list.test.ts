import { type Learner, gradientDescent, settingId } from '@icl-gd/methods';
import { UserError } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseMethods } from './method-list.ts';

const noisy: Learner<{ scale: number; layers: string }> = {
  ...gradientDescent,
  id: 'Noise',
  options: z.object({
    scale: z.coerce.number().positive('must be above 0').default(1),
    layers: z.enum(['all', 'last']).default('all'),
  }),
};
const parse = (text: string) => parseMethods('--methods', text, [noisy as Learner]);

test.each([
  ['gd,lcgd', ['GD', 'LCGD']],
  [' LcGd , gd', ['LCGD', 'GD']],
  ['noise', ['Noise']],
  ['noise[]', 'is not name=value'],
  ['noise[scale=1]', ['Noise']],
  ['noise[layers=last,scale=0.5],gd', ['Noise[scale=0.5,layers=last]', 'GD']],
])('%s', (text, expected) => {
  if (typeof expected === 'string') expect(() => parse(text)).toThrow(expected);
  else expect(parse(text).map(settingId)).toEqual(expected);
});

test.each([
  ['sgd', '--methods: unknown "sgd" (did you mean gd?); choose from GD, LCGD, Noise'],
  ['icl', 'unknown "icl"'],
  ['gd,GD', '--methods: GD is there twice'],
  ['gd[steps=3]', '--methods: GD has no option "steps"; it has none'],
  ['noise[scal=3]', '--methods: Noise has no option "scal" (did you mean scale?); it has scale, layers'],
  ['noise[scale=-1]', '--methods: Noise, scale: must be above 0'],
  ['noise[layers=first]', '--methods: Noise, layers: '],
  ['gd[', 'unknown "gd["'],
  ['', 'unknown ""'],
])('%j is refused', (text, message) => {
  expect(() => parse(text)).toThrow(UserError);
  expect(() => parse(text)).toThrow(message);
});
