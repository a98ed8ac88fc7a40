import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agreement,
  jsDivergence,
  kappa,
  logOddsCorrelation,
  pearsonCorrelation,
  topOverlap,
  weightCosine,
} from './index.ts';

const labels = (count: number) => fc.array(fc.nat(2), { minLength: count, maxLength: count });
const logProbs = fc.array(
  fc.array(fc.double({ min: -50, max: 0, noNaN: true }), { minLength: 3, maxLength: 3 }),
  { minLength: 5, maxLength: 5 },
);

describe('agreement and Cohen’s κ', () => {
  it('are those of the textbook', () => {
    // Confusion matrix [[20, 5], [10, 15]]: agreement 0.7, chance 0.5, κ 0.4.
    const pairs = [
      ...Array.from({ length: 20 }, () => [0, 0]),
      ...Array.from({ length: 5 }, () => [0, 1]),
      ...Array.from({ length: 10 }, () => [1, 0]),
      ...Array.from({ length: 15 }, () => [1, 1]),
    ];
    const [a, b] = [pairs.map(([x]) => x!), pairs.map(([, y]) => y!)];
    expect(agreement(a, b)).toBe(0.7);
    expect(kappa(a, b)).toBeCloseTo(0.4, 12);
  });

  it('κ of identical predictions is 1, of opposite ones below 0, and null where chance is 1', () => {
    expect(kappa([0, 1, 2, 1, 0], [0, 1, 2, 1, 0])).toBe(1);
    expect(kappa([0, 1], [1, 0])).toBe(-1);
    expect(kappa([1, 1, 1], [1, 1, 1])).toBeNull();
    expect(kappa([1, 1], [0, 0])).toBe(0);
    expect([agreement([], []), kappa([], [])]).toEqual([null, null]);
  });

  it('κ is symmetric, at most 1, and 1 only where all agree', () => {
    fc.assert(
      fc.property(labels(7), labels(7), (a, b) => {
        const own = kappa(a, b);
        expect(kappa(b, a)).toBe(own);
        if (own === null) return;
        expect(own).toBeLessThanOrEqual(1);
        expect(own === 1).toBe(agreement(a, b) === 1);
      }),
    );
  });

  it('refuse classes that are none and lengths that differ, by name', () => {
    expect(() => agreement([0], [0, 1])).toThrow(
      new RangeError('a has length 1, b has length 2; they must agree'),
    );
    expect(() => kappa([0], [0.5])).toThrow(/^b\[0\] is 0\.5;/);
  });
});

describe('jsDivergence', () => {
  it('is 0 of equal distributions, ln 2 of disjoint ones, and what it is by hand in between', () => {
    expect(jsDivergence([[-1, -2]], [[-3, -4]])).toBeCloseTo(0, 15);
    expect(jsDivergence([[0, -1000]], [[-1000, 0]])).toBeCloseTo(Math.LN2, 12);
    const [p, q] = [0.8, 0.3];
    const entropy = (x: number) => -x * Math.log(x) - (1 - x) * Math.log(1 - x);
    const expected = entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2;
    const of = (x: number) => [Math.log(x) - 7, Math.log(1 - x) - 7];
    expect(jsDivergence([of(p), [-1, -2]], [of(q), [-1, -2]])).toBeCloseTo(expected / 2, 12);
    expect(jsDivergence([], [])).toBeNull();
  });

  it('is symmetric, between 0 and ln 2, and blind to a constant added to an example’s log-probabilities', () => {
    fc.assert(
      fc.property(logProbs, logProbs, (a, b) => {
        const own = jsDivergence(a, b)!;
        expect(jsDivergence(b, a)).toBeCloseTo(own, 12);
        expect(own >= 0 && own <= Math.LN2).toBe(true);
        const shifted = a.map((options) => options.map((value) => value + 3));
        expect(jsDivergence(shifted, b)).toBeCloseTo(own, 9);
      }),
    );
  });

  it('refuses settings of other examples, other options, and what is not finite', () => {
    expect(() => jsDivergence([[0]], [])).toThrow('a has length 1, b has length 0; they must agree');
    expect(() => jsDivergence([[0, 1]], [[0]])).toThrow('a[0] has length 2, b[0] has length 1');
    expect(() => jsDivergence([[0, -Infinity]], [[0, 1]])).toThrow('a[0][1] is -Infinity');
    expect(() => jsDivergence([[]], [[]])).toThrow('a[0].length is 0');
  });
});

