import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Scenario } from './scenarios.ts';
import { type Undisturbed, wrongAfterwards } from './trial.ts';

/** Printed by a child when its command begins. */
export const BEGUN = 'begun';
const CHILD = join(import.meta.dirname, 'child.ts');

/** When a process is killed: so many milliseconds after its command began, or at a step that writes. */
type Moment = { readonly after: number } | { readonly step: number };

/** Runs a scenario in a process of its own; gives the milliseconds that the command took, or undefined if it was killed. */
async function inChild(
  scenario: Scenario,
  out: string,
  inputs: string,
  moment?: Moment,
): Promise<number | undefined> {
  const step = moment && 'step' in moment ? [`${moment.step}`] : [];
  const child = spawn(process.execPath, [CHILD, scenario.name, out, inputs, ...step], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let begun = 0;
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    if (begun > 0 || !chunk.toString().includes(BEGUN)) return;
    begun = performance.now();
    if (moment && 'after' in moment) timer = setTimeout(() => child.kill('SIGKILL'), moment.after);
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...ended) => resolve(ended));
  });
  clearTimeout(timer);
  if (signal !== null) return undefined;
  if (code !== 0) throw new Error(`${scenario.name}: the child ended with ${code}`);
  return performance.now() - begun;
}

interface Place {
  readonly out: string;
  readonly inputs: string;
  readonly whole: Undisturbed;
}

/**
 * Kills a scenario's process at a moment of its command, and runs it again unhindered.
 * @returns whether it was killed before it was done, and what is wrong afterwards
 */
export async function killTrial(
  scenario: Scenario,
  { out, inputs, whole }: Place,
  moment: Moment,
): Promise<{ readonly killed: boolean; readonly wrong: string[] }> {
  begin(scenario, out, inputs);
  const took = await inChild(scenario, out, inputs, moment);
  return { killed: took === undefined, wrong: await wrongAfterwards(scenario, { out, inputs, whole }) };
}

/** Milliseconds that a scenario's command takes in a process of its own. */
export async function durationOf(scenario: Scenario, out: string, inputs: string): Promise<number> {
  begin(scenario, out, inputs);
  return (await inChild(scenario, out, inputs)) as number;
}

function begin(scenario: Scenario, out: string, inputs: string): void {
  rmSync(dirname(out), { recursive: true, force: true });
  mkdirSync(dirname(out), { recursive: true });
  scenario.prepare?.(out, inputs);
}
