import type { LayerScores } from './layer-scores.ts';
import type { LayerMetric } from './metric.ts';
import { requireAttentionScores } from './probes.ts';
import type { ProbeArrays, ProbeShape } from './probes.ts';
import { ROUNDING } from './rounding.ts';
import { mapsOf, scoreHeads } from './spans.ts';
import { definedCosine, updateProducts } from './update-pairs.ts';
import { spanCosine } from './vectors.ts';

/**
 * SimAM, similarity of attention maps: cos(m_ICL, m_FT), per layer, averaged over examples and heads.
 *
 * m are the attention scores before softmax from the last token to the query part. A cosine is undefined, left out and
 * counted, if one of the two vectors has norm 0.
 * @param icl in-context probes, one per example; only m, [layers, heads, queryLength], is read (likewise `ft`)
 * @param ft probes of the same examples after fine-tuning (GD or LCGD)
 * @throws RangeError if lengths disagree with each other or with `shape`, or if a value is not finite
 */
export function simAM(
  icl: readonly ProbeArrays[],
  ft: readonly ProbeArrays[],
  shape: ProbeShape,
): LayerScores {
  requireAttentionScores({ icl, ft }, shape);
  return mapCosines(icl, ft, shape);
}

/** SimAM (ZSL), the baseline before fine-tuning of Dai et al. 2023: cos(m_ICL, m_ZSL). Otherwise as {@link simAM}. */
export function simAMZeroShot(
  icl: readonly ProbeArrays[],
  zsl: readonly ProbeArrays[],
  shape: ProbeShape,
): LayerScores {
  requireAttentionScores({ icl, zsl }, shape);
  return mapCosines(icl, zsl, shape);
}

/**
 * SimAM_Δ: cos(m_ICL − m_ZSL, m_FT − m_ZSL), per layer, averaged over examples and heads.
 *
 * A cosine is undefined, left out and counted, if an update's norm is at most 1e-5 of m_ZSL's: with rotary positions
 * m_ICL − m_ZSL vanishes in layer 0. Parameters and errors as in {@link simAM}.
 * @param zsl zero-shot probes of the same examples
 */
export function simAMDelta(
  icl: readonly ProbeArrays[],
  zsl: readonly ProbeArrays[],
  ft: readonly ProbeArrays[],
  shape: ProbeShape,
): LayerScores {
  requireAttentionScores({ icl, zsl, ft }, shape);
  return mapUpdateCosines(icl, ft, zsl, shape);
}

/**
 * α, how alike the two optimisers are (Fig. 2 of the paper): cos(m_LCGD − m_ZSL, m_GD − m_ZSL), per layer, averaged over
 * examples and heads. Undefined cosines as in {@link simAMDelta}; errors as in {@link simAM}.
 */
export function alpha(
  lcgd: readonly ProbeArrays[],
  gd: readonly ProbeArrays[],
  zsl: readonly ProbeArrays[],
  shape: ProbeShape,
): LayerScores {
  requireAttentionScores({ lcgd, gd, zsl }, shape);
  return mapUpdateCosines(lcgd, gd, zsl, shape);
}

function mapCosines(a: readonly ProbeArrays[], b: readonly ProbeArrays[], shape: ProbeShape): LayerScores {
  return scoreHeads(a, shape, (example, span) =>
    spanCosine(a[example]!.attentionScores, b[example]!.attentionScores, span),
  );
}

function mapUpdateCosines(
  a: readonly ProbeArrays[],
  b: readonly ProbeArrays[],
  zsl: readonly ProbeArrays[],
  shape: ProbeShape,
): LayerScores {
  return scoreHeads(zsl, shape, (example, span) =>
    definedCosine(updateProducts(mapsOf({ icl: a, zsl, other: b }, example), span), ROUNDING),
  );
}

const COSINE = { kind: 'layers', range: [-1, 1], moreAlike: 'higher' } as const;
const PAPER = 'arXiv 2311.07772v4';

/** What this file adds to the catalogue of metrics. */
export const attentionMapMetrics: readonly LayerMetric[] = [
  {
    ...COSINE,
    id: 'simam',
    order: 3,
    label: 'SimAM',
    formula: 'cos(m_ICL, m_FT), by head',
    source: 'Dai et al. 2023, arXiv 2212.10559',
    of: 'learner',
    definedWhen: 'neither vector is zero',
    score: ({ icl, ft }, shape) => simAM(icl, ft, shape),
  },
  {
    ...COSINE,
    id: 'simam_delta',
    order: 4,
    label: 'SimAM_Δ',
    formula: 'cos(m_ICL − m_ZSL, m_FT − m_ZSL), by head',
    source: `${PAPER}, similarity of attention maps' updates`,
    of: 'learner',
    definedWhen: 'both updates are longer than 1e-5 of m_ZSL',
    score: ({ icl, zsl, ft }, shape) => simAMDelta(icl, zsl, ft, shape),
  },
  {
    ...COSINE,
    id: 'simam_zsl',
    order: 2,
    label: 'SimAM (ZSL)',
    formula: 'cos(m_ICL, m_ZSL), by head',
    source: 'Dai et al. 2023, arXiv 2212.10559: the baseline before fine-tuning',
    of: 'baseline',
    definedWhen: 'neither vector is zero',
    score: ({ icl, zsl }, shape) => simAMZeroShot(icl, zsl, shape),
  },
  {
    ...COSINE,
    id: 'alpha',
    order: 1,
    label: 'α',
    formula: 'cos(m_LCGD − m_ZSL, m_GD − m_ZSL), by head',
    source: `${PAPER}, Figure 2`,
    of: 'pair',
    learners: ['LCGD', 'GD'],
    definedWhen: 'both updates are longer than 1e-5 of m_ZSL',
    score: ({ first, second, zsl }, shape) => alpha(first, second, zsl, shape),
  },
];
