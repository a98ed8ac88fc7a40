import { beforeEach, expect, it, vi } from 'vitest';

let polling: typeof import('./polling.ts');
beforeEach(async () => {
  vi.resetModules();
  polling = await import('./polling.ts');
});

it('a graphics card is asked at once for half a millisecond of each wait, then at intervals', () => {
  const { waitBegins, pollingBegins, pollDelay } = polling;
  pollingBegins(100);
  waitBegins('hardware', 100);
  expect([0, 0.4, 0.5, 1, 16].map((after) => pollDelay(100 + after))).toEqual([0, 0, 1, 1, 1]);
  waitBegins('hardware', 200);
  expect(pollDelay(200.3)).toBe(0);
});

it('whoever waits for long is told a sixteenth of the time later at most, a graphics card or not', () => {
  const { pollingBegins, pollDelay } = polling;
  pollingBegins(100);
  expect([0, 10, 16, 32, 160].map((after) => pollDelay(100 + after))).toEqual([1, 1, 1, 2, 10]);
  pollingBegins(1000);
  expect(pollDelay(1001)).toBe(1);
});

it('a software adapter is left alone for half of the shortest of the last four waits', () => {
  const { waitBegins, pollingBegins, pollDelay } = polling;
  let now = 0;
  const wait = (length: number): void => {
    const ends = waitBegins('software', now);
    pollingBegins(now);
    now += length;
    ends(now);
  };
  for (const length of [40, 30, 20]) wait(length);
  const fourth = waitBegins('software', now);
  expect(pollDelay(now)).toBe(1);
  fourth((now += 40));
  const ends = waitBegins('software', now);
  expect(pollDelay(now)).toBe(10);
  expect([4, 10, 16].map((after) => pollDelay(now + after))).toEqual([6, 1, 1]);
  ends((now += 16));
  wait(3);
  waitBegins('software', now);
  expect(pollDelay(now)).toBe(1.5);
});

it('of waits that overlap, each begins where the one before it ended', () => {
  const { waitBegins, pollDelay } = polling;
  const begun = Array.from({ length: 5 }, () => waitBegins('software', 0));
  for (const [i, ends] of begun.slice(0, 4).entries()) ends(20 * (i + 1));
  expect(pollDelay(80)).toBe(10);
  begun[4]?.(100);
  expect(pollDelay(200)).toBe(100 / 16);
});
