import { extname } from 'node:path';

/** A module's neighbour, for threads: `.ts` in the repository, `.js` where both were built. `name` has no ending. */
export function moduleBeside(url: string, name: string): URL {
  return new URL(`${name}${extname(new URL(url).pathname)}`, url);
}
