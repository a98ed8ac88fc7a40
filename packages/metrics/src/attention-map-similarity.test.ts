import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alpha, simAM, simAMDelta, simAMZeroShot } from './index.ts';
import type { ProbeArrays } from './index.ts';

const probe = (...attentionScores: number[]): ProbeArrays => ({
  attentionOutput: new Float32Array(),
  attentionScores: Float32Array.from(attentionScores),
});
const twoHeads = { layers: 1, heads: 2, dModel: 1 };

describe('simAM', () => {
  it('averages over heads and over examples of different query lengths', () => {
    const icl = [probe(1, 0, 1, 1), probe(1, 0, 0, 0, 0, 2)];
    const ft = [probe(5, 0, -1, -1), probe(0, 1, 0, 0, 0, 3)];
    const scores = simAM(icl, ft, twoHeads);
    expect(scores.values[0]).toBeCloseTo((1 - 1 + 0 + 1) / 4, 12);
    expect(scores.perExample[0]!.map(({ count }) => count)).toEqual([2, 2]);
    expect(simAMZeroShot(icl, ft, twoHeads)).toEqual(scores);
  });

  it('leaves out and counts heads with a zero vector only', () => {
    const scores = simAM([probe(0, 0, 1e-20, 0)], [probe(1, 0, 1, 0)], twoHeads);
    expect(scores).toEqual({ values: [1], undefinedCounts: [1], perExample: [[{ sum: 1, count: 1 }]] });
  });

  it('reads scores as [layers, heads, queryLength]', () => {
    const shape = { layers: 2, heads: 2, dModel: 1 };
    const icl = [probe(1, 0, 1, 0, 1, 0, 1, 0)];
    const ft = [probe(1, 0, 1, 0, 0, 1, -1, 0)];
    expect(simAM(icl, ft, shape).values).toEqual([1, -0.5]);
  });

  it('rejects lengths that disagree and values that are not finite, by name', () => {
    const icl = [probe(1, 0, 1, 0)];
    expect(() => simAM(icl, [probe(1, 0)], twoHeads)).toThrow(
      new RangeError(
        'icl[0].attentionScores has length 4, ft[0].attentionScores has length 2; they must agree',
      ),
    );
    expect(() => simAM([probe(1, 0, 1)], [probe(1, 0, 1)], twoHeads)).toThrow(
      /icl\[0\]\.attentionScores has length 3/,
    );
    expect(() => simAM([probe()], [probe()], twoHeads)).toThrow(RangeError);
    expect(() => simAMZeroShot(icl, [probe(1, Infinity, 1, 0)], twoHeads)).toThrow(
      new RangeError('zsl[0].attentionScores[1] is Infinity; it must be finite'),
    );
  });
});

describe('simAMDelta and alpha', () => {
  it('compare updates from the zero-shot map, head by head', () => {
    const zsl = [probe(1, 1, 2, 2)];
    const a = [probe(2, 1, 2, 3)];
    const b = [probe(1, 3, 2, 4)];
    expect(simAMDelta(a, zsl, b, twoHeads).values).toEqual([0.5]);
    expect(alpha(a, b, zsl, twoHeads)).toEqual(simAMDelta(a, zsl, b, twoHeads));
  });

  it('leave out updates of at most 1e-5 of that head’s zero-shot norm', () => {
    const zsl = [probe(1, 0, 1000, 0)];
    const a = [probe(1, 1e-3, 1000, 1e-3)];
    const b = [probe(1, 1, 1000, 1)];
    expect(simAMDelta(a, zsl, b, twoHeads)).toMatchObject({ values: [1], undefinedCounts: [1] });
    expect(simAMDelta(b, zsl, a, twoHeads)).toMatchObject({ values: [1], undefinedCounts: [1] });
    expect(simAMDelta(zsl, zsl, b, twoHeads)).toMatchObject({ values: [null], undefinedCounts: [2] });
  });

  it('stay within [-1, 1], whatever finite float32 scores come in, and are symmetric', () => {
    const scores = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 6,
      maxLength: 6,
    });
    fc.assert(
      fc.property(scores, scores, scores, (z, x, y) => {
        const [zsl, a, b] = [[probe(...z)], [probe(...x)], [probe(...y)]];
        const scores = simAMDelta(a, zsl, b, twoHeads);
        expect(simAMDelta(b, zsl, a, twoHeads).perExample[0]![0]!.sum).toBeCloseTo(
          scores.perExample[0]![0]!.sum,
          12,
        );
        const [value] = scores.values;
        expect(value === null || Math.abs(value!) <= 1).toBe(true);
        expect(scores.undefinedCounts[0]! + scores.perExample[0]![0]!.count).toBe(2);
      }),
    );
  });
});
