import { expect, test } from 'vitest';
import { findTask } from '../tasks.ts';
import { createPromptEncoder } from './encode.ts';

const EOS = 0;
const codePoints = (text: string) => Array.from(text, (character) => character.codePointAt(0)!);
const codePointEncoder = { encode: codePoints };
const decode = (tokens: readonly number[]) =>
  tokens.map((token) => (token === EOS ? '|' : String.fromCodePoint(token))).join('');

test('each line of the filled template is encoded on its own, EOS between lines', () => {
  const calls: string[] = [];
  const spy = { encode: (text: string) => (calls.push(text), codePoints(text)) };
  const { tokens } = createPromptEncoder(findTask('mr'), spy, EOS).query({
    fields: { text: '\na\u0085\u0085 b\r\n' },
    label: 0,
  });
  expect(decode(tokens)).toBe('Review: |a| b| Sentiment:');
  expect(calls).toEqual([' Negative', ' Positive', 'Review: ', 'a', ' b', ' Sentiment:']);
});

test('a demonstration is the query followed by the label word with its space', () => {
  const encoder = createPromptEncoder(findTask('sst5'), codePointEncoder, EOS);
  const example = { fields: { text: 'so so' }, label: 2 };
  expect(decode(encoder.demonstration(example).tokens)).toBe('Sentence: so so Label: neutral');
  expect(encoder.query(example).options.map(decode)).toEqual([
    ' terrible',
    ' bad',
    ' neutral',
    ' good',
    ' great',
  ]);
});

test('label words are encoded as they stand, spaces and case included', () => {
  const task = { ...findTask('mr'), labelWords: ['  Very Good ', 'bad\n'] };
  const encoder = createPromptEncoder(task, codePointEncoder, EOS);
  const example = { fields: { text: 'x' }, label: 0 };
  expect(encoder.query(example).options.map(decode)).toEqual(['   Very Good ', ' bad\n']);
  expect(decode(encoder.demonstration(example).tokens)).toBe('Review: x Sentiment:   Very Good ');
});

test('a tokenizer that drops a label word is refused', () => {
  const dropping = { encode: (text: string) => (text === ' Positive' ? [] : [1]) };
  expect(() => createPromptEncoder(findTask('mr'), dropping, EOS)).toThrow(
    "mr: the model's tokenizer has no tokens for the label word 'Positive'",
  );
});
