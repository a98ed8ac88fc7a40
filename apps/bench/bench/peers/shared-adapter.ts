import { findAdapter } from '../../../../packages/gpu-kernels/src/platform/node/adapters.ts';

/**
 * Gives the process a `navigator.gpu` that has one adapter, the one that `acquireGpu({ adapter })` takes: libraries for
 * browsers ask for it, and share the bindings and their polling with us.
 */
export function shareAdapter(choice: string): void {
  const { navigator } = globalThis as unknown as { readonly navigator: object };
  const gpu = {
    async requestAdapter(): Promise<GPUAdapter> {
      // Without it, or we would be asked for the adapter that we are looking for.
      hide();
      try {
        return (await findAdapter(choice)).adapter;
      } finally {
        show();
      }
    },
    getPreferredCanvasFormat: (): string => 'bgra8unorm',
    wgslLanguageFeatures: new Set<string>(),
  };
  const show = (): void => {
    Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  };
  const hide = (): void => {
    Reflect.deleteProperty(navigator, 'gpu');
  };
  show();
}
