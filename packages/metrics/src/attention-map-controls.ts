import type { LayerScores } from './layer-scores.ts';
import type { LayerMetric } from './metric.ts';
import { MismatchedCosines } from './mismatched.ts';
import { requireAttentionScores } from './probes.ts';
import type { ProbeArrays, ProbeShape } from './probes.ts';
import { ROUNDING_OF_MAPS } from './rounding.ts';
import { headSpan, mapsOf, scoreHeads } from './spans.ts';
import {
  type Triple,
  type UpdateProducts,
  areDefined,
  definedCosine,
  scoreTogether,
} from './update-pairs.ts';
import { type Span, lengthOf, softmax } from './vectors.ts';

type Probes = readonly ProbeArrays[];

/**
 * Mismatched SimAM_Δ: the mean, over heads and ordered pairs of different examples i ≠ j whose query parts have equal
 * lengths, of cos(m_ICL,i − m_ZSL,i, m_X,j − m_ZSL,j): what of SimAM_Δ is not about the example.
 *
 * A head of an example takes part where both of its updates are longer than 2e-6 of m_ZSL and another example of its length
 * has the like. `perExample` holds jackknife pseudo-values, as in `simAOUMismatched`. Time and memory grow with the number
 * of examples.
 * @param icl in-context probes, one per example; only m, [layers, heads, queryLength], is read (likewise `zsl` and `other`)
 * @param zsl zero-shot probes of the same examples
 * @param other probes of the same examples under whatever is compared with ICL
 * @throws RangeError if lengths disagree with each other or with `shape`, or if a value is not finite
 */
export function simAMDeltaMismatched(
  icl: Probes,
  zsl: Probes,
  other: Probes,
  shape: ProbeShape,
): LayerScores {
  requireAttentionScores({ icl, zsl, other }, shape);
  const groups = byLength(zsl);
  return scoreTogether(shape.layers, (layer) => {
    const cosines = new MismatchedCosines(zsl.length, ROUNDING_OF_MAPS);
    for (const examples of groups.values()) {
      const all = examples.map((example) => ({ example, triple: mapsOf({ icl, zsl, other }, example) }));
      const [first] = examples;
      for (let head = 0; head < shape.heads; head++)
        cosines.add(all, headSpan(zsl[first!]!, shape, layer, head));
    }
    return cosines.scores();
  });
}

/**
 * Centred SimAM_Δ: SimAM_Δ of the changes less their means over the keys. Softmax does not see a constant added to all
 * logits of a query, and neither does this.
 *
 * Undefined, head by head, where a centred change is no longer than 2e-6 of m_ZSL (as of a query part of one token).
 * Parameters and errors as in {@link simAMDeltaMismatched}.
 */
export function simAMDeltaCentred(icl: Probes, zsl: Probes, other: Probes, shape: ProbeShape): LayerScores {
  requireAttentionScores({ icl, zsl, other }, shape);
  return scoreHeads(zsl, shape, (example, span) => {
    const triple = mapsOf({ icl, zsl, other }, example);
    return definedCosine(centredProducts(triple, span), ROUNDING_OF_MAPS);
  });
}

/** Of the changes less their means over the keys: of the part of a change of logits that softmax sees. */
function centredProducts({ icl, zsl, other }: Triple, { start, width }: Span): UpdateProducts {
  let [sumA, sumB] = [0, 0];
  for (let i = start; i < start + width; i++) {
    sumA += icl[i]! - zsl[i]!;
    sumB += other[i]! - zsl[i]!;
  }
  const [meanA, meanB] = [sumA / width, sumB / width];
  let [ab, aa, bb, zeroShot] = [0, 0, 0, 0];
  for (let i = start; i < start + width; i++) {
    const from = zsl[i]!;
    const a = icl[i]! - from - meanA;
    const b = other[i]! - from - meanB;
    ab += a * b;
    aa += a * a;
    bb += b * b;
    zeroShot += from * from;
  }
  return { ab, aa, bb, zeroShot };
}

/**
 * SimAM_Δ of what softmax makes of the logits: cos(p_ICL − p_ZSL, p_X − p_ZSL), p = softmax of m over the keys of the query
 * part.
 *
 * Undefined, head by head, where a change is no longer than 2e-6 of p_ZSL, and where the centred change of m is rounding:
 * softmax turns the rounding of large logits into a larger share of p. Parameters and errors as in
 * {@link simAMDeltaMismatched}.
 */
export function simAMDeltaSoftmax(icl: Probes, zsl: Probes, other: Probes, shape: ProbeShape): LayerScores {
  requireAttentionScores({ icl, zsl, other }, shape);
  const longest = zsl.reduce((most, { attentionScores }) => Math.max(most, attentionScores.length), 0);
  const keys = longest / (shape.layers * shape.heads);
  const room = [new Float64Array(keys), new Float64Array(keys), new Float64Array(keys)] as const;
  return scoreHeads(zsl, shape, (example, span) => {
    const triple = mapsOf({ icl, zsl, other }, example);
    if (!areDefined(centredProducts(triple, span), ROUNDING_OF_MAPS)) return null;
    return definedCosine(shareProducts(triple, span, room), ROUNDING_OF_MAPS);
  });
}

type Room = readonly [Float64Array, Float64Array, Float64Array];

