/**
 * Writes the tables of made-up trials and says what it took.
 *
 *   npm run bench:results -w apps/bench -- [--trials 1000] [--examples 2000]
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureTrial } from '../src/results/measured.ts';
import { trialTables } from '../src/results/rows.ts';
import { seedMeans } from '../src/results/seed-means.ts';
import { writeTrialTables } from '../src/results/write-results.ts';
import { madeUpTrials } from '../src/testing/made-up-trials.ts';

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '1000' },
    examples: { type: 'string', default: '2000' },
  },
});
const size = { trials: Number(values.trials), examples: Number(values.examples), layers: 24, steps: 32 };
const folder = await mkdtemp(join(tmpdir(), 'icl-gd-results-'));
try {
  const tables = trialTables({ taskOptions: 2, releasedNorms: false, noiseFloor: false });
  const cells: ReturnType<typeof measureTrial> = [];
  const start = performance.now();
  await writeTrialTables(folder, 'made-up', tables, madeUpTrials(size), (result) => {
    for (const cell of measureTrial(result)) cells.push(cell);
  });
  seedMeans(cells);
  const seconds = (performance.now() - start) / 1000;
  const sizes = await Promise.all(tables.map(({ file }) => stat(join(folder, file))));
  const bytes = sizes.reduce((total, own) => total + own.size, 0);
  console.log(
    `${2 * size.trials} cells × ${size.examples} examples: ${(bytes / 2 ** 20).toFixed(0)} MiB of tables in ${seconds.toFixed(1)} s, peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
  );
} finally {
  await rm(folder, { recursive: true });
}
