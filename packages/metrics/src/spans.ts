import { type LayerScores, scoreLayers } from './layer-scores.ts';
import type { ProbeArrays, ProbeShape } from './probes.ts';
import type { Triple } from './update-pairs.ts';
import type { Span } from './vectors.ts';

type Probes = readonly ProbeArrays[];

/** Probes of the same examples under three settings. */
export interface SettingsCompared {
  readonly icl: Probes;
  readonly zsl: Probes;
  readonly other: Probes;
}

/** h of one example. */
export function outputsOf({ icl, zsl, other }: SettingsCompared, example: number): Triple {
  return {
    icl: icl[example]!.attentionOutput,
    zsl: zsl[example]!.attentionOutput,
    other: other[example]!.attentionOutput,
  };
}

/** m of one example. */
export function mapsOf({ icl, zsl, other }: SettingsCompared, example: number): Triple {
  return {
    icl: icl[example]!.attentionScores,
    zsl: zsl[example]!.attentionScores,
    other: other[example]!.attentionScores,
  };
}

/** Where a layer's h lies. */
export function outputSpan({ dModel }: ProbeShape, layer: number): Span {
  return { start: layer * dModel, width: dModel };
}

/** Where m of a layer's head lies. */
export function headSpan(
  { attentionScores }: ProbeArrays,
  { layers, heads }: ProbeShape,
  layer: number,
  head: number,
): Span {
  const width = attentionScores.length / (layers * heads);
  return { start: (layer * heads + head) * width, width };
}

/** A value, or none, of every head of every example. */
export function scoreHeads(
  probes: Probes,
  shape: ProbeShape,
  value: (example: number, span: Span) => number | null,
): LayerScores {
  return scoreLayers(shape.layers, probes.length, (example, layer) =>
    Array.from({ length: shape.heads }, (_, head) =>
      value(example, headSpan(probes[example]!, shape, layer, head)),
    ),
  );
}