/** Of what softmax makes of the logits, for which there is room for the longest. */
function shareProducts({ icl, zsl, other }: Triple, span: Span, room: Room): UpdateProducts {
  const sharesIcl = softmax(icl, span, room[0]);
  const shares = softmax(zsl, span, room[1]);
  const sharesOther = softmax(other, span, room[2]);
  // Not `updateProducts`: a loop over arrays of one type is several times as fast.
  let [ab, aa, bb, zeroShot] = [0, 0, 0, 0];
  for (let i = 0; i < span.width; i++) {
    const from = shares[i]!;
    const a = sharesIcl[i]! - from;
    const b = sharesOther[i]! - from;
    ab += a * b;
    aa += a * a;
    bb += b * b;
    zeroShot += from * from;
  }
  return { ab, aa, bb, zeroShot };
}

/**
 * Common mode: the share of a change of attention logits that is the same for all keys, L · mean(Δm)² / ‖Δm‖² with L keys:
 * the part of ‖Δm‖² that softmax ignores. The mean over heads and examples.
 *
 * Undefined, head by head, where Δm is no longer than 2e-6 of m_ZSL. Parameters and errors as in
 * {@link simAMDeltaMismatched}.
 * @param other of ICL itself for the common mode of its change
 */
export function commonMode(zsl: Probes, other: Probes, shape: ProbeShape): LayerScores {
  requireAttentionScores({ zsl, other }, shape);
  return scoreHeads(zsl, shape, (example, span) => {
    const zeroShot = zsl[example]!.attentionScores;
    const to = other[example]!.attentionScores;
    let [sum, squares, zeroShotSquares] = [0, 0, 0];
    for (let i = span.start; i < span.start + span.width; i++) {
      const change = to[i]! - zeroShot[i]!;
      sum += change;
      squares += change * change;
      zeroShotSquares += zeroShot[i]! * zeroShot[i]!;
    }
    if (lengthOf(squares) <= ROUNDING_OF_MAPS * lengthOf(zeroShotSquares)) return null;
    const mean = sum / span.width;
    return Math.min(1, (span.width * mean * mean) / squares);
  });
}

/** Examples whose query parts have equal lengths. */
function byLength(zsl: Probes): ReadonlyMap<number, readonly number[]> {
  const groups = new Map<number, number[]>();
  for (const [example, { attentionScores }] of zsl.entries()) {
    const own = groups.get(attentionScores.length);
    if (own) own.push(example);
    else groups.set(attentionScores.length, [example]);
  }
  return groups;
}

const COSINE = { kind: 'layers', range: [-1, 1], source: 'ours' } as const;
const COMMON = {
  kind: 'layers',
  range: [0, 1],
  source: 'ours: softmax ignores this part of a change of m',
  moreAlike: null,
} as const;

/** What this file adds to the catalogue of metrics. */
export const attentionMapControls: readonly LayerMetric[] = [
  {
    ...COSINE,
    id: 'simam_delta_mismatched',
    order: 9,
    label: 'SimAM_Δ, mismatched',
    formula: 'mean over heads and i ≠ j with query parts of equal length of cos(Δm_ICL,i, Δm_X,j)',
    of: 'learner',
    moreAlike: null,
    definedWhen: `two examples of equal length have updates longer than ${ROUNDING_OF_MAPS.toExponential()} of m_ZSL`,
    exampleValues: 'pseudo-values',
    score: ({ icl, zsl, ft }, shape) => simAMDeltaMismatched(icl, zsl, ft, shape),
  },
  {
    ...COSINE,
    id: 'simam_delta_centred',
    order: 10,
    label: 'SimAM_Δ, centred',
    formula: 'SimAM_Δ of each Δm less its mean over the keys, by head',
    of: 'learner',
    moreAlike: 'higher',
    definedWhen: `both centred updates are longer than ${ROUNDING_OF_MAPS.toExponential()} of m_ZSL`,
    score: ({ icl, zsl, ft }, shape) => simAMDeltaCentred(icl, zsl, ft, shape),
  },
  {
    ...COSINE,
    id: 'simam_delta_softmax',
    order: 11,
    label: 'SimAM_Δ after softmax',
    formula: 'cos(p_ICL − p_ZSL, p_X − p_ZSL), p = softmax of m over the query part, by head',
    of: 'learner',
    moreAlike: 'higher',
    definedWhen: `both updates are longer than ${ROUNDING_OF_MAPS.toExponential()} of p_ZSL, the centred ones of m_ZSL`,
    score: ({ icl, zsl, ft }, shape) => simAMDeltaSoftmax(icl, zsl, ft, shape),
  },
  {
    ...COMMON,
    id: 'common_mode',
    order: 12,
    label: 'common mode',
    formula: 'L · mean(Δm)² / ‖Δm‖², Δm = m_X − m_ZSL to L keys, by head',
    of: 'learner',
    definedWhen: `Δm is longer than ${ROUNDING_OF_MAPS.toExponential()} of m_ZSL`,
    score: ({ zsl, ft }, shape) => commonMode(zsl, ft, shape),
  },
  {
    ...COMMON,
    id: 'common_mode_icl',
    order: 4,
    label: 'common mode of ICL',
    formula: 'L · mean(Δm)² / ‖Δm‖², Δm = m_ICL − m_ZSL to L keys, by head',
    of: 'baseline',
    definedWhen: `Δm is longer than ${ROUNDING_OF_MAPS.toExponential()} of m_ZSL`,
    score: ({ icl, zsl }, shape) => commonMode(zsl, icl, shape),
  },
];
