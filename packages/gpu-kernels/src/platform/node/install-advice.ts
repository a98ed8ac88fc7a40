/** What a machine has that a WebGPU adapter needs. */
export interface Drivers {
  /** Whether the system has a Vulkan loader, or needs none. */
  readonly system: boolean;
  /** Whether `@sparticuz/chromium` is installed; `not-for-this-platform` where it has no driver for it. */
  readonly bundled: 'installed' | 'missing' | 'not-for-this-platform';
}

/** What to install where the bindings are missing. */
export function withoutBindings({ system, bundled }: Drivers): string {
  const needed = 'Node has no WebGPU of its own and the optional package webgpu is not installed';
  return system || bundled !== 'missing'
    ? `${needed}: npm install webgpu`
    : `${needed}: npm install webgpu @sparticuz/chromium (the second has a driver that runs on the CPU, as this machine has no Vulkan)`;
}
