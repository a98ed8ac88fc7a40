import { expect, it } from 'vitest';
import { PollTimes } from './polling.ts';

it('a graphics card is asked at once for half a millisecond of each wait, then at intervals', () => {
  const polls = new PollTimes();
  polls.pollingBegins(100);
  polls.waitBegins('hardware', 100);
  expect([0, 0.4, 0.5, 1, 16].map((after) => polls.pollDelay(100 + after))).toEqual([0, 0, 1, 1, 1]);
  polls.waitBegins('hardware', 200);
  expect(polls.pollDelay(200.3)).toBe(0);
});

it('whoever waits for long is told a sixteenth of the time later at most, a graphics card or not', () => {
  const polls = new PollTimes();
  polls.pollingBegins(100);
  expect([0, 10, 16, 32, 160].map((after) => polls.pollDelay(100 + after))).toEqual([1, 1, 1, 2, 10]);
  polls.pollingBegins(1000);
  expect(polls.pollDelay(1001)).toBe(1);
});

it('of waits for a graphics card that overlap, too: none is told late because others went before it', () => {
  const polls = new PollTimes();
  polls.pollingBegins(0);
  let ends = polls.waitBegins('hardware', 0);
  for (const now of [1000, 2000, 3000]) {
    const next = polls.waitBegins('hardware', now - 900);
    ends(now);
    expect(polls.pollDelay(now + 8)).toBe(1);
    ends = next;
  }
});

it('polls lie 32 ms apart at most, however long the waits before were', () => {
  const polls = new PollTimes();
  polls.pollingBegins(0);
  expect(polls.pollDelay(60_000)).toBe(32);
  for (const start of [0, 1e5, 2e5, 3e5]) polls.waitBegins('software', start)(start + 1e4);
  polls.waitBegins('software', 4e5);
  expect(polls.pollDelay(4e5)).toBe(32);
});

it('a software adapter is left alone for half of the shortest of the last four waits', () => {
  const polls = new PollTimes();
  let now = 0;
  const wait = (length: number): void => {
    const ends = polls.waitBegins('software', now);
    polls.pollingBegins(now);
    now += length;
    ends(now);
  };
  for (const length of [40, 30, 20]) wait(length);
  const fourth = polls.waitBegins('software', now);
  expect(polls.pollDelay(now)).toBe(1);
  fourth((now += 40));
  const ends = polls.waitBegins('software', now);
  expect(polls.pollDelay(now)).toBe(10);
  expect([4, 10, 16].map((after) => polls.pollDelay(now + after))).toEqual([6, 1, 1]);
  ends((now += 16));
  wait(3);
  polls.waitBegins('software', now);
  expect(polls.pollDelay(now)).toBe(1.5);
});

it('of waits that overlap, each begins where the one before it ended', () => {
  const polls = new PollTimes();
  const begun = Array.from({ length: 5 }, () => polls.waitBegins('software', 0));
  for (const [i, ends] of begun.slice(0, 4).entries()) ends(20 * (i + 1));
  expect(polls.pollDelay(80)).toBe(10);
  begun[4]?.(100);
  expect(polls.pollDelay(200)).toBe(100 / 16);
});
