import type { AdapterDescription } from '../../device/description.ts';

/** A small batch on a graphics card is through in less; longer ones are not worth a core. */
const EAGER_MS = 0.5;
/** Dawn's own poll keeps one core busy; on software adapters that core is needed for the work itself. */
const INTERVAL_MS = 1;

let eagerUntil = -Infinity;

/**
 * Tells that somebody begins to wait for a device: a graphics card is asked again and again for a fraction of a millisecond,
 * then once a millisecond, a software adapter once a millisecond from the beginning.
 */
export function waitBegins(kind: AdapterDescription['kind'], now = performance.now()): void {
  if (kind === 'hardware') eagerUntil = now + EAGER_MS;
}

/** Milliseconds until the device is asked next; 0 for as soon as the event loop is through. */
export function pollDelay(now = performance.now()): number {
  return now < eagerUntil ? 0 : INTERVAL_MS;
}
