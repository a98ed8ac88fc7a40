import type { Kernel } from '../../runtime/kernel.ts';

/** Nothing is asked for by an environment: a page gives `onCompile` itself. */
export function askedByEnvironment(): { onCompile?: (kernel: Kernel) => void } {
  return {};
}