describe('logOddsCorrelation', () => {
  const zsl = [
    [-1, -2, -3],
    [-2, -2, -2],
    [-4, -1, -2],
    [-1, -1, -5],
  ];
  const gold = [0, 2, 1, 1];
  const plus = (changes: number[]) =>
    zsl.map((options, i) => options.map((value, o) => (o === gold[i] ? value + changes[i]! : value)));

  it('is Pearson’s correlation of the changes of log-odds', () => {
    const [x, y] = [
      [1, 2, 3, 5],
      [0.5, -1, 2, 2],
    ] as const;
    expect(logOddsCorrelation({ zsl, a: plus([...x]), b: plus([...y]) }, gold)).toBeCloseTo(
      pearsonCorrelation(x, y)!,
      12,
    );
  });

  it('holds where q is as near to 1 as it gets', () => {
    const far = [400, 800, 1200, 2000];
    expect(logOddsCorrelation({ zsl, a: plus(far), b: plus([1, 2, 3, 5]) }, gold)).toBeCloseTo(1, 12);
  });

  it('is null where one side does not vary, but for the rounding of float32', () => {
    const b = plus([1, 2, 3, 5]);
    for (const still of [zsl, plus([3, 3, 3, 3]), plus([1e-7, -2e-7, 3e-7, 0])]) {
      expect(logOddsCorrelation({ zsl, a: still, b }, gold)).toBeNull();
      expect(logOddsCorrelation({ zsl, a: b, b: still }, gold)).toBeNull();
    }
    const one = { zsl: zsl.slice(0, 1), a: b.slice(0, 1), b: b.slice(0, 1) };
    expect(logOddsCorrelation(one, [0])).toBeNull();
    expect(logOddsCorrelation({ zsl: [], a: [], b: [] }, [])).toBeNull();
  });

  it('refuses a gold option that is none, and one option alone', () => {
    expect(() => logOddsCorrelation({ zsl, a: zsl, b: zsl }, [0, 3, 0, 0])).toThrow(
      new RangeError('gold[1] is 3; of 3 options it must be one of two or more'),
    );
    const single = [[-1]];
    expect(() => logOddsCorrelation({ zsl: single, a: single, b: single }, [0])).toThrow(/of 1 options/);
    expect(() => logOddsCorrelation({ zsl, a: zsl, b: zsl }, [0])).toThrow(
      'zsl has length 4, gold has length 1',
    );
  });
});

describe('topOverlap', () => {
  it('counts what both have among their first k, in whatever order', () => {
    expect(topOverlap([4, 7, 1, 9], [7, 2, 4, 1], 3)).toBe(2 / 3);
    expect(topOverlap([4, 7], [7, 4], 2)).toBe(1);
    expect(topOverlap([1], [2], 1)).toBe(0);
  });

  it('refuses too few ids and an id that is there twice', () => {
    expect(() => topOverlap([1], [1, 2], 2)).toThrow(new RangeError('a has 1 ids; k = 2 needs as many'));
    expect(() => topOverlap([1, 2], [3, 3], 2)).toThrow(
      new RangeError('b has an id twice among its first 2'),
    );
    expect(() => topOverlap([1], [1], 0)).toThrow('k is 0; it must be a positive integer');
  });
});

describe('weightCosine', () => {
  const key = Float32Array.of(3, 0, 0);
  const value = Float32Array.of(0, 4);

  it('is that of all tensors joined', () => {
    expect(weightCosine([key, value], [key, value])).toBe(1);
    expect(weightCosine([key, value], [Float32Array.of(1, 0, 0), Float32Array.of(0, 0)])).toBeCloseTo(
      0.6,
      12,
    );
    expect(weightCosine([key], [Float32Array.of(-2, 0, 0)])).toBe(-1);
  });

  it('is null where a learner changes nothing', () => {
    expect(weightCosine([key], [new Float32Array(3)])).toBeNull();
    expect(weightCosine([new Float32Array(3)], [key])).toBeNull();
    expect(weightCosine([], [])).toBeNull();
  });

  it('refuses tensors that do not belong together, by name', () => {
    expect(() => weightCosine([key], [])).toThrow('a has length 1, b has length 0; they must agree');
    expect(() => weightCosine([key, key], [key, value])).toThrow('a[1] has length 3, b[1] has length 2');
    expect(() => weightCosine([[1, Number.NaN]], [[1, 2]])).toThrow('a[0][1] is NaN; it must be finite');
    expect(() => weightCosine([[1e200]], [[1]])).toThrow('a norm overflows float64');
  });
});
