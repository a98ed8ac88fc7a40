import { scoreLayers } from './layer-scores.ts';
import type { ExampleScore, LayerScores } from './layer-scores.ts';
import type { LayerMetric } from './metric.ts';
import { MismatchedCosines } from './mismatched.ts';
import { requireAttentionOutputs } from './probes.ts';
import type { ProbeArrays, ProbeShape } from './probes.ts';
import { ROUNDING_OF_OUTPUTS } from './rounding.ts';
import { outputSpan, outputsOf } from './spans.ts';
import {
  type TogetherScores,
  type Triple,
  type UpdateProducts,
  areDefined,
  clamped,
  definedCosine,
  scoreTogether,
  updateProducts,
} from './update-pairs.ts';
import { type Span, lengthOf } from './vectors.ts';

type Probes = readonly ProbeArrays[];

/**
 * Mismatched SimAOU: the mean of cos(a_i, b_j) over ordered pairs of different examples i ≠ j, where a = h_ICL − h_ZSL and
 * b = h_X − h_ZSL. It is the share of SimAOU that is not about the example: what SimAOU would be if X changed each example by
 * what it changes another one.
 *
 * An example takes part where both of its updates are longer than 2e-6 of h_ZSL; a layer needs two. `perExample` holds
 * jackknife pseudo-values: their mean is the value, their spread its error (an example's own mean cosine with the others
 * spreads by half as much). Time and memory grow with the number of examples.
 * @param icl in-context probes, one per example; only h, [layers, dModel], is read (likewise `zsl` and `other`)
 * @param zsl zero-shot probes of the same examples
 * @param other probes of the same examples under whatever is compared with ICL
 * @throws RangeError if lengths disagree with each other or with `shape`, or if a value is not finite
 */
export function simAOUMismatched(icl: Probes, zsl: Probes, other: Probes, shape: ProbeShape): LayerScores {
  requireAttentionOutputs({ icl, zsl, other }, shape);
  return scoreTogether(shape.layers, (layer) => {
    const cosines = new MismatchedCosines(icl.length, ROUNDING_OF_OUTPUTS);
    const all = Array.from(icl, (_, example) => ({
      example,
      triple: outputsOf({ icl, zsl, other }, example),
    }));
    cosines.add(all, outputSpan(shape, layer));
    return cosines.scores();
  });
}

/**
 * Demeaned SimAOU: the mean of cos(a_i − ā, b_i − b̄), ā and b̄ being the means over the layer's defined examples: what is
 * left of SimAOU once an offset that all examples share is taken away.
 *
 * Undefined where an update is no longer than 2e-6 of h_ZSL, before or after its mean is taken away. Intervals over examples
 * take the means as given. Parameters and errors as in {@link simAOUMismatched}.
 */
export function simAOUDemeaned(icl: Probes, zsl: Probes, other: Probes, shape: ProbeShape): LayerScores {
  requireAttentionOutputs({ icl, zsl, other }, shape);
  return scoreTogether(shape.layers, (layer) => {
    const span = outputSpan(shape, layer);
    const triples = Array.from(icl, (_, example) => {
      const triple = outputsOf({ icl, zsl, other }, example);
      return areDefined(updateProducts(triple, span), ROUNDING_OF_OUTPUTS) ? triple : null;
    });
    const defined = triples.filter((triple) => triple !== null);
    const [meanA, meanB] = [new Float64Array(shape.dModel), new Float64Array(shape.dModel)];
    for (const triple of defined) {
      for (let i = 0; i < span.width; i++) {
        const from = triple.zsl[span.start + i]!;
        meanA[i]! += (1 / defined.length) * (triple.icl[span.start + i]! - from);
        meanB[i]! += (1 / defined.length) * (triple.other[span.start + i]! - from);
      }
    }
    const perExample = triples.map((triple): ExampleScore => {
      const products = triple && demeanedProducts(triple, span, [meanA, meanB]);
      const own = products && definedCosine(products, ROUNDING_OF_OUTPUTS);
      return own === null ? NONE : { sum: own, count: 1 };
    });
    return summed(perExample);
  });
}

/**
 * Pooled SimAOU: Σ⟨a, b⟩ / √(Σ‖a‖² Σ‖b‖²) over the layer's defined examples: the cosine of all updates joined to one
 * vector, in which long updates weigh more.
 *
 * Defined where SimAOU's mismatched form has an example. `perExample` holds jackknife pseudo-values (of first order): their
 * mean is the value, their spread its error. Parameters and errors as in {@link simAOUMismatched}.
 */
export function simAOUPooled(icl: Probes, zsl: Probes, other: Probes, shape: ProbeShape): LayerScores {
  requireAttentionOutputs({ icl, zsl, other }, shape);
  return scoreTogether(shape.layers, (layer) => {
    const products = Array.from(icl, (_, example) => {
      const own = updateProducts(outputsOf({ icl, zsl, other }, example), outputSpan(shape, layer));
      return areDefined(own, ROUNDING_OF_OUTPUTS) ? own : null;
    });
    const defined = products.filter((own) => own !== null);
    const total = (of: 'ab' | 'aa' | 'bb'): number => defined.reduce((sum, own) => sum + own[of], 0);
    const [aa, bb] = [total('aa'), total('bb')];
    const [lengthA, lengthB] = [lengthOf(aa), lengthOf(bb)];
    const value = defined.length === 0 ? null : clamped(total('ab') / lengthA / lengthB);
    const perExample = products.map((own): ExampleScore => {
      if (own === null || value === null) return NONE;
      const change = own.ab / lengthA / lengthB - (value / 2) * (own.aa / aa + own.bb / bb);
      return { sum: value + defined.length * change, count: 1 };
    });
    return { ...summed(perExample), value };
  });
}

