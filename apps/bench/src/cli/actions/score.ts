import { UserError } from '@icl-gd/gpu-kernels/errors';
import { beginWriting } from '../../experiment/inputs.ts';
import { readProbeFolder } from '../../experiment/recorded/probe-folder.ts';
import { groupTrials, recordedTrialName } from '../../experiment/recorded/recorded-trials.ts';
import { scoreRecordedTrial } from '../../experiment/recorded/score-trial.ts';
import type { TrialResult } from '../../experiment/trial-result.ts';
import { catalogueWith } from '../../plugins/checked-metric.ts';
import { loadMetricFiles } from '../../plugins/metric-file.ts';
import { renderSummary } from '../../results/print-summary.ts';
import { measureScores, requireNoRun, writeScores } from '../../results/write-scores.ts';
import { doing } from '../../terminal/heartbeat.ts';
import { fromWhereTyped } from '../../terminal/place-typed.ts';
import { print, say } from '../../terminal/print.ts';
import { counted, listed } from '../../terminal/words.ts';
import type { RawScoreOptions } from '../raw-options.ts';

const COUNTS = ['examples', 'demonstrations_in_context'];

/**
 * Computes every metric that recorded probes allow, prints the summary and, with `--out`, writes the tables of a run. Says what
 * could not be computed and why.
 *
 * @throws UserError if `--probes` is missing or holds something that is not understood, if nothing can be computed, or
 *   `--out` cannot be written
 */
export async function scoreProbes({ probes, out, metricFile = [] }: RawScoreOptions): Promise<void> {
  if (!probes) throw new UserError('--probes is missing: a folder of .safetensors files');
  if (out === '') throw new UserError('--out is empty; without it nothing is written');
  const catalogue = catalogueWith(await loadMetricFiles(metricFile));
  const folder = await readProbeFolder(probes, (done, total) =>
    doing({ text: 'reading headers', done, total }),
  );
  const { model, trials } = groupTrials(folder.tensors);
  if (out !== undefined) {
    requireNoRun(out);
    await beginWriting(out);
  }
  if (folder.otherFiles.length > 0) say(`no probes, not read: ${listed(folder.otherFiles, 4)}`);
  if (folder.unused.length > 0)
    say(`${counted(folder.unused.length, 'kind')} of tensors no metric needs: ${listed(folder.unused, 4)}`);
  const total = trials.reduce((sum, { settings }) => sum + settings.size, 0);
  const results: TrialResult[] = [];
  const sizes = new Set<string>();
  let done = 0;
  for (const trial of trials) {
    const name = recordedTrialName(trial);
    const { result, shape, lacking } = await scoreRecordedTrial(
      trial,
      (setting) => doing({ text: `scoring ${name} ${setting}`, done: done++, total }),
      catalogue,
    );
    results.push(result);
    sizes.add(
      `${counted(result.prepared.validationRows.length, 'example')}, ${counted(shape.layers, 'layer')}, ${counted(shape.heads, 'head')}, d_model ${shape.dModel}`,
    );
    for (const line of lacking) say(`${name}: ${line}`);
    if (trial.unsaid.length > 0)
      say(`${name}: the files say no ${trial.unsaid.join(', no ')}: 0 in the tables`);
  }
  if (trials.some(({ repeatsBaselines }) => repeatsBaselines))
    say(
      'of some learners there are several learning rates: rows tell them apart, means over seeds and orders are over them, too; folders of their own keep them apart',
    );
  const run = measureScores(model, results);
  if (run.cells.every(({ numbers }) => [...numbers.keys()].every((metric) => COUNTS.includes(metric))))
    throw new UserError(`${probes}: nothing can be computed of what is there`);
  if (out !== undefined) await writeScores(out, run, results);
  // Extents that were taken for one another show here.
  print(`read: ${[...sizes].join('; ')}`);
  print(renderSummary(run));
  if (out !== undefined) print(`tables: ${fromWhereTyped(out)}`);
}
