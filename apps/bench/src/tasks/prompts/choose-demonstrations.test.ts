import { Pcg64, UserError } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import type { Task } from '../task.ts';
import { findTask } from '../tasks.ts';
import { type ChoiceOptions, chooseDemonstrations } from './choose-demonstrations.ts';
import type { DemonstrationChoice } from './demonstration-choice.ts';
import { selectDemonstrations } from './selection.ts';

const BOS = 1;
const EOS = 2;
const LIMITS = { bosTokenId: BOS, eosTokenId: EOS, contextLength: 200 };
/** One token a character, so that a demonstration's text can be read off. */
const TOKENIZER = { encode: (text: string) => Array.from(text, (letter) => letter.codePointAt(0)!) };
const textOf = (tokens: readonly number[]) =>
  tokens.map((token) => (token === EOS ? '|' : String.fromCodePoint(token))).join('');

const TASK: Task = { ...findTask('sst5'), id: 'own', template: '{text}\n:', fields: ['text'] };
const OTHER: Task = { ...findTask('mr'), id: 'other', template: '{text}?' };
const rowsOf = (prefix: string, count: number, classes: number) =>
  Array.from({ length: count }, (_, i) => ({
    fields: { text: `${prefix}${String(i).padStart(2, '0')}` },
    label: i % classes,
  }));
const OWN = { task: TASK, dataset: { train: rowsOf('a', 9, TASK.classes.length) } };
const OPTIONS: ChoiceOptions = {
  ...{ shots: 4, seed: 5, permutation: 2, longest: 9 },
  other: { task: OTHER, dataset: { train: rowsOf('b', 30, 2) } },
};

const choose = (choice: DemonstrationChoice, options: Partial<ChoiceOptions> = {}) =>
  chooseDemonstrations(OWN, TOKENIZER, LIMITS, choice, { ...OPTIONS, ...options });
const texts = (choice: DemonstrationChoice, options?: Partial<ChoiceOptions>) =>
  choose(choice, options).demonstrations.map(({ tokens }) => textOf(tokens));

const shuffle = new Pcg64(5).permutation(9);
const own = choose({});

test("an order is a draw of the paper's, whatever the trial's own is", () => {
  for (const order of [0, 1, 3])
    expect(choose({ order }).trainRows).toEqual(
      selectDemonstrations({ trainRows: 9, shots: 4, seed: 5, permutation: order }),
    );
  expect(choose({ order: 0 }).trainRows).toEqual(shuffle.slice(0, 4));
  expect(choose({ order: 2 })).toEqual(own);
  expect(choose({ order: 1 }).trainRows.toSorted()).toEqual(own.trainRows.toSorted());
});

test('fine-tuning sees the order of the context, or that of the released process', () => {
  expect(own.fineTuningRows).toEqual(own.trainRows);
  expect(own.fineTuningDemonstrations).toEqual(own.demonstrations);
  const released = choose({}, { fineTuningOrder: 'released' });
  expect(released.trainRows).toEqual(own.trainRows);
  expect(released.fineTuningRows).toEqual(
    selectDemonstrations({ trainRows: 9, shots: 4, seed: 5, permutation: 2, order: 'released' }),
  );
});

test('disjoint demonstrations are the next of the shuffle, in its order, as many as there are', () => {
  expect(choose({ disjoint: true }).trainRows).toEqual(shuffle.slice(4, 8));
  expect(choose({ disjoint: true }, { shots: 6 }).trainRows).toEqual(shuffle.slice(6));
  expect(() => choose({ disjoint: true }, { shots: 9 })).toThrow(
    new UserError('own: its training split has 9 rows, which leaves none beside the 9 demonstrations'),
  );
});

