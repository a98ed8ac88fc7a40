import { findAdapter } from '../../../../packages/gpu-kernels/src/platform/node/adapters.ts';

/**
 * Gives the process a `navigator.gpu` that has one adapter, the one that `acquireGpu({ adapter })` takes: libraries for
 * browsers ask for it, and share the bindings and their polling with us.
 * @param onError told what is wrong with what a library does with its device, which Dawn's bindings would print
 */
export function shareAdapter(choice: string, onError: (message: string) => void): void {
  const { navigator } = globalThis as unknown as { readonly navigator: object };
  const gpu = {
    async requestAdapter(): Promise<GPUAdapter> {
      // Without it, or we would be asked for the adapter that we are looking for.
      hide();
      try {
        return listeningTo((await findAdapter(choice)).adapter, onError);
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

/** The adapter, whose devices from now on report errors here alone. */
function listeningTo(adapter: GPUAdapter, onError: (message: string) => void): GPUAdapter {
  const request = adapter.requestDevice.bind(adapter);
  adapter.requestDevice = async (descriptor) => {
    const device = await request(descriptor);
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      onError((event as GPUUncapturedErrorEvent).error.message);
    });
    return device;
  };
  return adapter;
}
