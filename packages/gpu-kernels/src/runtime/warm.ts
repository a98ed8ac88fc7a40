import type { Kernel } from './kernel.ts';
import type { PipelineCache } from './pipeline-cache.ts';

/** How far a list of kernels is compiled, and how to stop it. */
export interface WarmOptions {
  /** Told after each kernel. */
  readonly onProgress?: (progress: { readonly finished: number; readonly total: number }) => void;
  /** Looked at between kernels. */
  readonly signal?: AbortSignal;
}

/** As many at once keep every core of a machine busy, and few are under way when it is stopped. */
const AT_ONCE = 16;

/** Compiles kernels side by side; see `Gpu.warm`. */
export async function warm(
  pipelines: PipelineCache,
  kernels: Iterable<Kernel>,
  { onProgress, signal }: WarmOptions,
): Promise<void> {
  const all = [...new Set(kernels)];
  let [next, finished] = [0, 0];
  const stopped = new AbortController();
  const take = async (): Promise<void> => {
    while (next < all.length && !stopped.signal.aborted) {
      signal?.throwIfAborted();
      await pipelines.compile(all[next++] as Kernel);
      onProgress?.({ finished: ++finished, total: all.length });
    }
  };
  const compiling = Array.from({ length: AT_ONCE }, () =>
    take().catch((error: unknown) => {
      stopped.abort();
      throw error;
    }),
  );
  // Those that are under way end before the first error is thrown.
  await Promise.allSettled(compiling);
  await Promise.all(compiling);
}