/**
 * Size of an update: the mean over all examples of ‖h_X − h_ZSL‖ / ‖h_ZSL‖. Undefined where h_ZSL is the zero vector alone:
 * no update is too short. Parameters and errors as in {@link simAOUMismatched}.
 * @param other of ICL itself for the size of its update
 */
export function updateNorm(zsl: Probes, other: Probes, shape: ProbeShape): LayerScores {
  requireAttentionOutputs({ zsl, other }, shape);
  return scoreLayers(shape.layers, zsl.length, (example, layer) => {
    const { start, width } = outputSpan(shape, layer);
    const [from, to] = [zsl[example]!.attentionOutput, other[example]!.attentionOutput];
    let [change, zeroShot] = [0, 0];
    for (let i = start; i < start + width; i++) {
      const own = to[i]! - from[i]!;
      change += own * own;
      zeroShot += from[i]! * from[i]!;
    }
    const length = lengthOf(zeroShot);
    return [length === 0 ? null : lengthOf(change) / length];
  });
}

/** Of the updates less these means. */
function demeanedProducts(
  { icl, zsl, other }: Triple,
  { start, width }: Span,
  [meanA, meanB]: readonly [Float64Array, Float64Array],
): UpdateProducts {
  let [ab, aa, bb, zeroShot] = [0, 0, 0, 0];
  for (let i = 0; i < width; i++) {
    const from = zsl[start + i]!;
    const a = icl[start + i]! - from - meanA[i]!;
    const b = other[start + i]! - from - meanB[i]!;
    ab += a * b;
    aa += a * a;
    bb += b * b;
    zeroShot += from * from;
  }
  return { ab, aa, bb, zeroShot };
}

const NONE: ExampleScore = { sum: 0, count: 0 };

/** Of one layer, one value an example or none. */
function summed(perExample: readonly ExampleScore[]): TogetherScores {
  const count = perExample.reduce((total, own) => total + own.count, 0);
  const sum = perExample.reduce((total, own) => total + own.sum, 0);
  return {
    value: count === 0 ? null : sum / count,
    undefinedCount: perExample.length - count,
    totalCount: perExample.length,
    perExample,
  };
}

const COSINE = { kind: 'layers', range: [-1, 1], source: 'ours' } as const;
const SIZE = {
  kind: 'layers',
  range: [0, null],
  source: 'ours',
  moreAlike: null,
  definedWhen: 'h_ZSL is not zero',
} as const;
const BOTH = `both updates are longer than ${ROUNDING_OF_OUTPUTS.toExponential()} of h_ZSL`;

/** What this file adds to the catalogue of metrics. */
export const attentionOutputControls: readonly LayerMetric[] = [
  {
    ...COSINE,
    id: 'simaou_mismatched',
    order: 5,
    label: 'SimAOU, mismatched',
    formula: 'mean over i ≠ j of cos(a_i, b_j), a = h_ICL − h_ZSL, b = h_X − h_ZSL: not about the example',
    of: 'learner',
    moreAlike: null,
    definedWhen: `two examples have updates that are longer than ${ROUNDING_OF_OUTPUTS.toExponential()} of h_ZSL`,
    exampleValues: 'pseudo-values',
    score: ({ icl, zsl, ft }, shape) => simAOUMismatched(icl, zsl, ft, shape),
  },
  {
    ...COSINE,
    id: 'simaou_demeaned',
    order: 6,
    label: 'SimAOU, demeaned',
    formula: 'cos(a_i − ā, b_i − b̄), means over the examples of the layer',
    of: 'learner',
    moreAlike: 'higher',
    definedWhen: `${BOTH}, before and after the mean is taken away`,
    score: ({ icl, zsl, ft }, shape) => simAOUDemeaned(icl, zsl, ft, shape),
  },
  {
    ...COSINE,
    id: 'simaou_pooled',
    order: 7,
    label: 'SimAOU, pooled',
    formula: 'Σ⟨a, b⟩ / √(Σ‖a‖² Σ‖b‖²) over examples',
    of: 'learner',
    moreAlike: 'higher',
    definedWhen: BOTH,
    exampleValues: 'pseudo-values',
    score: ({ icl, zsl, ft }, shape) => simAOUPooled(icl, zsl, ft, shape),
  },
  {
    ...SIZE,
    id: 'update_norm',
    order: 8,
    label: 'size of the update',
    formula: '‖h_X − h_ZSL‖ / ‖h_ZSL‖',
    of: 'learner',
    score: ({ zsl, ft }, shape) => updateNorm(zsl, ft, shape),
  },
  {
    ...SIZE,
    id: 'update_norm_icl',
    order: 3,
    label: "size of ICL's update",
    formula: '‖h_ICL − h_ZSL‖ / ‖h_ZSL‖',
    of: 'baseline',
    score: ({ icl, zsl }, shape) => updateNorm(zsl, icl, shape),
  },
];
