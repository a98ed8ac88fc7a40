/** Invocations of a subgroup; undefined where the device has no subgroups or their size may vary. */
export function fixedSubgroupSize(device: Pick<GPUDevice, 'features' | 'adapterInfo'>): number | undefined {
  if (!device.features.has('subgroups')) return undefined;
  // Some runtimes have no `adapterInfo`, or no sizes in it.
  const info = device.adapterInfo as Partial<GPUAdapterInfo> | undefined;
  return info?.subgroupMinSize === info?.subgroupMaxSize ? info?.subgroupMinSize : undefined;
}
