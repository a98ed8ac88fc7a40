import { expect, test } from 'vitest';
import { findTask } from '../tasks.ts';
import { specialTokenWarning } from './special-tokens.ts';

const MR = findTask('mr');
const rows = (...texts: string[]) => texts.map((text) => ({ fields: { text }, label: 0 }));
const warningOf = (train: string[], specials: string[], changes = {}): string | undefined =>
  specialTokenWarning({ ...MR, ...changes }, { train: rows(...train), validation: rows('fine') }, specials);

test('a text that holds a special token is said, with its row', () => {
  expect(warningOf(['plain', 'an <|end|> here'], ['<s>', '<|end|>'])).toBe(
    `row 2 of train has "<|end|>", which is a special token of the model's tokenizer: it stays text here, where other programs make one token of it`,
  );
  expect(warningOf(['an (a+)+$ here'], ['(a+)+$'])).toMatch(/^row 1 of train has "\(a\+\)\+\$"/);
});

test('so are a template and a label word', () => {
  expect(warningOf([], ['</s>'], { template: '{text}</s>' })).toMatch(/^"template" has "<\/s>"/);
  expect(warningOf([], ['Pos'])).toMatch(/^a label word has "Pos"/);
});

test('nothing is said where no text holds one, or there are none', () => {
  expect(warningOf(['<s >', 's'], ['<s>'])).toBeUndefined();
  expect(warningOf(['<s>'], [])).toBeUndefined();
});
