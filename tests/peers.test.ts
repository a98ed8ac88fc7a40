import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Operation } from '../apps/bench/bench/peers/contender.ts';
import { ratios, spread } from '../apps/bench/bench/peers/interleave.ts';
import { fault, operands } from '../apps/bench/bench/peers/operations.ts';

const PRODUCT: Operation = { kind: 'matmul', m: 4, k: 3, n: 5, transposeB: false };

/** The product in float64, rounded. */
function product(): Float32Array {
  const [a, b] = operands(PRODUCT) as [Float32Array, Float32Array];
  return Float32Array.from({ length: 20 }, (_, at) =>
    [0, 1, 2].reduce((sum, i) => sum + a[Math.floor(at / 5) * 3 + i]! * b[i * 5 + (at % 5)]!, 0),
  );
}

describe('what a library computes', () => {
  it('is right where it agrees with float64', () => {
    expect(fault(PRODUCT, operands(PRODUCT), product())).toBeUndefined();
  });

  it('is told to be zeros, wrong or of another size', () => {
    const given = operands(PRODUCT);
    expect(fault(PRODUCT, given, new Float32Array(20))).toBe('gives zeros');
    expect(fault(PRODUCT, given, product().fill(Number.NaN, 7, 8))).toMatch('wrong numbers, such as NaN');
    expect(fault(PRODUCT, given, new Float32Array(4))).toBe('gives 4 numbers, not 20');
  });

  it('is wrong where the columns of A·B were taken for those of A·Bᵀ', () => {
    expect(fault({ ...PRODUCT, transposeB: true }, operands(PRODUCT), product())).toMatch('wrong numbers');
  });
});

describe('ratios', () => {
  it('are those of the same round, with their median and range', () => {
    const timing = (walls: readonly number[]) => ({
      name: 'x',
      rounds: walls.map((wall) => ({ wall, cpu: 2 * wall })),
    });
    expect(ratios(timing([1, 2, 4]), timing([3, 4, 20]), 'wall')).toEqual({ median: 3, least: 2, most: 5 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, least: 1, most: 4 });
  });
});

it('are installed for the comparison alone, at exact versions', () => {
  const read = (file: string): string => readFileSync(join(import.meta.dirname, '..', file), 'utf8');
  const { dependencies } = JSON.parse(read('apps/bench/bench/peers/package.json')) as {
    dependencies: Record<string, string>;
  };
  expect(Object.keys(dependencies).length).toBeGreaterThan(3);
  const everyonesLock = read('package-lock.json');
  for (const [name, version] of Object.entries(dependencies)) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(everyonesLock).not.toContain(`node_modules/${name}"`);
  }
});
