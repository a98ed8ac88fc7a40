import { expect, test, vi } from 'vitest';
import type { Task } from '../task.ts';
import { findTask } from '../tasks.ts';
import { promptWarnings, warnOfPrompts } from './warnings.ts';

const SILENT = { encode: () => [1] };
const OPTIONS = [[1], [2]];

function made(changes: Partial<Task>): Task {
  return { ...findTask('mr'), id: 'made', ...changes };
}

function warnings(changes: Partial<Task>, options: readonly (readonly number[])[] = OPTIONS): string[] {
  return promptWarnings(made(changes), { tokens: [], options }, SILENT);
}

test('nothing is said of the built-in tasks, nor of a line break at the end of a template', () => {
  for (const id of ['mr', 'cb', 'trec', 'boolq'])
    expect(promptWarnings(findTask(id), { tokens: [], options: OPTIONS }, SILENT)).toEqual([]);
  expect(warnings({ template: '{text}  is\n  Sentiment:\r\n' })).toEqual([]);
});

test.each(['{text} Sentiment: ', '{text} Sentiment:\t', '{text}\nSentiment: \n'])(
  'a template that ends in white space is told: %j',
  (template) => {
    expect(warnings({ template })).toEqual([
      'made: "template" ends in white space; the label word follows after a further space',
    ]);
  },
);

test.each(['{text} {label: ', '{text}} ', 'f() { {text} }', '{} {text}'])(
  'braces of no field are told: %j',
  (template) => {
    expect(warnings({ template: `${template}:` })).toEqual([
      'made: "template" has braces that belong to no field and stay in the prompt; fields: text',
    ]);
  },
);

test.each([[' Positive'], ['Positive '], ['Positive\n']])('white space around %j is told', (word) => {
  expect(warnings({ labelWords: ['Negative', word] })).toEqual([
    `made: the label word ${JSON.stringify(word)} begins or ends with white space, which stays: a space is put before every label word`,
  ]);
});

test('a label word whose tokens begin those of another is told', () => {
  const changes = { labelWords: ['very good', 'bad', 'very'] };
  expect(warnings(changes, [[1, 2], [3], [1]])).toEqual([
    'made: the tokens of the label word "very" begin those of "very good"; each counts by the mean over its own tokens',
  ]);
});

test('a label word that the tokenizer reads as something else is told, letter case and spaces apart', () => {
  const texts = new Map([
    [1, ' negative'],
    [2, '<unk>'],
  ]);
  const tokenizer = {
    texts,
    specialTokens: ['</s>'],
    encode: () => [1],
    decode(ids: readonly number[]): string {
      return ids.map((id) => this.texts.get(id)).join('');
    },
  };
  const task = made({ labelWords: ['Negative', 'Überaus'] });
  const warn = vi.fn<(line: string) => void>();
  const queries = [{ tokens: [], options: OPTIONS }];
  const row = { fields: { text: 'a </s> b' }, label: 0 };
  const dataset = { train: [row], validation: [row], sha256: { train: '', validation: '' } };
  for (let i = 0; i < 2; i++) warnOfPrompts(task, { queries, dataset }, tokenizer, warn);
  expect(warn.mock.calls).toEqual([
    [`made: the model's tokenizer reads the label word "Überaus" as "<unk>"`],
    [expect.stringMatching(/^made: row 1 of train has "<\/s>"/)],
  ]);
});