test('labels are replaced by draws in the order of use, one for each demonstration', () => {
  const { classes, labelWords } = TASK;
  const count = classes.length;
  const uniform = (): (() => number) => {
    const random = new Pcg64((5n << 32n) | 7n);
    return () => random.random();
  };
  const [forWrong, forRandom] = [uniform(), uniform()];
  const labels = own.trainRows.map((row) => OWN.dataset.train[row]!.label);
  const wrong = labels.map((label) => (label + 1 + Math.floor(forWrong() * (count - 1))) % count);
  const random = labels.map(() => Math.floor(forRandom() * count));
  const expected = (drawn: readonly number[]) =>
    own.trainRows.map((row, i) => `${OWN.dataset.train[row]!.fields.text}|: ${labelWords[drawn[i]!]}`);
  expect(texts({ labels: 'wrong' })).toEqual(expected(wrong));
  expect(texts({ labels: 'random' })).toEqual(expected(random));
  expect(new Set(wrong).size).toBeGreaterThan(1);
});

test('what was drawn for a demonstration is the same in whatever order it is shown, and for fine-tuning', () => {
  for (const choice of [{ labels: 'random' }, { randomTokens: true }] as const) {
    const plain = choose(choice);
    for (const other of [choose({ ...choice, order: 1 }), choose(choice, { fineTuningOrder: 'released' })]) {
      const byRow = new Map(plain.trainRows.map((row, i) => [row, plain.demonstrations[i]]));
      for (const [i, row] of other.trainRows.entries())
        expect(other.demonstrations[i]).toEqual(byRow.get(row));
      for (const [i, row] of other.fineTuningRows.entries())
        expect(other.fineTuningDemonstrations[i]).toEqual(byRow.get(row));
    }
  }
});

test('another task lends its own demonstrations, in its own template and words', () => {
  const rows = selectDemonstrations({ trainRows: 30, shots: 4, seed: 5, permutation: 2 });
  expect(texts({ otherTask: true })).toEqual(
    rows.map((row) => `b${String(row).padStart(2, '0')}? ${OTHER.labelWords[row % 2]}`),
  );
  expect(choose({ otherTask: true }).otherDataset).toBe('other');
  expect(own).not.toHaveProperty('otherDataset');
  expect(() => choose({ otherTask: true }, { other: undefined })).toThrow('there is no other dataset');
});

test('random tokens are those of all demonstrations, in as many places; EOS stays', () => {
  const plain = own.demonstrations;
  const shown = choose({ randomTokens: true }).demonstrations;
  const pool = new Set(plain.flatMap(({ tokens }) => tokens.filter((token) => token !== EOS)));
  for (const [i, { tokens, answerLength }] of shown.entries()) {
    expect(tokens.map((token) => token === EOS)).toEqual(plain[i]!.tokens.map((token) => token === EOS));
    expect(answerLength).toBe(plain[i]!.answerLength);
    for (const token of tokens) expect(token === EOS || pool.has(token)).toBe(true);
  }
  expect(shown).not.toEqual(plain);
  expect(choose({ randomTokens: true })).toEqual(choose({ randomTokens: true }));
  expect(choose({ randomTokens: true }, { seed: 6 }).demonstrations[0]!.tokens).not.toEqual(shown[0]!.tokens);
});

test('choices combine', () => {
  const both = choose({ disjoint: true, labels: 'wrong' });
  expect(both.trainRows).toEqual(choose({ disjoint: true }).trainRows);
  expect(both.demonstrations).not.toEqual(choose({ disjoint: true }).demonstrations);
});

test('matched demonstrations are those that the context holds, in the order of fine-tuning', () => {
  const narrow = { longest: 200 - 1 - own.context.tokens.length + 4 };
  const plain = choose({}, { ...narrow, fineTuningOrder: 'released' });
  expect(plain.context.demonstrations).toBe(3);
  expect(plain.fineTuningRows).toHaveLength(4);
  const matched = choose({}, { ...narrow, fineTuningOrder: 'released', matchedDemonstrations: true });
  expect(matched.context).toEqual(plain.context);
  const fitting = plain.trainRows.slice(0, 3);
  expect(matched.fineTuningRows).toEqual(plain.fineTuningRows.filter((row) => fitting.includes(row)));
  expect(matched.fineTuningDemonstrations).toHaveLength(3);
});
