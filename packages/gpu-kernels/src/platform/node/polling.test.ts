import { expect, it } from 'vitest';
import { pollDelay, waitBegins } from './polling.ts';

it('a graphics card is asked at once for half a millisecond of each wait, a software adapter never', () => {
  const start = performance.now() + 1e6;
  waitBegins('software', start);
  expect(pollDelay(start)).toBe(1);
  waitBegins('hardware', start);
  expect([0, 0.4, 0.5, 1, 100].map((after) => pollDelay(start + after))).toEqual([0, 0, 1, 1, 1]);
  waitBegins('software', start + 100);
  expect(pollDelay(start + 100)).toBe(1);
  waitBegins('hardware', start + 200);
  expect(pollDelay(start + 200.3)).toBe(0);
});
