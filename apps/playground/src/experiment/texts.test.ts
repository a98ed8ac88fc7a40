import { expect, test } from 'vitest';
import { encodeTexts } from './texts.ts';

/** One token a word, 0 for all that it does not know. */
const WORDS = ['<unk>', 'Review:', 'Sentiment:', 'good', 'bad', 'film', 'Yes', 'No'];
const tokenizer = {
  vocabSize: WORDS.length,
  specialTokens: ['<unk>'],
  encode: (text: string) =>
    text.split(' ').flatMap((word) => (word === '' ? [] : [Math.max(0, WORDS.indexOf(word))])),
  decode: (ids: readonly number[]) => ids.map((id) => WORDS[id]).join(' '),
};
const limits = { contextLength: 40, eosTokenId: 1 };
const TEXTS = {
  template: 'Review: {text} Sentiment:',
  labelWords: ['No', 'Yes'],
  demonstrations: [
    { text: 'good film', label: 1 },
    { text: 'bad film', label: 0 },
  ],
  queries: [{ text: 'good', label: 1 }],
};
const encode = (change: Partial<typeof TEXTS> = {}) =>
  encodeTexts({ ...TEXTS, ...change }, tokenizer, limits);

test('texts are put into the template, with the answers as options', () => {
  expect(encode()).toEqual({
    demonstrations: [
      { tokens: [1, 3, 5, 2, 6], answerLength: 1 },
      { tokens: [1, 4, 5, 2, 7], answerLength: 1 },
    ],
    queries: [{ tokens: [1, 3, 2], options: [[7], [6]] }],
    unknownWords: [],
  });
});

test('words that the tokenizer does not know are named, each once', () => {
  expect(encode({ queries: [{ text: 'good tune , good $& tune', label: 0 }] }).unknownWords).toEqual([
    'tune',
    ',',
    '$&',
  ]);
});

test.each<[string, Partial<typeof TEXTS>, RegExp]>([
  ['a template without a place for the text', { template: 'Review:' }, /\{text\}/],
  ['a single answer', { labelWords: ['Yes'] }, /two answers/],
  ['no demonstration', { demonstrations: [] }, /no demonstration/],
  ['no query', { queries: [] }, /no query/],
  ['the same answer twice', { labelWords: ['No', 'No'] }, /“No” is there twice/],
  [
    'a demonstration without a text',
    { demonstrations: [{ text: ' ', label: 1 }] },
    /Demonstration 1 has no text/,
  ],
  ['a query without a text', { queries: [{ text: '', label: 1 }] }, /Query 1 has no text/],
  ['answers of the same tokens', { labelWords: ['Oui', 'Non'] }, /'Oui' and 'Non'/],
  [
    'more than the model reads at once',
    { demonstrations: Array.from({ length: 7 }, () => ({ text: 'good', label: 1 })) },
    /make 40 tokens, but this model reads 39/,
  ],
])('%s is refused in words', (_, change, message) => {
  const run = () => encodeTexts({ ...TEXTS, ...change }, tokenizer, { ...limits, contextLength: 39 });
  expect(run).toThrow(message);
});
