import { expect, test } from 'vitest';
import { relabel } from './labels.ts';

const rows = Array.from({ length: 300 }, (_, i) => ({ fields: { text: `${i}` }, label: i % 3 }));

test('gold labels stay, wrong ones never do, random ones sometimes', () => {
  const kept = (labels: 'gold' | 'wrong' | 'random'): number =>
    relabel(rows, 3, labels, 1).filter(({ label }, i) => label === rows[i]?.label).length;
  expect(kept('gold')).toBe(300);
  expect(kept('wrong')).toBe(0);
  expect(kept('random')).toBeGreaterThan(70);
  expect(kept('random')).toBeLessThan(130);
});

test('wrong labels are every other class, and the seed decides which', () => {
  const wrong = relabel(rows, 3, 'wrong', 1);
  expect(new Set(wrong.map(({ label }, i) => `${rows[i]?.label}${label}`)).size).toBe(6);
  expect(relabel(rows, 3, 'wrong', 1)).toEqual(wrong);
  expect(relabel(rows, 3, 'wrong', 2)).not.toEqual(wrong);
  expect(wrong.map(({ fields }) => fields)).toEqual(rows.map(({ fields }) => fields));
});
