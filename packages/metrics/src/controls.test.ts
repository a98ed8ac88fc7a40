import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type LayerScores,
  type ProbeArrays,
  bootstrapLayerMeanInterval,
  commonMode,
  cosine,
  definedShare,
  exampleMeans,
  layerMean,
  mean,
  sampleStandardDeviation,
  simAMDelta,
  simAMDeltaCentred,
  simAMDeltaMismatched,
  simAMDeltaSoftmax,
  simAOU,
  simAOUDemeaned,
  simAOUMismatched,
  simAOUPooled,
  totalCounts,
  updateNorm,
} from './index.ts';
import { seededNormal, seededRandom } from './test-support.ts';

type Vector = readonly number[];

const minus = (a: Vector, b: Vector): number[] => a.map((value, i) => value - b[i]!);
const plus = (a: Vector, b: Vector): number[] => a.map((value, i) => value + b[i]!);
const product = (a: Vector, b: Vector): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const length = (a: Vector): number => Math.sqrt(product(a, a));
const average = (values: Vector): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const cos = (a: Vector, b: Vector): number => cosine(Float64Array.from(a), Float64Array.from(b))!;
const softmax = (a: Vector): number[] => {
  const weights = a.map((value) => Math.exp(value));
  return weights.map((weight) => weight / weights.reduce((sum, value) => sum + value, 0));
};

const output = (...attentionOutput: number[]): ProbeArrays => ({ attentionOutput, attentionScores: [] });
const map = (...attentionScores: number[]): ProbeArrays => ({ attentionOutput: [], attentionScores });
const plane = { layers: 1, heads: 1, dModel: 2 };

/** Probes of examples of several query lengths, one of them on its own. */
const shape = { layers: 2, heads: 3, dModel: 5 };
const lengths = [3, 4, 3, 4, 4, 6];
function probes(seed: number): ProbeArrays[] {
  const normal = seededNormal(seed);
  return lengths.map((queryLength) => ({
    attentionOutput: Array.from({ length: shape.layers * shape.dModel }, normal),
    attentionScores: Array.from({ length: shape.layers * shape.heads * queryLength }, normal),
  }));
}
const [icl, zsl, other] = [probes(1), probes(2), probes(3)];
const h = (of: ProbeArrays[], i: number, layer: number): number[] =>
  Array.from(of[i]!.attentionOutput).slice(layer * shape.dModel, (layer + 1) * shape.dModel);
const m = (of: ProbeArrays[], i: number, layer: number, head: number): number[] => {
  const at = (layer * shape.heads + head) * lengths[i]!;
  return Array.from(of[i]!.attentionScores).slice(at, at + lengths[i]!);
};
const layers = [0, 1];
const heads = [0, 1, 2];
const examples = [...lengths.keys()];
const near = (values: Vector): unknown => values.map((value) => expect.closeTo(value, 12));

/** Every pair of different examples that `may` be compared. */
const orderedPairs = (may: (i: number, j: number) => boolean = () => true): [number, number][] =>
  examples.flatMap((i) => examples.filter((j) => i !== j && may(i, j)).map((j): [number, number] => [i, j]));

