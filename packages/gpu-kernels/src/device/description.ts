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
  /** Where the driver comes from. */
  readonly source: 'system' | 'bundled';
}
