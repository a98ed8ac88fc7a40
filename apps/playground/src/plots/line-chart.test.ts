import { assert, double, property } from 'fast-check';
import { expect, test } from 'vitest';
import { niceScale } from './line-chart.ts';

test.each([
  [0, 1, [0, 0.5, 1]],
  [-0.03, 0.32, [-0.1, 0, 0.1, 0.2, 0.3, 0.4]],
  [3.4, 4.8, [3, 3.5, 4, 4.5, 5]],
  [2, 2, [2, 2.5]],
  [0, 0, [0, 0.5]],
])('from %d to %d the ticks are round', (low, high, ticks) => {
  expect(niceScale(low, high).ticks).toEqual(ticks);
});

test('any values lie between the bounds, which are ticks, and there are two to eight of them', () => {
  const value = double({ min: -1e6, max: 1e6, noNaN: true });
  assert(
    property(value, value, (a, b) => {
      const [least, most] = [Math.min(a, b), Math.max(a, b)];
      const { low, high, ticks } = niceScale(least, most);
      const slack = 1e-6 * (high - low);
      expect(low).toBeLessThanOrEqual(least + slack);
      expect(high).toBeGreaterThanOrEqual(most - slack);
      expect([ticks[0], ticks.at(-1)]).toEqual([low, high]);
      expect(ticks.length).toBeGreaterThanOrEqual(2);
      expect(ticks.length).toBeLessThanOrEqual(8);
    }),
  );
});

test('without values there is a scale too', () => {
  expect(niceScale(Infinity, -Infinity)).toEqual({ low: 0, high: 1, ticks: [0, 1] });
});
