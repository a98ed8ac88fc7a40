import { describe, expect, it } from 'vitest';
import { layerMean, simAOU, simAOUNorm, simAOURandom } from './index.ts';
import type { ProbeArrays } from './index.ts';
import { seededNormal, seededRandom } from './test-support.ts';

const probe = (...attentionOutput: number[]): ProbeArrays => ({
  attentionOutput: Float32Array.from(attentionOutput),
  attentionScores: new Float32Array(),
});
const float64 = (...attentionOutput: number[]): ProbeArrays[] => [{ attentionOutput, attentionScores: [] }];
const plus = (a: number[], b: number[]): number[] => a.map((x, i) => x + b[i]!);
const plane = { layers: 1, heads: 1, dModel: 2 };

describe('the 1/4 identity of SimAOU_norm', () => {
  it('holds exactly for orthogonal z, r and r′ with ‖r‖² = ‖r′‖² = 3‖z‖²', () => {
    const shape = { layers: 1, heads: 1, dModel: 7 };
    const zsl = [probe(1, 0, 0, 0, 0, 0, 0)];
    const icl = [probe(1, 1, 1, 1, 0, 0, 0)];
    const ft = [probe(1, 0, 0, 0, 1, 1, 1)];
    expect(simAOU(icl, zsl, ft, shape).values).toEqual([0]);
    expect(simAOUNorm(icl, zsl, ft, shape).values).toEqual([0.25]);
  });

  it('holds approximately for independent Gaussian noise in high dimension', () => {
    const shape = { layers: 2, heads: 1, dModel: 8192 };
    const normal = seededNormal(1);
    const gaussian = (squaredNorm: number): number[] => {
      const v = Array.from({ length: shape.dModel }, normal);
      const scale = Math.sqrt(squaredNorm) / Math.hypot(...v);
      return v.map((x) => x * scale);
    };
    const layers = Array.from({ length: shape.layers }, () => ({
      z: gaussian(2),
      r: gaussian(6),
      r2: gaussian(6),
    }));
    const zsl = [probe(...layers.flatMap(({ z }) => z))];
    const icl = [probe(...layers.flatMap(({ z, r }) => plus(z, r)))];
    const ft = [probe(...layers.flatMap(({ z, r2 }) => plus(z, r2)))];
    for (const value of simAOU(icl, zsl, ft, shape).values) expect(Math.abs(value!)).toBeLessThan(0.05);
    for (const value of simAOUNorm(icl, zsl, ft, shape).values)
      expect(Math.abs(value! - 0.25)).toBeLessThan(0.05);
  });
});

describe('simAOU', () => {
  it('averages over examples within each layer', () => {
    const shape = { layers: 2, heads: 1, dModel: 2 };
    const zsl = [probe(0, 0, 1, 1), probe(2, 2, 0, 0)];
    const icl = [probe(1, 0, 2, 1), probe(3, 2, 0, 5)];
    const ft = [probe(1, 0, 1, 3), probe(2, 9, 0, -1)];
    const { values, undefinedCounts, perExample } = simAOU(icl, zsl, ft, shape);
    expect(values).toEqual([0.5, -0.5]);
    expect(undefinedCounts).toEqual([0, 0]);
    expect(perExample).toEqual([
      [
        { sum: 1, count: 1 },
        { sum: 0, count: 1 },
      ],
      [
        { sum: 0, count: 1 },
        { sum: -1, count: 1 },
      ],
    ]);
    expect(layerMean(values)).toBe(0);
  });

  it('leaves out and counts updates of at most 1e-5 of the zero-shot norm, in either setting', () => {
    const zsl = [probe(1, 0), probe(1, 0), probe(1, 0), probe(1, 0)];
    const icl = [probe(1, 9e-6), probe(1, 1), probe(1, 1.1e-5), probe(1, 0)];
    const ft = [probe(1, 1), probe(1, -9e-6), probe(1, 1.1e-5), probe(1, 1)];
    const { values, undefinedCounts, perExample } = simAOU(icl, zsl, ft, plane);
    expect(values).toEqual([1]);
    expect(undefinedCounts).toEqual([3]);
    expect(perExample[0]!.map(({ count }) => count)).toEqual([0, 0, 1, 0]);
  });

  it('takes an update at the threshold itself for rounding', () => {
    expect(simAOU(float64(1, 1e-5), float64(1, 0), float64(1, 1), plane).undefinedCounts).toEqual([1]);
    expect(simAOU(float64(1, 1.0001e-5), float64(1, 0), float64(1, 1), plane).undefinedCounts).toEqual([0]);
  });

  it('has the value null where nothing is defined, and no examples are no error', () => {
    expect(simAOU([probe(1, 0)], [probe(1, 0)], [probe(0, 1)], plane)).toMatchObject({
      values: [null],
      undefinedCounts: [1],
    });
    expect(simAOU([], [], [], plane)).toEqual({ values: [null], undefinedCounts: [0], perExample: [[]] });
  });

  it('takes a defined cosine of a zero zero-shot vector', () => {
    expect(simAOU([probe(1, 0)], [probe(0, 0)], [probe(2, 0)], plane).values).toEqual([1]);
  });

  it('rejects lengths that disagree and values that are not finite, by name', () => {
    const zsl = [probe(1, 0)];
    expect(() => simAOU([], zsl, zsl, plane)).toThrow(
      new RangeError('icl has length 0, zsl has length 1; they must agree'),
    );
    expect(() => simAOU(zsl, [probe(1, 0, 0)], zsl, plane)).toThrow(
      new RangeError('zsl[0].attentionOutput has length 3; [layers, dModel] = [1, 2] needs 2'),
    );
    expect(() => simAOUNorm(zsl, zsl, [probe(1, Number.NaN)], plane)).toThrow(
      new RangeError('ft[0].attentionOutput[1] is NaN; it must be finite'),
    );
    expect(() => simAOU(zsl, zsl, zsl, { ...plane, layers: 0 })).toThrow(RangeError);
    const huge = float64(1e200, -1e200);
    expect(() => simAOU(huge, zsl, zsl, plane)).toThrow(
      new RangeError('a norm overflows float64: the tensors hold values beyond about 1e150'),
    );
  });
});

