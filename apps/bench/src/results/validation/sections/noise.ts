import type { MetricCatalogue } from '@icl-gd/metrics';
import { groupBy } from '../../../experiment/group-by.ts';
import { type Inline, type Markdown, joined, table, written } from '../markdown.ts';
import type { NoiseFloor } from '../noise.ts';
import { BREAK, labelOf, number } from './show.ts';

export function noiseSection(noise: readonly NoiseFloor[], metrics?: MetricCatalogue): Markdown[] {
  if (noise.length === 0) return [];
  const datasets = [...new Set(noise.map(({ dataset }) => dataset))];
  const rows = groupBy(noise, ({ metric, method }) => `${labelOf(metric, metrics)}, ${method}`);
  const rates = datasets.map((id) => {
    const own = noise.filter(({ dataset }) => dataset === id).flatMap(({ learningRates }) => learningRates);
    return [...new Set(own)].join(' ');
  });
  return [
    written`## Noise floor`,
    table(
      ['metric, method', ...datasets.map((id, i) => `${id}, rate ${rates[i]}`)],
      [...rows].map(([name, own]) => [
        name,
        ...datasets.map((id) => joined(own.filter(({ dataset }) => dataset === id).map(showNoise), '')),
      ]),
    ),
    written`The score, and how far an example's score moves (root mean square) when only rounding does: with another order of summation in float32, with trained weights in float16, with recorded activations in float16. A score is signal as far as it is larger.`,
  ];
}

function showNoise({ value, changes }: NoiseFloor): Inline {
  if (value === null) return 'undefined';
  const lines = [...changes].map(
    ([perturbation, change]) => `${perturbation} ${change === null ? '–' : change.toPrecision(2)}`,
  );
  return joined([number(value), ...lines], BREAK);
}
