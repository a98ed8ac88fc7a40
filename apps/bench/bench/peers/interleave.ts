import { setTimeout as sleep } from 'node:timers/promises';
import { collectGarbage } from '../../../../packages/gpu-kernels/src/platform/node/garbage.ts';
import type { Contender, Usage } from './contender.ts';

/** What a process at rest uses of CPU time in so many milliseconds, and how often it is asked whether it rests. */
const REST = { cpu: 1, of: 20, tries: 25 };

/** What a contender took for one call, one entry a round. */
export interface Timing {
  readonly name: string;
  readonly rounds: readonly Usage[];
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Lets contenders take turns (A B C A B C …), so that a busy machine disturbs all alike. Each has compiled and done its work
 * once before; a turn is as many calls as take about `seconds`, one call if absent, and begins when the process is at rest.
 */
export async function takeTurns(
  contenders: readonly Contender[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds?: number },
): Promise<Timing[]> {
  const plans = [];
  for (const contender of contenders) {
    const calls =
      seconds === undefined ? 1 : Math.max(1, Math.round(seconds / (await contender.run(1)).wall));
    plans.push({ contender, calls, rounds: [] as Usage[] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const plan of plans) {
      await rest();
      const { wall, cpu } = await plan.contender.run(plan.calls);
      plan.rounds.push({ wall: wall / plan.calls, cpu: cpu / plan.calls });
    }
  }
  return plans.map((plan) => ({ name: plan.contender.name, rounds: plan.rounds }));
}

/** What the last turn left does not count in the next: garbage, and threads that look out for more work. */
async function rest(): Promise<void> {
  collectGarbage();
  for (let i = 0; i < REST.tries; i++) {
    const before = process.cpuUsage();
    await sleep(REST.of);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1e3 < REST.cpu) return;
  }
}

/** How many times as long the other took as the first did, round by round. */
export function ratios(first: Timing, other: Timing, measure: keyof Usage): Spread {
  return spread(first.rounds.map((usage, i) => (other.rounds[i] as Usage)[measure] / usage[measure]));
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (index: number): number => sorted[index] as number;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}
