import { UserError } from '@icl-gd/gpu-kernels/errors';
import { array, assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { buildContext, longestItem, requireFits } from './context.ts';

const BOS = 100;
const EOS = 101;
const limits = (contextLength: number) => ({ bosTokenId: BOS, eosTokenId: EOS, contextLength });
const demonstrationsOf = (...lengths: number[]) =>
  lengths.map((length, place) => ({ tokens: Array.from({ length }, () => place) }));

test('the longest item counts BOS and the longest option of any query', () => {
  const options = [[1], [2, 3, 4]];
  expect(
    longestItem([
      { tokens: [7, 7], options },
      { tokens: [7], options },
    ]),
  ).toBe(1 + 2 + 3);
});

test('demonstrations stand between BOS and EOS as long as length + tokens + 1 + longest item < window', () => {
  const demonstrations = demonstrationsOf(2, 3, 1);
  // BOS, 2 + EOS, 3 + EOS, 1 + EOS make 10 tokens.
  expect(buildContext(demonstrations, 5, limits(16))).toEqual({
    tokens: [BOS, 0, 0, EOS, 1, 1, 1, EOS, 2, EOS],
    demonstrations: 3,
  });
  expect(buildContext(demonstrations, 5, limits(15)).demonstrations).toBe(2);
});

test('the first demonstration that does not fit ends the context, even if a later one would fit', () => {
  expect(buildContext(demonstrationsOf(2, 9, 1), 5, limits(16))).toEqual({
    tokens: [BOS, 0, 0, EOS],
    demonstrations: 1,
  });
});

test('context and longest item stay below the window, and one more demonstration would not', () => {
  const lengths = array(integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 });
  assert(
    property(
      lengths,
      integer({ min: 3, max: 40 }),
      integer({ min: 45, max: 200 }),
      (sizes, longest, window) => {
        const { tokens, demonstrations } = buildContext(demonstrationsOf(...sizes), longest, limits(window));
        expect(tokens.length + longest).toBeLessThan(window);
        expect(tokens.filter((token) => token === EOS)).toHaveLength(demonstrations);
        const next = sizes[demonstrations] ?? Infinity;
        expect(tokens.length + next + 1 + longest).toBeGreaterThanOrEqual(window);
      },
    ),
  );
});

test('200,000 demonstrations, queries and tokens are within what the checks can take', () => {
  const one = { tokens: [1], options: [[2]] };
  const many = Array.from({ length: 200_000 }, () => one);
  const longest = longestItem(many);
  expect(longest).toBe(3);
  expect(() => requireFits('mr', many, longest, limits(10))).not.toThrow();
  expect(buildContext(many, longest, limits(10))).toEqual({
    tokens: [BOS, 1, EOS, 1, EOS],
    demonstrations: 2,
  });
  const long = demonstrationsOf(200_000);
  expect(() => requireFits('mr', long, longest, limits(200_000))).toThrow('needs 200001 tokens');
  expect(buildContext(long, longest, limits(300_000)).tokens).toHaveLength(200_002);
});

test('what does not fit is refused with dataset, needed length and window', () => {
  const check = (lengths: number[], longest: number, window: number) => () =>
    requireFits('mr', demonstrationsOf(...lengths), longest, limits(window));
  expect(check([2], 21, 20)).toThrow(UserError);
  expect(check([2], 21, 20)).toThrow(
    "mr: the longest validation example needs 21 tokens, but the model's context window is 20",
  );
  // Without a demonstration it would fit.
  expect(check([2], 20, 20)).toThrow('the first demonstration together');
  expect(check([2, 20], 5, 20)).toThrow('the longest fine-tuning sequence needs 21 tokens');
  expect(check([8, 2], 10, 20)).toThrow(
    'the first demonstration together with the longest validation example needs 21 tokens',
  );
  expect(check([8, 2], 10, 21)).not.toThrow();
  expect(buildContext(demonstrationsOf(8, 2), 10, limits(20)).demonstrations).toBe(0);
  expect(buildContext(demonstrationsOf(8, 2), 10, limits(21)).demonstrations).toBe(1);
});
