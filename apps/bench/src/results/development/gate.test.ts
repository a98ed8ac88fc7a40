import { expect, test } from 'vitest';
import { type CrossedInterval, gate } from './gate.ts';

/** Two seeds with the same answers, 1 where right. */
const answers = (...correct: number[]) => [{ correct }, { correct }];
const around =
  (half: number): CrossedInterval =>
  (values) => {
    const flat = values.flat();
    const mean = flat.reduce((sum, value) => sum + value, 0) / flat.length;
    return { lower: mean - half, upper: mean + half };
  };
const zsl = answers(0, 0, 1, 0);
const better = answers(0, 1, 1, 1);
const alike = answers(1, 0, 0, 0);

test('something was learned where ICL and the learner both beat ZSL', () => {
  expect(gate({ zsl, icl: better, learner: better }, around(0.4))).toEqual({
    icl: { mean: 0.5, lower: 0.5 - 0.4, upper: 0.9 },
    learner: { mean: 0.5, lower: 0.5 - 0.4, upper: 0.9 },
    outcome: 'learned',
  });
});

test('an interval that reaches 0 leaves it undecided, for either of them', () => {
  const half =
    (wide: unknown): CrossedInterval =>
    (values) =>
      around(JSON.stringify(values[0]) === JSON.stringify(wide) ? 0.5 : 0.1)(values);
  const most = answers(1, 1, 1, 1);
  expect(gate({ zsl, icl: better, learner: most }, half([0, 1, 0, 1])).outcome).toBe('undecided');
  expect(gate({ zsl, icl: most, learner: better }, half([0, 1, 0, 1])).outcome).toBe('undecided');
  expect(gate({ zsl, icl: better, learner: better }, () => undefined).outcome).toBe('undecided');
});

test('nothing was learned where one of them is not right more often than ZSL', () => {
  expect(gate({ zsl, icl: alike, learner: better }, around(0.1)).outcome).toBe('nothing was learned');
  expect(gate({ zsl, icl: better, learner: alike }, around(0.1)).outcome).toBe('nothing was learned');
});

test('what diverged or was not asked for is not measured', () => {
  expect(gate({ zsl, icl: better, learner: undefined }, around(0))).toMatchObject({
    learner: null,
    outcome: 'not measured',
  });
  expect(gate({ zsl, icl: undefined, learner: better }, around(0)).outcome).toBe('not measured');
  expect(gate({ zsl: [], icl: better, learner: better }, around(0)).outcome).toBe('not measured');
});

test('widening an interval never turns an outcome into learned', () => {
  const gained = [
    [better, better],
    [better, alike],
    [alike, better],
  ].flatMap(([icl, learner]) =>
    [0, 0.2, 0.6].filter((half) => {
      const [before, after] = [half, half + 0.3].map(
        (own) => gate({ zsl, icl, learner }, around(own)).outcome,
      );
      return before !== 'learned' && after === 'learned';
    }),
  );
  expect(gained).toEqual([]);
});
