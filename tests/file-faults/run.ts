import '@icl-gd/gpu-kernels/testing/setup';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pcg64 } from '@icl-gd/transformer';
import { durationOf, killTrial } from './kill.ts';
import { type Scenario, makeInputs, scenarios } from './scenarios.ts';
import { FAULTS, type Undisturbed, faultTrial, undisturbed } from './trial.ts';

const USAGE = `npm run test:faults -- [options]
  --only <text>   scenarios whose name contains this; may be repeated
  --kills <n>     processes killed at random moments, of each scenario (default: 25)
  --seed <n>      of the moments (default: 1)
  --every <n>     try each n-th step alone (default: 1)`;

interface Counts {
  readonly name: string;
  steps: number;
  trials: number;
  kills: number;
  killed: number;
  failed: number;
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: [] },
        kills: { type: 'string', default: '25' },
        seed: { type: 'string', default: '1' },
        every: { type: 'string', default: '1' },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

const options = readOptions();
const folder = mkdtempSync(join(tmpdir(), 'icl-gd-faults-'));
const inputs = join(folder, 'inputs');
const out = join(folder, 'trial', 'results', 'out');
const random = new Pcg64(Number(options.seed));

async function tryAll(scenario: Scenario): Promise<Counts> {
  const whole = await undisturbed(scenario, out, inputs);
  const counts = {
    name: scenario.name,
    steps: whole.steps.length,
    ...{ trials: 0, kills: 0, killed: 0, failed: 0 },
  };
  const report = (what: string, wrong: readonly string[]): void => {
    if (wrong.length === 0) return;
    counts.failed++;
    console.log(`FAILED ${scenario.name}, ${what}:\n  ${wrong.join('\n  ')}`);
  };
  for (let at = 0; at < whole.steps.length; at += Number(options.every)) {
    const { operation, path } = whole.steps[at] as Undisturbed['steps'][number];
    for (const fault of FAULTS) {
      const wrong = await faultTrial(scenario, { out, inputs, whole }, at, fault);
      counts.trials++;
      report(`${fault} at step ${at} (${operation} ${path})`, wrong);
    }
  }
  const kills = Number(options.kills);
  const took = kills > 0 ? await durationOf(scenario, out, inputs) : 0;
  for (; counts.kills < kills; counts.kills++) {
    const moment = random.random() * took;
    const { killed, wrong } = await killTrial(scenario, { out, inputs, whole }, { after: moment });
    if (killed) counts.killed++;
    report(`killed after ${moment.toFixed(0)} of ${took.toFixed(0)} ms`, wrong);
  }
  return counts;
}

const chosen = scenarios.filter(
  ({ name }) => options.only.length === 0 || options.only.some((text) => name.includes(text)),
);
const all: Counts[] = [];
try {
  await makeInputs(inputs);
  for (const scenario of chosen) {
    const counts = await tryAll(scenario);
    all.push(counts);
    const { name, steps, trials, kills, killed, failed } = counts;
    console.log(
      `${name}: ${steps} steps, ${trials} faults; ${kills} kills, ${killed} of them before it was done; ${failed} failed`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const sum = (of: (counts: Counts) => number): number => all.reduce((total, counts) => total + of(counts), 0);
console.log(
  `all: ${sum(({ trials }) => trials)} faults and ${sum(({ kills }) => kills)} kills, ${sum(({ failed }) => failed)} failed`,
);
// Dawn's bindings would keep the process alive.
process.exit(sum(({ failed }) => failed) === 0 ? 0 : 1);
