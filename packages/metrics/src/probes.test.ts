import { describe, expect, it } from 'vitest';
import {
  alpha,
  lookingOnceAtProbes,
  simAM,
  simAMDelta,
  simAMZeroShot,
  simAOU,
  simAOUNorm,
  simAOURandom,
} from './index.ts';
import type { ProbeArrays, ProbeShape } from './index.ts';

const shape: ProbeShape = { layers: 1, heads: 2, dModel: 2 };
const good: ProbeArrays = { attentionOutput: [1, 2], attentionScores: [1, 2, 3, 4] };
const [outputs, scores] = [
  (...attentionOutput: number[]): ProbeArrays => ({ ...good, attentionOutput }),
  (...attentionScores: number[]): ProbeArrays => ({ ...good, attentionScores }),
];

/** The message of the RangeError that a metric throws. */
function refusal(metric: () => unknown): string {
  try {
    metric();
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return (error as RangeError).message;
  }
  throw new Error('the metric refused nothing');
}

describe('a metric refuses probes that do not fit, naming setting, example and array', () => {
  const two = [good, good];

  it.each([
    ['icl', () => simAOU([good, outputs(1)], two, two, shape)],
    ['zsl', () => simAOU(two, [good, outputs(1)], two, shape)],
    ['ft', () => simAOU(two, two, [good, outputs(1)], shape)],
    ['icl', () => simAOUNorm([good, outputs(1)], two, two, shape)],
    ['zsl', () => simAOUNorm(two, [good, outputs(1)], two, shape)],
    ['ft', () => simAOUNorm(two, two, [good, outputs(1)], shape)],
    ['icl', () => simAOURandom([good, outputs(1)], two, () => 0.5, shape)],
    ['zsl', () => simAOURandom(two, [good, outputs(1)], () => 0.5, shape)],
  ])('h of another length: %s', (name, metric) => {
    expect(refusal(metric)).toBe(
      `${name}[1].attentionOutput has length 1; [layers, dModel] = [1, 2] needs 2`,
    );
  });

  it.each([
    ['icl', () => simAM([good, scores(1, 2, 3)], two, shape)],
    ['ft', () => simAM(two, [good, scores(1, 2, 3)], shape)],
    ['icl', () => simAMZeroShot([good, scores(1, 2, 3)], two, shape)],
    ['zsl', () => simAMZeroShot(two, [good, scores(1, 2, 3)], shape)],
    ['icl', () => simAMDelta([good, scores(1, 2, 3)], two, two, shape)],
    ['zsl', () => simAMDelta(two, [good, scores(1, 2, 3)], two, shape)],
    ['ft', () => simAMDelta(two, two, [good, scores(1, 2, 3)], shape)],
    ['lcgd', () => alpha([good, scores(1, 2, 3)], two, two, shape)],
    ['gd', () => alpha(two, [good, scores(1, 2, 3)], two, shape)],
    ['zsl', () => alpha(two, two, [good, scores(1, 2, 3)], shape)],
  ])('m of no multiple of layers × heads: %s', (name, metric) => {
    expect(refusal(metric)).toBe(
      `${name}[1].attentionScores has length 3; [layers, heads, queryLength] needs a positive multiple of 1 × 2 = 2`,
    );
  });

  it('m of an empty query', () => {
    expect(refusal(() => simAM([scores()], [scores()], shape))).toMatch(
      /^icl\[0\]\.attentionScores has length 0; .* a positive multiple of 1 × 2 = 2$/,
    );
  });

  it('m of another query length than the first setting’s', () => {
    expect(refusal(() => simAMDelta(two, two, [good, scores(1, 2)], shape))).toBe(
      'icl[1].attentionScores has length 4, ft[1].attentionScores has length 2; they must agree',
    );
  });

  it('settings of different numbers of examples', () => {
    expect(refusal(() => simAM(two, [good], shape))).toBe(
      'icl has length 2, ft has length 1; they must agree',
    );
    expect(refusal(() => alpha([good], two, two, shape))).toBe(
      'lcgd has length 1, gd has length 2; they must agree',
    );
  });

  it('values that are not finite', () => {
    expect(refusal(() => simAOU(two, [good, outputs(1, Infinity)], two, shape))).toBe(
      'zsl[1].attentionOutput[1] is Infinity; it must be finite',
    );
    expect(refusal(() => alpha(two, two, [good, scores(1, 2, 3, NaN)], shape))).toBe(
      'zsl[1].attentionScores[3] is NaN; it must be finite',
    );
  });

  it.each(['layers', 'heads', 'dModel'] as const)('%s that is no positive integer', (name) => {
    for (const size of [0, -1, 1.5, NaN]) {
      const message = `shape.${name} is ${size}; it must be a positive integer`;
      expect(refusal(() => simAOU(two, two, two, { ...shape, [name]: size }))).toBe(message);
      expect(refusal(() => simAM(two, two, { ...shape, [name]: size }))).toBe(message);
    }
  });
});

it('several metrics look at the same arrays once, whatever fails among them, and later ones again', () => {
  const h = [1, 2];
  const own = [{ ...good, attentionOutput: h }];
  const score = () => simAOU(own, [outputs(2, 1)], [good], shape);
  expect(() =>
    lookingOnceAtProbes(() => {
      score();
      lookingOnceAtProbes(() => refusal(() => simAOU([outputs(Number.NaN, 1)], own, own, shape)));
      h[0] = Number.NaN;
      // It does not look for it any more.
      expect(refusal(score)).toContain('a norm overflows');
      throw new Error('after both');
    }),
  ).toThrow('after both');
  expect(refusal(score)).toBe('icl[0].attentionOutput[0] is NaN; it must be finite');
});
