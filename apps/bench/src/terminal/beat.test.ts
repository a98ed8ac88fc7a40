import { expect, test } from 'vitest';
import { Beat } from './beat.ts';
import { Pace, duration } from './pace.ts';

test('the first line comes early and the next ones every half minute, with what was noted last', () => {
  const beat = new Beat(5, 30);
  expect(beat.line(100)).toBeUndefined();
  beat.note({ text: 'reading model and data' }, 100);
  expect(beat.line(104)).toBeUndefined();
  expect(beat.line(105)).toBe('reading model and data, 5 s so far');
  beat.note({ text: '[1/72] sst2', done: 0, total: 1000 }, 110);
  expect(beat.line(134)).toBeUndefined();
  expect(beat.line(135)).toBe('[1/72] sst2, 0 %, 35 s so far');
  beat.note({ text: '[2/72] sst2', done: 100, total: 1000 }, 160);
  // 100 units took 50 s.
  expect(beat.line(165)).toBe('[2/72] sst2, 10 %, ETA 8 min, 65 s so far');
  expect(beat.line(166)).toBeUndefined();
  // As long as nothing is noted, that is still what is being done.
  expect(beat.line(195)).toBe('[2/72] sst2, 10 %, ETA 8 min, 95 s so far');
});

test('nothing is said while nothing is done', () => {
  const beat = new Beat(5, 30);
  beat.note({ text: 'loading' }, 0);
  beat.note(undefined, 4);
  expect(beat.line(100)).toBeUndefined();
  beat.note({ text: 'writing' }, 100);
  expect(beat.line(104)).toBeUndefined();
  expect(beat.line(105)).toBe('writing, 5 s so far');
});

test('what is done cannot write over the terminal', () => {
  const beat = new Beat(0, 30);
  beat.note({ text: 'a\u001b[2Jb\nc' }, 0);
  expect(beat.line(0)).toBe(String.raw`a\u001b[2Jb\nc, 0 s so far`);
});

test('the remaining time follows the last five minutes', () => {
  const pace = new Pace();
  expect(pace.left(100)).toBeUndefined();
  // Taken from records at once.
  pace.note(0, 0);
  pace.note(1, 5000);
  for (let minute = 1; minute <= 8; minute++) pace.note(60 * minute, 5000 + minute);
  expect(pace.left(5038)).toBe('30 min');
});

test.each([
  [0, '0 s'],
  [99, '99 s'],
  [100, '2 min'],
  [3600, '60 min'],
  [5970, '1 h 40 min'],
  [100_000, '27 h 47 min'],
])('%d seconds are %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});
