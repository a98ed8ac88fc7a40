import { scoreLayers } from './layer-scores.ts';
import type { LayerScores } from './layer-scores.ts';
import type { LayerMetric } from './metric.ts';
import { requireAttentionOutputs } from './probes.ts';
import type { ProbeArrays, ProbeShape } from './probes.ts';
import { ROUNDING } from './rounding.ts';
import { outputSpan, outputsOf } from './spans.ts';
import { type Triple, type UpdateProducts, clamped, definedCosine, updateProducts } from './update-pairs.ts';
import { type Span, lengthOf, spanNorm } from './vectors.ts';

/**
 * SimAOU, similarity of attention output updates: cos(h_ICL − h_ZSL, h_FT − h_ZSL), per layer, averaged over examples.
 *
 * A cosine is undefined, left out and counted, if an update's norm is at most 1e-5 of h_ZSL's: rounding, not signal.
 * @param icl in-context probes, one per example; only h, [layers, dModel], is read (likewise `zsl` and `ft`)
 * @param zsl zero-shot probes of the same examples
 * @param ft probes of the same examples after fine-tuning (GD or LCGD)
 * @throws RangeError if lengths disagree with each other or with `shape`, or if a value is not finite
 */
export function simAOU(
  icl: readonly ProbeArrays[],
  zsl: readonly ProbeArrays[],
  ft: readonly ProbeArrays[],
  shape: ProbeShape,
): LayerScores {
  requireAttentionOutputs({ icl, zsl, ft }, shape);
  return scoreLayers(shape.layers, icl.length, (example, layer) => [
    definedCosine(
      updateProducts(outputsOf({ icl, zsl, other: ft }, example), outputSpan(shape, layer)),
      ROUNDING,
    ),
  ]);
}

/**
 * SimAOU_norm, the variant of Dai et al. 2023: SimAOU with every h divided by its l2 norm first. It misleads: for
 * h = z, z + r, z + r′ with orthogonal z, r, r′ and ‖r‖² = ‖r′‖² = 3‖z‖² it is 1/4 where SimAOU is 0.
 *
 * Undefined as SimAOU, on the normalised vectors (h_ZSL then has norm 1), and where an h is the zero vector.
 * Parameters and errors as in {@link simAOU}.
 */
export function simAOUNorm(
  icl: readonly ProbeArrays[],
  zsl: readonly ProbeArrays[],
  ft: readonly ProbeArrays[],
  shape: ProbeShape,
): LayerScores {
  requireAttentionOutputs({ icl, zsl, ft }, shape);
  return scoreLayers(shape.layers, icl.length, (example, layer) => {
    const outputs = outputsOf({ icl, zsl, other: ft }, example);
    const products = unitUpdateProducts(outputs, outputSpan(shape, layer));
    return [products && definedCosine(products, ROUNDING)];
  });
}

/** Of the vectors divided by their norms; null where one of them is the zero vector. */
function unitUpdateProducts({ icl, zsl, other }: Triple, span: Span): UpdateProducts | null {
  const [lengthA, lengthZ, lengthB] = [spanNorm(icl, span), spanNorm(zsl, span), spanNorm(other, span)];
  if (lengthA === 0 || lengthZ === 0 || lengthB === 0) return null;
  let [ab, aa, bb, zeroShot] = [0, 0, 0, 0];
  for (let i = span.start; i < span.start + span.width; i++) {
    const from = zsl[i]! / lengthZ;
    const a = icl[i]! / lengthA - from;
    const b = other[i]! / lengthB - from;
    ab += a * b;
    aa += a * a;
    bb += b * b;
    zeroShot += from * from;
  }
  return { ab, aa, bb, zeroShot };
}

/**
 * The random baseline of SimAOU in the released code: cos(h_ICL − h_ZSL, u) with u uniform in [0, 1)^dModel.
 *
 * A cosine is undefined if the ICL update is (see {@link simAOU}) or if u is the zero vector. u is drawn in either case,
 * so that later draws do not depend on it.
 * @param random uniform numbers in [0, 1); called dModel times per example and layer, layers within examples
 * @throws RangeError as {@link simAOU}, or if `random` returns a number outside [0, 1)
 */
export function simAOURandom(
  icl: readonly ProbeArrays[],
  zsl: readonly ProbeArrays[],
  random: () => number,
  shape: ProbeShape,
): LayerScores {
  requireAttentionOutputs({ icl, zsl }, shape);
  return scoreLayers(shape.layers, icl.length, (example, layer) => {
    const { start, width } = outputSpan(shape, layer);
    const [from, to] = [zsl[example]!.attentionOutput, icl[example]!.attentionOutput];
    let [ab, aa, bb, zeroShot] = [0, 0, 0, 0];
    for (let i = start; i < start + width; i++) {
      const a = to[i]! - from[i]!;
      const b = uniform(random);
      ab += a * b;
      aa += a * a;
      bb += b * b;
      zeroShot += from[i]! * from[i]!;
    }
    const length = lengthOf(aa);
    if (length <= ROUNDING * lengthOf(zeroShot) || bb === 0) return [null];
    return [clamped(ab / length / Math.sqrt(bb))];
  });
}

function uniform(random: () => number): number {
  const value = random();
  if (!(value >= 0 && value < 1)) throw new RangeError(`random() returned ${value}; it must lie in [0, 1)`);
  return value;
}

const COSINE = { kind: 'layers', range: [-1, 1] } as const;
const PAPER = 'arXiv 2311.07772v4';

/** What this file adds to the catalogue of metrics. */
export const attentionOutputMetrics: readonly LayerMetric[] = [
  {
    ...COSINE,
    id: 'simaou',
    order: 1,
    label: 'SimAOU',
    formula: 'cos(h_ICL − h_ZSL, h_FT − h_ZSL)',
    source: `${PAPER}, similarity of attention output updates`,
    of: 'learner',
    moreAlike: 'higher',
    definedWhen: 'both updates are longer than 1e-5 of h_ZSL',
    score: ({ icl, zsl, ft }, shape) => simAOU(icl, zsl, ft, shape),
  },
  {
    ...COSINE,
    id: 'simaou_norm',
    order: 2,
    label: 'SimAOU_norm',
    formula: 'SimAOU with every h divided by its l2 norm first',
    source: 'Dai et al. 2023, arXiv 2212.10559',
    of: 'learner',
    moreAlike: 'higher',
    definedWhen: 'as SimAOU, on the normalised vectors',
    score: ({ icl, zsl, ft }, shape) => simAOUNorm(icl, zsl, ft, shape),
  },
  {
    ...COSINE,
    id: 'simaou_random',
    order: 1,
    label: 'SimAOU random',
    formula: 'cos(h_ICL − h_ZSL, u), u uniform in [0, 1)^d',
    source: "the released code's random baseline; no chance level, since u points into one orthant",
    of: 'baseline',
    moreAlike: null,
    definedWhen: "ICL's update is longer than 1e-5 of h_ZSL",
    score: ({ icl, zsl }, shape, random) => simAOURandom(icl, zsl, random, shape),
  },
];
