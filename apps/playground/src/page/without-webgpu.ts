/** Why this browser cannot compute, and what to do; undefined where it can, as far as can be seen. */
export function withoutWebGpu(): string | undefined {
  if (!globalThis.isSecureContext)
    return 'WebGPU is there for pages from https:// or localhost alone: open this page from one of them.';
  if ('gpu' in navigator && navigator.gpu) return undefined;
  return (
    'This browser has no WebGPU, so that nothing can be computed here. Chrome and Edge have it from version 113 on, Safari ' +
    'from 26 on, Firefox from 141 on (Windows) and 145 on (macOS); on Linux, Chrome may need chrome://flags/#enable-unsafe-webgpu. ' +
    'Graphics acceleration must be on in the settings of the browser.'
  );
}
