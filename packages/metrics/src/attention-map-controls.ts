import { scoreLayers } from './layer-scores.ts';
import type { LayerScores } from './layer-scores.ts';
import type { LayerMetric } from './metric.ts';
import { MismatchedCosines } from './mismatched.ts';
import { requireAttentionScores } from './probes.ts';
import type { ProbeArrays, ProbeShape } from './probes.ts';
import { ROUNDING_OF_MAPS } from './rounding.ts';
import {
  type UpdatePair,
  definedPair,
  difference,
  scoreTogether,
  spanNorm,
  subtract,
} from './update-pairs.ts';
import { type NumericArray, type Span, cosine, dot, lengthOf, norm, softmax } from './vectors.ts';

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
    const cosines = new MismatchedCosines(zsl.length);
    for (const examples of groups.values())
      for (let head = 0; head < shape.heads; head++)
        cosines.add(
          examples.map((example) => ({
            example,
            pair: definedPair(
              updatePair(logitsOf({ icl, zsl, other }, example), headSpan(zsl[example]!, shape, layer, head)),
              ROUNDING_OF_MAPS,
            ),
          })),
        );
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
    const updates = updatePair(logitsOf({ icl, zsl, other }, example), span);
    centre(updates.a);
    centre(updates.b);
    const pair = definedPair(updates, ROUNDING_OF_MAPS);
    return pair && cosine(pair.a, pair.b);
  });
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
  return scoreHeads(zsl, shape, (example, span) => {
    const logits = logitsOf({ icl, zsl, other }, example);
    const least = ROUNDING_OF_MAPS * spanNorm(logits.zsl, span);
    if (centredNorm(logits.icl, logits.zsl, span) <= least) return null;
    if (centredNorm(logits.other, logits.zsl, span) <= least) return null;
    const zeroShot = softmax(logits.zsl, span);
    const [a, b] = [softmax(logits.icl, span), softmax(logits.other, span)];
    subtract(a, zeroShot);
    subtract(b, zeroShot);
    const pair = definedPair({ a, b, zeroShotNorm: norm(zeroShot) }, ROUNDING_OF_MAPS);
    return pair && cosine(pair.a, pair.b);
  });
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
    const change = difference(other[example]!.attentionScores, zeroShot, span);
    if (norm(change) <= ROUNDING_OF_MAPS * spanNorm(zeroShot, span)) return null;
    const mean = meanOf(change);
    return Math.min(1, (span.width * mean * mean) / dot(change, change));
  });
}

/** A value, or none, of every head of every example. */
function scoreHeads(
  zsl: Probes,
  shape: ProbeShape,
  value: (example: number, span: Span) => number | null,
): LayerScores {
  return scoreLayers(shape.layers, zsl.length, (example, layer) =>
    Array.from({ length: shape.heads }, (_, head) =>
      value(example, headSpan(zsl[example]!, shape, layer, head)),
    ),
  );
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

function headSpan(
  { attentionScores }: ProbeArrays,
  { layers, heads }: ProbeShape,
  layer: number,
  head: number,
): Span {
  const width = attentionScores.length / (layers * heads);
  return { start: (layer * heads + head) * width, width };
}

/** m of one example. */
type Logits = Readonly<Record<'icl' | 'zsl' | 'other', NumericArray>>;

function logitsOf(
  { icl, zsl, other }: Readonly<Record<'icl' | 'zsl' | 'other', Probes>>,
  example: number,
): Logits {
  return {
    icl: icl[example]!.attentionScores,
    zsl: zsl[example]!.attentionScores,
    other: other[example]!.attentionScores,
  };
}

function updatePair({ icl, zsl, other }: Logits, span: Span): UpdatePair {
  return {
    a: difference(icl, zsl, span),
    b: difference(other, zsl, span),
    zeroShotNorm: spanNorm(zsl, span),
  };
}

function meanOf(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total / values.length;
}

/** In place. */
function centre(values: Float64Array): void {
  const mean = meanOf(values);
  for (let i = 0; i < values.length; i++) values[i]! -= mean;
}

/** l2 norm of x − y less its mean: of the part of a change of logits that softmax sees. */
function centredNorm(x: NumericArray, y: NumericArray, { start, width }: Span): number {
  let total = 0;
  for (let i = start; i < start + width; i++) total += x[i]! - y[i]!;
  const mean = total / width;
  let squared = 0;
  for (let i = start; i < start + width; i++) squared += (x[i]! - y[i]! - mean) ** 2;
  return lengthOf(squared);
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