describe('the definitions, pair by pair and number by number', () => {
  const a = (i: number, layer: number) => minus(h(icl, i, layer), h(zsl, i, layer));
  const b = (i: number, layer: number) => minus(h(other, i, layer), h(zsl, i, layer));
  const da = (i: number, layer: number, head: number) =>
    minus(m(icl, i, layer, head), m(zsl, i, layer, head));
  const db = (i: number, layer: number, head: number) =>
    minus(m(other, i, layer, head), m(zsl, i, layer, head));
  const overHeads = (of: (i: number, layer: number, head: number) => number): unknown =>
    near(layers.map((l) => average(examples.flatMap((i) => heads.map((head) => of(i, l, head))))));

  it('mismatched SimAOU is the mean of all cosines of different examples', () => {
    expect(simAOUMismatched(icl, zsl, other, shape).values).toEqual(
      near(layers.map((l) => average(orderedPairs().map(([i, j]) => cos(a(i, l), b(j, l)))))),
    );
  });

  it('demeaned SimAOU is that of what is left of the updates', () => {
    const left = (of: typeof a, l: number) => {
      const all = examples.map((i) => of(i, l));
      const middle = all[0]!.map((_, k) => average(all.map((own) => own[k]!)));
      return all.map((own) => minus(own, middle));
    };
    const expected = layers.map((l) => {
      const [lefts, others] = [left(a, l), left(b, l)];
      return average(examples.map((i) => cos(lefts[i]!, others[i]!)));
    });
    expect(simAOUDemeaned(icl, zsl, other, shape).values).toEqual(near(expected));
  });

  it('pooled SimAOU is the cosine of all updates joined', () => {
    const joined = (of: typeof a, l: number) => examples.flatMap((i) => of(i, l));
    expect(simAOUPooled(icl, zsl, other, shape).values).toEqual(
      near(layers.map((l) => cos(joined(a, l), joined(b, l)))),
    );
  });

  it('the size of an update is relative to zero-shot', () => {
    expect(updateNorm(zsl, other, shape).values).toEqual(
      near(layers.map((l) => average(examples.map((i) => length(b(i, l)) / length(h(zsl, i, l)))))),
    );
  });

  it('mismatched SimAM_Δ pairs examples of equal length, head by head', () => {
    const equal = orderedPairs((i, j) => lengths[i] === lengths[j]);
    expect(equal).toHaveLength(2 + 6);
    const scores = simAMDeltaMismatched(icl, zsl, other, shape);
    expect(scores.values).toEqual(
      near(
        layers.map((l) =>
          average(equal.flatMap(([i, j]) => heads.map((head) => cos(da(i, l, head), db(j, l, head))))),
        ),
      ),
    );
    // The example of a length of its own has no partner.
    expect(scores.undefinedCounts).toEqual([3, 3]);
    expect(totalCounts(scores)).toEqual([18, 18]);
    expect(scores.perExample[0]!.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 0]);
  });

  it('centred SimAM_Δ and the common mode split a change into what softmax sees and what it ignores', () => {
    const centred = (of: Vector) => of.map((value) => value - average(of));
    expect(simAMDeltaCentred(icl, zsl, other, shape).values).toEqual(
      overHeads((i, l, head) => cos(centred(da(i, l, head)), centred(db(i, l, head)))),
    );
    expect(commonMode(zsl, other, shape).values).toEqual(
      overHeads((i, l, head) => {
        const [all, seen] = [db(i, l, head), centred(db(i, l, head))];
        return 1 - product(seen, seen) / product(all, all);
      }),
    );
  });

  it('SimAM_Δ after softmax compares changes of attention weights', () => {
    expect(simAMDeltaSoftmax(icl, zsl, other, shape).values).toEqual(
      overHeads((i, l, head) => {
        const from = softmax(m(zsl, i, l, head));
        return cos(minus(softmax(m(icl, i, l, head)), from), minus(softmax(m(other, i, l, head)), from));
      }),
    );
  });
});

/** Of `count` examples Gaussian vectors, with `offset` added to each. */
function gaussian(normal: () => number, count: number, width: number, offset: number): number[][] {
  return Array.from({ length: count }, () => Array.from({ length: width }, () => normal() + offset));
}

