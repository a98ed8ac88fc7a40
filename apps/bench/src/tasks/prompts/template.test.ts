import { expect, test } from 'vitest';
import { findTask } from '../tasks.ts';
import { fillTemplate } from './template.ts';

test('text goes into the template untouched', () => {
  expect(fillTemplate(findTask('sst2'), { sentence: ' costs $& or $1 ' })).toBe(
    'Sentence:  costs $& or $1  Label:',
  );
  expect(fillTemplate(findTask('cb'), { premise: 'It rains', hypothesis: 'it is wet' })).toBe(
    'It rains Question: it is wet. True, False, or Neither? Answer:',
  );
});

test('fields are replaced one after another, as by successive str.replace', () => {
  const filled = fillTemplate(findTask('cb'), {
    premise: 'P {hypothesis} {premise}',
    hypothesis: 'H {premise}',
  });
  expect(filled).toBe('P H {premise} {premise} Question: H {premise}. True, False, or Neither? Answer:');
});
