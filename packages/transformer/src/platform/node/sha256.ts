import { createHash } from 'node:crypto';
import type { Sha256 } from '../sha256.ts';

/** A new digest; Node's own is ten times as fast as one in JavaScript. */
export function createSha256(): Sha256 {
  const hash = createHash('sha256');
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => hash.digest('hex'),
  };
}
