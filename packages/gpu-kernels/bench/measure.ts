import type { Gpu } from '../src/runtime/gpu.ts';

export interface Case {
  readonly name: string;
  /** Floating-point operations of one call that its definition asks for (a multiply-add is two, an exponential one). */
  readonly flops: number;
  readonly run: () => void;
}

export interface Measurement {
  readonly name: string;
  readonly gflopPerSecond: number;
  /** CPU time of all threads, the driver's included: what a software adapter spends. */
  readonly gflopPerCpuSecond: number;
  /** Seconds until the first result: compiling and one call. */
  readonly firstSeconds: number;
}

/** Repeats each case in rounds, so that a busy machine disturbs all alike; keeps the best round. */
export async function measure(
  gpu: Gpu,
  cases: readonly Case[],
  { rounds, roundSeconds }: { rounds: number; roundSeconds: number },
): Promise<Measurement[]> {
  const plans = [];
  for (const one of cases) {
    const first = await timed(gpu, one, 1);
    const warm = await timed(gpu, one, 2);
    const calls = Math.max(1, Math.round((2 * roundSeconds) / warm.wall));
    plans.push({ one, calls, firstSeconds: first.wall, wall: Infinity, cpu: Infinity });
  }
  for (let round = 0; round < rounds; round++) {
    for (const plan of plans) {
      const { wall, cpu } = await timed(gpu, plan.one, plan.calls);
      plan.wall = Math.min(plan.wall, wall / plan.calls);
      plan.cpu = Math.min(plan.cpu, cpu / plan.calls);
    }
  }
  return plans.map(({ one, firstSeconds, wall, cpu }) => ({
    name: one.name,
    gflopPerSecond: one.flops / wall / 1e9,
    gflopPerCpuSecond: one.flops / cpu / 1e9,
    firstSeconds,
  }));
}

/** Microseconds of this thread's CPU time that it takes to record and submit a dispatch: the best round. */
export async function dispatchCost(gpu: Gpu, record: () => void, rounds: number): Promise<number> {
  const dispatches = 2048;
  // Node 24, which measurements run on, has it; the types are those of the oldest Node that the packages run on.
  const here = process as typeof process & { threadCpuUsage: typeof process.cpuUsage };
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    await gpu.finish();
    const before = here.threadCpuUsage();
    for (let i = 0; i < dispatches; i++) record();
    const { user, system } = here.threadCpuUsage(before);
    best = Math.min(best, (user + system) / dispatches);
  }
  return best;
}

async function timed(gpu: Gpu, { run }: Case, calls: number): Promise<{ wall: number; cpu: number }> {
  await gpu.finish();
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  await gpu.finish();
  const wall = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / 1e6 };
}
