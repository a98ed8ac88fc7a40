import type { AdapterDescription } from '../../device/description.ts';

/** A browser says by itself when work is done. */
export function waitBegins(_kind: AdapterDescription['kind'], _now?: number): (end?: number) => void {
  return () => {};
}

/** Nobody asks. */
export function pollingBegins(_now?: number): void {}

/** Nobody asks. */
export function pollDelay(_now?: number): number {
  return 0;
}