describe('what nulls and controls are for', () => {
  const wide = { layers: 1, heads: 1, dModel: 24 };
  const from = (updates: readonly number[][]): ProbeArrays[] =>
    updates.map((update) =>
      output(
        ...plus(
          update,
          Array.from(update, () => 1),
        ),
      ),
    );
  const zero = from(gaussian(() => 0, 400, 24, 0));

  it('independent updates are as alike as mismatched ones, whatever they share', () => {
    const normal = seededNormal(11);
    for (const offset of [0, 0.7]) {
      const [a, b] = [from(gaussian(normal, 400, 24, offset)), from(gaussian(normal, 400, 24, offset))];
      const matched = simAOU(a, zero, b, wide);
      const mismatched = simAOUMismatched(a, zero, b, wide);
      const differences = matched.perExample[0]!.map(({ sum }, i) => sum - mismatched.perExample[0]![i]!.sum);
      const error = sampleStandardDeviation(differences)! / Math.sqrt(differences.length);
      expect(Math.abs(mean(differences)!)).toBeLessThan(3 * error);
      expect(mean(differences)).toBeCloseTo(matched.values[0]! - mismatched.values[0]!, 12);
    }
  });

  it('an offset that all examples share raises SimAOU, mismatched as matched, and not the demeaned one', () => {
    const normal = seededNormal(12);
    const [a, b] = [gaussian(normal, 200, 24, 0), gaussian(normal, 200, 24, 0)];
    const zsl = zero.slice(0, 200);
    const shifted = (updates: readonly number[][]) =>
      from(updates.map((update) => update.map((value) => value + 2)));
    const scoresOf = (x: ProbeArrays[], y: ProbeArrays[]) =>
      [simAOU, simAOUMismatched, simAOUPooled, simAOUDemeaned].map(
        (metric) => metric(x, zsl, y, wide).values[0]!,
      );
    const [raw, mismatched, pooled, demeaned] = scoresOf(from(a), from(b)) as [
      number,
      number,
      number,
      number,
    ];
    const shift = scoresOf(shifted(a), shifted(b)) as [number, number, number, number];
    for (const own of [raw, mismatched, pooled]) expect(Math.abs(own)).toBeLessThan(0.1);
    for (const own of shift.slice(0, 3)) expect(own).toBeGreaterThan(0.7);
    expect(shift[3]).toBeCloseTo(demeaned, 10);
  });

  it('a constant added to the logits of a query changes SimAM_Δ, and neither the centred nor the softmax score', () => {
    const shifted = other.map(({ attentionOutput, attentionScores }) => ({
      attentionOutput,
      attentionScores: Array.from(attentionScores, (value) => value + 40),
    }));
    for (const metric of [simAMDeltaCentred, simAMDeltaSoftmax])
      expect(metric(icl, zsl, shifted, shape).values).toEqual(
        near(metric(icl, zsl, other, shape).values as number[]),
      );
    for (const [l, value] of simAMDelta(icl, zsl, shifted, shape).values.entries())
      expect(Math.abs(value! - simAMDelta(icl, zsl, other, shape).values[l]!)).toBeGreaterThan(0.05);
    for (const value of commonMode(zsl, shifted, shape).values) expect(value).toBeGreaterThan(0.99);
  });

  it('a setting that is ICL itself is like it in all that is matched', () => {
    for (const metric of [simAOUDemeaned, simAOUPooled, simAMDeltaCentred, simAMDeltaSoftmax])
      expect(metric(icl, zsl, icl, shape).values).toEqual(near([1, 1]));
  });
});

