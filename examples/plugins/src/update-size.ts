import { type OwnMetric, requireAttentionOutputs, row, scoreLayers } from '@icl-gd/metrics';

const length = (vector: Float64Array): number => Math.hypot(...vector);

/** Two metrics: one by layer, of what was recorded, and one of predicted classes. */
export const metrics: readonly OwnMetric[] = [
  {
    kind: 'layers',
    of: 'learner',
    id: 'update_size',
    label: 'size of the update',
    formula: '|h_FT - h_ZSL| / |h_ICL - h_ZSL|',
    source: 'an example',
    range: [0, null],
    moreAlike: null,
    definedWhen: 'ICL changes h',
    score({ icl, zsl, ft }, shape) {
      requireAttentionOutputs({ icl, zsl, ft }, shape);
      return scoreLayers(shape.layers, icl.length, (example, layer) => {
        const [own, base, tuned] = [icl, zsl, ft].map((probes) =>
          row(probes[example]?.attentionOutput ?? [], layer, shape.dModel),
        ) as [Float64Array, Float64Array, Float64Array];
        const change = (of: Float64Array): number => length(of.map((value, i) => value - (base[i] ?? NaN)));
        return [change(own) === 0 ? null : change(tuned) / change(own)];
      });
    },
  },
  {
    kind: 'predictions',
    of: 'learner',
    id: 'same_class',
    label: 'same class as ICL',
    formula: 'share of examples of which ICL and FT predict the same class',
    source: 'an example',
    range: [0, 1],
    moreAlike: 'higher',
    definedWhen: 'there is an example',
    score: ({ icl, ft }) =>
      icl.length === 0 ? null : icl.filter((predicted, i) => predicted === ft[i]).length / icl.length,
  },
];
