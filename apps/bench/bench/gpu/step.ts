import { type DawnSwitch, type Gpu, acquireGpu } from '@icl-gd/gpu-kernels';

/** What a step finds: a line of JSON. */
export type Row = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** How the measurements are made. */
export interface Plan {
  readonly adapter: string;
  /** Small sizes and one round: to see that everything runs. */
  readonly quick: boolean;
  /** Of the model end to end. */
  readonly shape: '1.3b' | 'tiny';
}

/** A part of the plan, run in a process of its own. */
export interface Step {
  readonly title: string;
  /** After which it is ended; what it has reported by then counts. */
  readonly seconds: number;
  /** Found wrong: nothing is measured after it. */
  readonly essential?: boolean;
  readonly run: (plan: Plan, report: (row: Row) => void) => Promise<void>;
}

/** Opens the adapter, with timestamps where it has them. */
export function open({ adapter }: Plan, dawn: readonly DawnSwitch[] = []): Promise<Gpu> {
  return acquireGpu({ adapter, dawn, profile: true });
}

/** A size of the plan, or one a thirty-second of it; what is odd stays odd, what is a multiple of 4 stays one. */
export function sized({ quick }: Plan, size: number): number {
  if (!quick || size < 128) return size;
  const small = Math.max(4, Math.round(size / 128) * 4);
  return size % 4 === 0 ? small : small + (size % 4);
}

/** Of a call in milliseconds. */
export interface Timing {
  /** By the device's timestamps, without what lies between dispatches; by the clock where there are none. */
  readonly ms: number;
  /** By the clock, many calls one after another. */
  readonly clockMs: number;
  readonly clock: 'timestamps' | 'host';
  /** The kernels that ran, those that took longest first. */
  readonly kernels: readonly string[];
}

/** Calls that fill this many milliseconds are a round. */
const ROUND_MS = 60;
const ROUNDS = 3;
const MOST_CALLS = 200;

/**
 * Times a call; the best of some rounds. `call` is given a number that goes up, to choose among inputs so that none stays in a
 * cache.
 */
export async function timed(gpu: Gpu, { quick }: Plan, call: (i: number) => void): Promise<Timing> {
  let next = 0;
  const clock = async (calls: number): Promise<number> => {
    await gpu.finish();
    const start = performance.now();
    for (let i = 0; i < calls; i++) call(next++);
    await gpu.finish();
    return (performance.now() - start) / calls;
  };
  await clock(1);
  const once = await clock(1);
  const calls = quick ? 1 : Math.max(1, Math.min(MOST_CALLS, Math.round(ROUND_MS / once)));
  const rounds = quick ? 1 : ROUNDS;
  let clockMs = once;
  for (let round = 0; round < rounds; round++) clockMs = Math.min(clockMs, await clock(calls));
  if (!gpu.device.features.has('timestamp-query'))
    return { ms: clockMs, clockMs, clock: 'host', kernels: [] };
  let ms = Infinity;
  let kernels: readonly string[] = [];
  for (let round = 0; round < rounds; round++) {
    const profile = gpu.profile({ maxDispatches: 0 });
    for (let i = 0; i < calls; i++) call(next++);
    const result = await profile.end();
    ms = Math.min(ms, result.kernels.reduce((sum, own) => sum + own.ms, 0) / calls);
    kernels = result.kernels.map(({ label }) => label);
  }
  return { ms, clockMs, clock: 'timestamps', kernels };
}

/** To four digits: a clock's others mean nothing. */
export function round(value: number): number {
  return Number(value.toPrecision(4));
}