describe('simAOUNorm', () => {
  it('judges rounding on the normalised vectors: a change of length alone is undefined', () => {
    const { values, undefinedCounts } = simAOUNorm([probe(300, 0)], [probe(1, 0)], [probe(0, 1)], plane);
    expect({ values, undefinedCounts }).toEqual({ values: [null], undefinedCounts: [1] });
  });

  it('is undefined where a vector has norm 0', () => {
    const zero = [probe(0, 0)];
    const [a, b] = [[probe(1, 2)], [probe(2, -1)]];
    for (const [icl, zsl, ft] of [
      [zero, a, b],
      [a, zero, b],
      [a, b, zero],
    ] as const) {
      expect(simAOUNorm(icl, zsl, ft, plane).undefinedCounts).toEqual([1]);
    }
  });
});

describe('simAOURandom', () => {
  it('draws u anew for every example and, within it, every layer', () => {
    const shape = { layers: 2, heads: 1, dModel: 2 };
    const draws = [0.6, 0.8, 0.5, 0, 0, 0.5, 0.75, 0];
    const zsl = [probe(0, 0, 0, 0), probe(0, 0, 0, 0)];
    const icl = [probe(1, 0, 0, 1), probe(0, 1, 1, 0)];
    const { perExample } = simAOURandom(icl, zsl, () => draws.shift()!, shape);
    expect(draws).toEqual([]);
    expect(perExample.map((layer) => layer.map(({ sum }) => sum))).toEqual([
      [expect.closeTo(0.6, 12), 1],
      [0, 1],
    ]);
  });

  it('counts an ICL update that is only rounding and a zero u as undefined, and draws on', () => {
    const draws = [0.5, 0.5, 0, 0, 0.5, 0];
    const zsl = [probe(1, 0), probe(1, 0), probe(1, 0)];
    const icl = [probe(1, 0), probe(2, 0), probe(2, 0)];
    expect(simAOURandom(icl, zsl, () => draws.shift()!, plane)).toMatchObject({
      values: [1],
      undefinedCounts: [2],
    });
  });

  it('of Gaussian updates is near 0, of updates with positive entries near 3/4', () => {
    // E cos for uniform u, v: (1/4) / (1/3) = 3/4 in high dimension.
    const shape = { layers: 1, heads: 1, dModel: 4096 };
    const zsl = [probe(...Array.from({ length: shape.dModel }, () => 0))];
    const gaussian = [probe(...Array.from({ length: shape.dModel }, seededNormal(2)))];
    const positive = [probe(...Array.from({ length: shape.dModel }, seededRandom(3)))];
    expect(Math.abs(simAOURandom(gaussian, zsl, seededRandom(4), shape).values[0]!)).toBeLessThan(0.06);
    expect(Math.abs(simAOURandom(positive, zsl, seededRandom(4), shape).values[0]! - 0.75)).toBeLessThan(
      0.03,
    );
  });

  it('rejects a generator that leaves [0, 1)', () => {
    for (const outside of [1, -0.01, Number.NaN])
      expect(() => simAOURandom([probe(1, 0)], [probe(0, 0)], () => outside, plane)).toThrow(
        new RangeError(`random() returned ${outside}; it must lie in [0, 1)`),
      );
  });
});
