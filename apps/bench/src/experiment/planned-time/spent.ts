/** Seconds by the clock, and of the processor, all threads together. */
export interface Spent {
  readonly clock: number;
  readonly cpu: number;
}

export const NOTHING: Spent = { clock: 0, cpu: 0 };

export async function timed<T>(work: () => Promise<T>): Promise<[Spent, T]> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return [{ clock: (performance.now() - start) / 1e3, cpu: (user + system) / 1e6 }, result];
}

export function sum(...all: readonly Spent[]): Spent {
  return all.reduce((a, b) => ({ clock: a.clock + b.clock, cpu: a.cpu + b.cpu }), NOTHING);
}

/** @param factor one for both, or one each */
export function times({ clock, cpu }: Spent, factor: number | Spent): Spent {
  const by = typeof factor === 'number' ? { clock: factor, cpu: factor } : factor;
  return { clock: clock * by.clock, cpu: cpu * by.cpu };
}

/** One as a share of another; of nothing nothing. */
export function over(a: Spent, b: Spent): Spent {
  const share = (of: keyof Spent): number => (b[of] > 0 ? a[of] / b[of] : 0);
  return { clock: share('clock'), cpu: share('cpu') };
}

/** The rest of a time without a part of it; of what was measured apart the part may be more than the whole. */
export function without(all: Spent, part: Spent): Spent {
  return { clock: Math.max(0, all.clock - part.clock), cpu: Math.max(0, all.cpu - part.cpu) };
}
