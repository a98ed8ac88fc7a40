import type { AdapterDescription } from '../../device/description.ts';

/** A browser says by itself when work is done. */
export function waitBegins(_kind: AdapterDescription['kind']): () => void {
  return () => {};
}
