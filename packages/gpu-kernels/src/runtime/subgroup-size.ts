/** What a `GPUDevice` says of its subgroups. Some runtimes have no `adapterInfo`, or no sizes in it. */
export interface SubgroupFacts {
  readonly features: {
    /** Whether the device was opened with a feature. */
    has(feature: string): boolean;
  };
  readonly adapterInfo?: { readonly subgroupMinSize?: number; readonly subgroupMaxSize?: number };
}

/** Invocations of a subgroup; undefined where the device has no subgroups or their size may vary. */
export function fixedSubgroupSize(device: SubgroupFacts): number | undefined {
  if (!device.features.has('subgroups')) return undefined;
  const info = device.adapterInfo;
  return info?.subgroupMinSize === info?.subgroupMaxSize ? info?.subgroupMinSize : undefined;
}
