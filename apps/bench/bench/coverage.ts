/**
 * How often 95 % intervals hold the true mean, simulated: seeds and examples crossed, with and without an effect of the seed.
 *
 *   npm run bench:coverage -w apps/bench -- [--replications 2000] [--examples 100] [--resamples 400]
 */
import { parseArgs } from 'node:util';
import { EFFECTS, simulateCoverage } from '../src/results/inference/testing/simulate-coverage.ts';

const { values } = parseArgs({
  options: {
    replications: { type: 'string', default: '2000' },
    examples: { type: 'string', default: '100' },
    resamples: { type: 'string', default: '400' },
  },
});
const settings = {
  replications: Number(values.replications),
  examples: Number(values.examples),
  resamples: Number(values.resamples),
};
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`.padStart(7);
console.log(
  `${settings.replications} replications of ${settings.examples} examples, ${settings.resamples} resamples; 95 % intervals hold the true mean in`,
);
console.log('| seeds | effects | printed | t over seeds | bootstrap |\n| --- | --- | --- | --- | --- |');
for (const effects of EFFECTS)
  for (const seeds of [3, 5, 10]) {
    const coverage = simulateCoverage({ ...settings, seeds, effects });
    console.log(
      `| ${[String(seeds), effects.name, percent(coverage.printed), percent(coverage.seeds), percent(coverage.bootstrap)].join(' | ')} |`,
    );
  }
