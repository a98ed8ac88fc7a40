import { type AdapterDescription, describeAdapter } from './description.ts';

/** An adapter that a device can be opened on. */
export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly description: AdapterDescription;
  /** What the user may want to know where a software adapter was not expected. */
  readonly hint?: string;
}

const REQUESTS: readonly GPURequestAdapterOptions[] = [
  { powerPreference: 'high-performance' },
  { powerPreference: 'low-power' },
  { forceFallbackAdapter: true },
];

/** The adapters that WebGPU has, each once, hardware first. */
export async function adaptersOf(gpu: GPU, source: AdapterDescription['source']): Promise<FoundAdapter[]> {
  const found = new Map<string, FoundAdapter>();
  for (const request of REQUESTS) {
    const adapter = await gpu.requestAdapter(request);
    if (!adapter) continue;
    const description = describeAdapter(adapter.info, source);
    if (!found.has(description.description)) found.set(description.description, { adapter, description });
  }
  return [...found.values()].sort(
    (a, b) => Number(a.description.kind === 'software') - Number(b.description.kind === 'software'),
  );
}

/**
 * Whether an adapter is one of those that a choice names.
 * @param wanted `auto`, `hardware`, `software` or part of a name, in lower case
 */
export function fits(adapter: AdapterDescription, wanted: string): boolean {
  if (wanted === 'auto') return true;
  if (wanted === 'hardware' || wanted === 'software') return adapter.kind === wanted;
  const names = [adapter.description, adapter.profile, adapter.vendor, adapter.device];
  return wanted !== '' && names.some((name) => name.toLowerCase().includes(wanted));
}
