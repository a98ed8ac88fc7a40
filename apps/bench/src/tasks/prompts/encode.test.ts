import { expect, test } from 'vitest';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { tokenize } from '@icl-gd/methods';
import type { Task } from '../task.ts';
import { builtInTasks, findTask } from '../tasks.ts';
import { createPromptEncoder } from './encode.ts';
import { fillTemplate } from './template.ts';

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
  expect(calls).toEqual([
    ...['Review: ', 'a', ' b', ' Sentiment:'],
    ...[' Sentiment: Negative', ' Sentiment: Positive'],
  ]);
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

/** Words as numbers by their order in `vocabulary`; like SentencePiece it sees a space before every text. */
function pieces(...vocabulary: readonly string[]) {
  return {
    encode: (text: string): number[] => {
      const tokens: number[] = [];
      let rest = ` ${text}`.replaceAll(' ', '▁');
      while (rest !== '') {
        const found = vocabulary
          .filter((piece) => rest.startsWith(piece))
          .toSorted((a, b) => b.length - a.length)[0];
        tokens.push(found === undefined ? 0 : 1 + vocabulary.indexOf(found));
        rest = rest.slice(found?.length ?? 1);
      }
      return tokens;
    },
  };
}

function made(template: string, labelWords: readonly string[]): Task {
  return { ...findTask('mr'), id: 'made', template, labelWords };
}

const GOOD = { fields: { text: 'good' }, label: 1 };

test('a label word has the tokens that it has after the prompt, not those that it has alone', () => {
  const tokenizer = pieces('▁', '▁good', '▁mood', ':', '▁No', '▁Yes');
  const encoder = createPromptEncoder(made('{text} mood:', ['No', 'Yes']), tokenizer, EOS);
  expect(tokenizer.encode(' Yes')).toEqual([1, 6]);
  expect(encoder.query(GOOD)).toEqual({ tokens: [2, 3, 4], options: [[5], [6]] });
  expect(encoder.demonstration(GOOD).tokens).toEqual(tokenizer.encode('good mood: Yes'));
});

test('with several lines, the label word follows the last one', () => {
  const tokenizer = pieces('▁', '▁good', '▁mood', ':', '▁No', '▁Yes');
  const encoder = createPromptEncoder(made('{text}\nmood:\n', ['No', 'Yes']), tokenizer, EOS);
  expect(encoder.query(GOOD)).toEqual({ tokens: [2, EOS, 3, 4], options: [[5], [6]] });
  expect(encoder.demonstration(GOOD).tokens).toEqual([2, EOS, ...tokenizer.encode('mood: Yes')]);
});

test('a label word may have other tokens after other texts', () => {
  const tokenizer = pieces('▁', '▁good', '▁bad', '!', '▁No', '▁Yes', '▁Y', 'es');
  const shy = { encode: (text: string) => tokenizer.encode(text.replace('bad Yes', 'bad Y es')) };
  const encoder = createPromptEncoder(made('{text}', ['No', 'Yes']), shy, EOS);
  expect(encoder.query(GOOD).options).toEqual([[5], [6]]);
  expect(encoder.query({ fields: { text: 'bad' }, label: 0 }).options).toEqual([[5], [7, 1, 8]]);
});

test('a label word that joins the end of the prompt is refused, in queries and demonstrations', () => {
  const tokenizer = pieces('▁', '▁good', '▁▁', '▁No', '▁Yes', '▁mood', ':');
  const encoder = createPromptEncoder(made('{text} mood: ', ['No', 'Yes']), tokenizer, EOS);
  const message =
    "made: the model's tokenizer joins the label word 'No' with the end of the prompt 'good mood: '; end the prompt with a word or mark";
  expect(() => encoder.query(GOOD)).toThrow(new UserError(message, 'invalid-text'));
  expect(() => encoder.demonstration(GOOD)).toThrow(new UserError(message, 'invalid-text'));
});

test.each([
  ['case folded away', ['yes', 'Yes']],
  ['both unknown', ['Öl', 'Üb']],
])('label words with the same tokens are refused: %s', (_, words) => {
  const tokenizer = pieces('▁', '▁good', ':', '▁yes');
  const folding = { encode: (text: string) => tokenizer.encode(text.toLowerCase()) };
  expect(() => createPromptEncoder(made('{text}:', words), folding, EOS).query(GOOD)).toThrow(
    new UserError(
      `made: the model's tokenizer gives the label words '${words[0]}' and '${words[1]}' the same tokens; the classes could not be told apart`,
      'invalid-text',
    ),
  );
});

test('a tokenizer that drops a label word is refused', () => {
  const dropping = { encode: (text: string) => codePoints(text.replace(' Positive', '')) };
  const encoder = createPromptEncoder(findTask('mr'), dropping, EOS);
  expect(() => encoder.query(GOOD)).toThrow(
    "mr: the model's tokenizer has no tokens for the label word 'Positive'",
  );
});

test.each(builtInTasks().map((task) => [task.id, task] as const))(
  'tokenize gives the tokens of %s: texts of a library are encoded as those of a task',
  (_, task) => {
    const fields = Object.fromEntries(task.fields.map((field) => [field, `a ${field}\nof two lines`]));
    const encoder = createPromptEncoder(task, codePointEncoder, EOS);
    const prompt = fillTemplate(task, fields);
    const { demonstrations, queries } = tokenize(codePointEncoder, {
      demonstrations: task.labelWords.map((label) => ({ prompt, label })),
      queries: [prompt],
      options: task.labelWords,
      eosTokenId: EOS,
    });
    expect(queries).toEqual([encoder.query({ fields, label: 0 })]);
    expect(demonstrations).toEqual(
      task.labelWords.map((__, label) => encoder.demonstration({ fields, label })),
    );
  },
);
