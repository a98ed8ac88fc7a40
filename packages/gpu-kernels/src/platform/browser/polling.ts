/** A browser says by itself when work is done. */
export function waitBegins(): void {}

/** Nobody asks. */
export function pollDelay(): number {
  return 0;
}
