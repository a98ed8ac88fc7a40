import type { Kernel } from '../../runtime/kernel.ts';

/** What the environment variable ICL_GD_DEBUG asks for: with `wgsl` in it, the text of each kernel on standard error. */
export function askedByEnvironment(): { onCompile?: (kernel: Kernel) => void } {
  const asked = (process.env['ICL_GD_DEBUG'] ?? '').split(',');
  return asked.includes('wgsl') ? { onCompile: printKernel } : {};
}

function printKernel({ label, wgsl }: Kernel): void {
  process.stderr.write(`// ${label}\n${wgsl}\n`);
}