describe('what is defined', () => {
  it('of mismatched SimAOU: two examples or more, with updates longer than 2e-6 of h_ZSL', () => {
    const zsl = [output(1, 0), output(1, 0), output(1, 0)];
    const some = [output(1, 1), output(1, 1.9e-6), output(2, 0)];
    const all = [output(2, 0), output(2, 0), output(1, 2)];
    const scores = simAOUMismatched(some, zsl, all, plane);
    expect(scores).toMatchObject({ undefinedCounts: [1], totalCounts: [3] });
    expect(scores.values[0]).toBeCloseTo((1 + 1) / 2, 12);
    expect(simAOUMismatched(all, zsl, some, plane).undefinedCounts).toEqual([1]);
    expect(simAOUMismatched(some.slice(0, 2), zsl.slice(0, 2), all.slice(0, 2), plane)).toEqual({
      ...{ values: [null], undefinedCounts: [2], totalCounts: [2] },
      perExample: [
        [
          { sum: 0, count: 0 },
          { sum: 0, count: 0 },
        ],
      ],
    });
    expect(simAOUMismatched([], [], [], plane)).toEqual({
      ...{ values: [null], undefinedCounts: [0], totalCounts: [0], perExample: [[]] },
    });
  });

  it('of demeaned SimAOU: what remains is no rounding either', () => {
    const zsl = [output(1, 0), output(1, 0), output(1, 0)];
    const same = [output(2, 0), output(2, 0), output(2, 0)];
    const different = [output(2, 0), output(1, 2), output(3, 3)];
    expect(simAOUDemeaned(same, zsl, different, plane)).toMatchObject({
      values: [null],
      undefinedCounts: [3],
    });
    expect(simAOUDemeaned(different, zsl, different, plane).undefinedCounts).toEqual([0]);
    // The mean is that of the defined examples alone.
    const partly = [output(2, 0), output(1, 2), output(1, 0)];
    const scores = simAOUDemeaned(partly, zsl, different, plane);
    expect(scores.undefinedCounts).toEqual([1]);
    expect(scores.values[0]).toBeCloseTo(1, 12);
  });

  it('of pooled SimAOU: the examples whose updates are defined', () => {
    const zsl = [output(1, 0), output(1, 0)];
    expect(
      simAOUPooled([output(1, 0), output(1, 3)], zsl, [output(5, 0), output(5, 3)], plane),
    ).toMatchObject({
      values: [expect.closeTo(0.6, 12)],
      undefinedCounts: [1],
    });
    expect(simAOUPooled(zsl, zsl, zsl, plane)).toMatchObject({ values: [null], undefinedCounts: [2] });
  });

  it('of the size of an update: all of them, but of a zero vector', () => {
    const zsl = [output(2, 0), output(0, 0), output(1, 0)];
    const scores = updateNorm(zsl, [output(2, 3), output(1, 1), output(1, 0)], plane);
    expect(scores).toMatchObject({ values: [0.75], undefinedCounts: [1] });
    expect(definedShare(scores.undefinedCounts[0]!, totalCounts(scores)[0]!)).toBeCloseTo(2 / 3, 12);
    expect(definedShare(0, 0)).toBeNull();
  });

  it('of centred, softmax and common-mode scores: changes longer than 2e-6 of zero-shot’s, head by head', () => {
    const heads2 = { layers: 1, heads: 2, dModel: 1 };
    const zsl = [map(3, 4, 3, 4)];
    const a = [map(4, 6, 5, 4)];
    // The first head changes by a constant: nothing that softmax sees.
    const b = [map(8, 9, 3, 4.5)];
    expect(simAMDeltaCentred(a, zsl, b, heads2)).toMatchObject({
      values: [expect.closeTo(-1, 12)],
      undefinedCounts: [1],
    });
    expect(simAMDeltaSoftmax(a, zsl, b, heads2)).toMatchObject({
      values: [expect.closeTo(-1, 12)],
      undefinedCounts: [1],
    });
    expect(commonMode(zsl, b, heads2)).toMatchObject({ values: [0.75], undefinedCounts: [0] });
    // Rounding of large logits is no rounding of attention weights: m decides.
    const large = [map(4000, 4000, 3, 4)];
    const rounded = [map(4000, 4000.004, 3, 4)];
    const scores = simAMDeltaSoftmax([map(4000, 4001, 4, 4)], large, rounded, heads2);
    expect(scores).toMatchObject({ values: [null], undefinedCounts: [2] });
    const small = [map(3, 4 + 9e-6, 3, 4 + 1.1e-5)];
    expect(commonMode(zsl, small, heads2)).toMatchObject({ values: [0.5], undefinedCounts: [1] });
    expect(commonMode(zsl, zsl, heads2)).toMatchObject({ values: [null], undefinedCounts: [2] });
    // A query part of one token has no attention to spread.
    const one = { layers: 1, heads: 1, dModel: 1 };
    for (const metric of [simAMDeltaCentred, simAMDeltaSoftmax])
      expect(metric([map(5)], [map(1)], [map(7)], one)).toMatchObject({
        values: [null],
        undefinedCounts: [1],
      });
  });

  it('refuses what SimAOU and SimAM refuse, by name', () => {
    expect(() => simAOUMismatched([output(1)], [output(1, 0)], [output(1, 0)], plane)).toThrow(
      new RangeError('icl[0].attentionOutput has length 1; [layers, dModel] = [1, 2] needs 2'),
    );
    expect(() => commonMode([map(1, 2)], [map(1, Number.NaN)], plane)).toThrow(
      new RangeError('other[0].attentionScores[1] is NaN; it must be finite'),
    );
    const huge = [output(1e200, 0)];
    expect(() => simAOUPooled(huge, [output(1, 0)], huge, plane)).toThrow('a norm overflows float64');
    expect(() => updateNorm(huge, [output(1, 0)], plane)).toThrow('a norm overflows float64');
    expect(() => updateNorm([output(1, 0)], huge, plane)).toThrow('a norm overflows float64');
    // Each norm is finite, and that of both together is not.
    const [large, unit] = [1e154, 1].map((value) => [output(value, 0), output(value, 0)]);
    expect(() => simAOUPooled(large!, unit!, large!, plane)).toThrow('a norm overflows float64');
  });
});

