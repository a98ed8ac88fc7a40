import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Lets the runtime find out what nobody refers to. What a driver keeps for a bind group is freed with its JavaScript object,
 * whose size says nothing of that: without being told, the runtime may wait until the driver has no room for more.
 */
export function collectGarbage(): void {
  collect ??= exposed();
  collect();
}

/** Another runtime than Node may not have it, and then frees bind groups as it pleases. */
function exposed(): () => void {
  try {
    setFlagsFromString('--expose-gc');
    return runInNewContext('gc') as () => void;
  } catch {
    return () => {};
  }
}
