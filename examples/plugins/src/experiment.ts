import { join } from 'node:path';
import { experiment } from '@icl-gd/bench';

/*
 * The same run as from the command line:
 *
 *   node src/experiment.ts <model> <data> <out>
 */
const [model = 'model', data = 'data', out = 'results'] = process.argv.slice(2);
const here = (file: string): string => join(import.meta.dirname, file);

const run = await experiment(
  {
    ...{ model, data, out, datasets: ['mr'], adapter: process.env['ICL_GD_ADAPTER'] ?? 'auto' },
    methods: ['gd', 'taskvector', 'momentum'],
    ...{ shots: 6, seeds: [5], examples: 8, learningRate: 0.01, probe: 'prompt' },
    learnerFiles: [here('task-vector.ts'), here('momentum.ts')],
    metricFiles: [here('update-size.ts')],
    familyFiles: [here('nanogpt.ts')],
  },
  { line: (text) => console.error(text) },
);
for (const { method, numbers } of run.cells) {
  for (const metric of ['simaou', 'update_size', 'same_class'])
    if (numbers.has(metric)) console.log([method, metric, numbers.get(metric)?.toFixed(4)].join('\t'));
}
process.exit(0); // the device's driver would keep the process alive