describe('pseudo-values', () => {
  const width = { layers: 1, heads: 1, dModel: 6 };
  const zero = (count: number) => Array.from({ length: count }, () => output(0, 0, 0, 0, 0, 0));
  const draw = (seed: number, count: number): ProbeArrays[][] => {
    const normal = seededNormal(seed);
    return [0, 1].map(() => gaussian(normal, count, 6, 0.5).map((own) => output(...own)));
  };
  /** Leaves one example out. */
  const without = (list: ProbeArrays[], i: number): ProbeArrays[] => list.toSpliced(i, 1);

  it.each([
    ['simAOUMismatched', simAOUMismatched],
    ['simAOUPooled', simAOUPooled],
  ])(
    'of %s have the metric as their mean, and are n·value − (n − 1)·(value without the example)',
    (_, metric) => {
      const count = 400;
      const [a, b] = draw(5, count) as [ProbeArrays[], ProbeArrays[]];
      const { values, perExample } = metric(a, zero(count), b, width);
      expect(mean(perExample[0]!.map(({ sum }) => sum))).toBeCloseTo(values[0]!, 12);
      for (const i of [0, 17, 200]) {
        const left = metric(without(a, i), zero(count - 1), without(b, i), width).values[0]!;
        const pseudoValue = count * values[0]! - (count - 1) * left;
        expect(Math.abs(perExample[0]![i]!.sum - pseudoValue)).toBeLessThan(0.02);
      }
    },
  );

  it('give intervals as wide as the metric varies from sample to sample', () => {
    const count = 60;
    for (const metric of [simAOUMismatched, simAOUPooled]) {
      const samples = Array.from({ length: 150 }, (_, seed) => {
        const [a, b] = draw(100 + seed, count) as [ProbeArrays[], ProbeArrays[]];
        return metric(a, zero(count), b, width);
      });
      const deviation = sampleStandardDeviation(samples.map(({ values }) => values[0]!))!;
      const errors = samples.map(
        ({ perExample }) => sampleStandardDeviation(perExample[0]!.map(({ sum }) => sum))! / Math.sqrt(count),
      );
      expect(mean(errors)! / deviation).toBeGreaterThan(0.85);
      expect(mean(errors)! / deviation).toBeLessThan(1.15);
    }
  });

  it('of layers with groups of different sizes have the layer mean as the mean of examples', () => {
    const scores: LayerScores = simAMDeltaMismatched(icl, zsl, other, shape);
    const own = exampleMeans(scores).filter((value) => value !== null);
    expect(mean(own)).toBeCloseTo(layerMean(scores.values)!, 12);
    const interval = bootstrapLayerMeanInterval(scores.perExample, {
      ...{ resamples: 200, level: 0.9, random: seededRandom(1) },
    });
    expect(interval!.lower).toBeLessThan(layerMean(scores.values)!);
    expect(interval!.upper).toBeGreaterThan(layerMean(scores.values)!);
  });
});

it('every score stays in its range, and counts add up, whatever finite float32 comes in', () => {
  const six = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 12, maxLength: 12 });
  const sizes = { layers: 1, heads: 2, dModel: 6 };
  const two = (values: Vector): ProbeArrays[] =>
    [values.slice(0, 6), values.slice(6)].map((own) => ({ attentionOutput: own, attentionScores: own }));
  fc.assert(
    fc.property(six, six, six, (x, y, z) => {
      const [a, b, from] = [two(x), two(y), two(z)];
      const cosines = [
        ...[simAOUMismatched, simAOUDemeaned, simAOUPooled],
        ...[simAMDeltaMismatched, simAMDeltaCentred, simAMDeltaSoftmax],
      ].map((metric) => metric(a, from, b, sizes));
      for (const scores of cosines)
        expect(scores.values[0] === null || Math.abs(scores.values[0]!) <= 1).toBe(true);
      const shares = commonMode(from, b, sizes);
      expect(shares.values[0] === null || (shares.values[0]! >= 0 && shares.values[0]! <= 1)).toBe(true);
      for (const scores of [...cosines.slice(1, 3), ...cosines.slice(4), shares])
        expect(
          scores.undefinedCounts[0]! + scores.perExample[0]!.reduce((sum, { count }) => sum + count, 0),
        ).toBe(totalCounts(scores)[0]);
    }),
  );
});
