/** What runs the kernels, in words that go into every manifest. */
export interface AdapterDescription {
  readonly description: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  /** `software` runs on the CPU. */
  readonly kind: 'hardware' | 'software';
  /** Short name of a known software adapter, else the vendor: what `tuningFor` looks up. */
  readonly profile: string;
  /**
   * Where the driver comes from: the system's, the SwiftShader of an npm package, whatever `navigator.gpu` has (browsers,
   * Deno), or, of a device that was handed in, wherever its owner has it from.
   */
  readonly source: 'system' | 'bundled' | 'navigator' | 'given';
}

/** What a `GPUAdapterInfo` says of an adapter, as far as it does: browsers leave names empty. */
export interface AdapterFacts {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly device?: string;
  readonly description?: string;
  readonly isFallbackAdapter?: boolean;
}

/** Adapters that run on the CPU, by what of their name tells. */
const SOFTWARE = [
  ['llvmpipe', 'lavapipe'],
  ['swiftshader', 'swiftshader'],
] as const;

/**
 * Describes an adapter by its `GPUAdapterInfo`.
 * @param info that of an adapter (`adapter.info`) or a device (`device.adapterInfo`); undefined if there is none
 */
export function describeAdapter(
  info: AdapterFacts | undefined,
  source: AdapterDescription['source'],
): AdapterDescription {
  const { vendor = '', architecture = '', device = '', description = '' } = info ?? {};
  const names = `${architecture} ${device} ${description}`.toLowerCase();
  const known = SOFTWARE.find(([part]) => names.includes(part))?.[1];
  return {
    description: description || device || `${vendor} ${architecture}`.trim() || 'an adapter without a name',
    vendor,
    architecture,
    device,
    kind: known !== undefined || info?.isFallbackAdapter === true ? 'software' : 'hardware',
    profile: known ?? vendor,
    source,
  };
}
