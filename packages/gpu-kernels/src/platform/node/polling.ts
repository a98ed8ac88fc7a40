import type { AdapterDescription } from '../../device/description.ts';

/** A small batch on a graphics card is through in less; longer ones are not worth a core. */
const EAGER_MS = 0.5;
/** Dawn's own poll keeps one core busy; on software adapters that core is needed for the work itself. */
const INTERVAL_MS = 1;
/** A poll takes about 40 µs of CPU time: whoever waits for long is told a little later. */
const SHARE_OF_WAIT = 1 / 16;
/**
 * Polls never lie further apart, a thousandth of a core: who asks may have waited for something else before, pipelines or
 * longer passes, and would be told late.
 */
const LONGEST_MS = 32;
/** Nobody asks for so much of the shortest of the last waits. */
const QUIET = { share: 0.5, waits: 4 };

let eagerUntil = -Infinity;
/** When a device last had something new to do for somebody who waits, or was done with something. */
let since = -Infinity;
const waiting = { hardware: 0, software: 0 };
/** Of waits for software adapters. */
let last: number[] = [];

/**
 * Tells that somebody begins to wait for a device: a graphics card is asked again and again for a fraction of a millisecond,
 * then at intervals, a software adapter first when it may be done, by how long the last waits took, then at intervals.
 * @returns to be called when the wait is over
 */
export function waitBegins(
  kind: AdapterDescription['kind'],
  now = performance.now(),
): (end?: number) => void {
  if (kind === 'hardware') eagerUntil = now + EAGER_MS;
  if (isIdle()) since = now;
  waiting[kind]++;
  return (end = performance.now()) => {
    waiting[kind]--;
    if (kind === 'software') last = [end - since, ...last].slice(0, QUIET.waits);
    since = end;
  };
}

/** Tells that a device is asked from now on. */
export function pollingBegins(now = performance.now()): void {
  if (isIdle()) since = now;
}

/** Milliseconds until the device is asked next; 0 for as soon as the event loop is through. */
export function pollDelay(now = performance.now()): number {
  if (now < eagerUntil) return 0;
  const elapsed = now - since;
  const isQuiet = waiting.software > 0 && waiting.hardware === 0 && last.length === QUIET.waits;
  const quiet = isQuiet ? QUIET.share * Math.min(...last) : 0;
  const delay = elapsed < quiet ? quiet - elapsed : elapsed * SHARE_OF_WAIT;
  return Math.min(Math.max(INTERVAL_MS, delay), LONGEST_MS);
}

/** Whether nobody waits: a device may still be asked, for its pipelines. */
function isIdle(): boolean {
  return waiting.hardware + waiting.software === 0;
}
