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

it('of waits for a graphics card that overlap, too: none is told late because others went before it', () => {
  const { waitBegins, pollingBegins, pollDelay } = polling;
  pollingBegins(0);
  let ends = waitBegins('hardware', 0);
  for (const now of [1000, 2000, 3000]) {
    const next = waitBegins('hardware', now - 900);
    ends(now);
    expect(pollDelay(now + 8)).toBe(1);
    ends = next;
  }
});

it('polls lie 32 ms apart at most, however long the waits before were', () => {
  const { waitBegins, pollingBegins, pollDelay } = polling;
  pollingBegins(0);
  expect(pollDelay(60_000)).toBe(32);
  for (const start of [0, 1e5, 2e5, 3e5]) waitBegins('software', start)(start + 1e4);
  waitBegins('software', 4e5);
  expect(pollDelay(4e5)).toBe(32);
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
