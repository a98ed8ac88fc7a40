import { UserError } from '../errors.ts';
import { bundledSwiftShader, hasSystemVulkanLoader, mapBundledLoader } from './bundled-swiftshader.ts';
import { dawn } from './dawn.ts';
import type { AdapterDescription } from './description.ts';
import { keepingMessages, printMessages, sortMessages } from './native-messages.ts';

export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly description: AdapterDescription;
  /** What the user may want to know where a software adapter was not expected. */
  readonly hint?: string;
}

const DRIVER_HINT = 'a Vulkan driver of the system cannot be used, ICL_GD_DEBUG=1 shows why';

/** Name the drivers to a Vulkan loader: the first from 1.3.207 on, the second before. */
const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'];

const CHOICES = ['auto', 'hardware', 'software', 'swiftshader', 'lavapipe'];

/**
 * Finds an adapter.
 * @param choice `auto` (hardware, else the system's software adapter, else the bundled SwiftShader), `hardware`,
 *   `software`, `swiftshader` (bundled), or any part of an adapter's name
 * @throws UserError (`no-adapter`) if there is none
 */
export async function findAdapter(choice: string): Promise<FoundAdapter> {
  const wanted = choice.trim().toLowerCase();
  const tried: string[] = [];
  let hint: { hint?: string } = {};
  if (wanted !== 'swiftshader') {
    const system = await quietly(systemAdapters);
    if (system.driverFailed) hint = { hint: DRIVER_HINT };
    for (const found of system.value) {
      if (matches(found.description, wanted)) return { ...found, ...hint };
      tried.push(found.description.description);
    }
  }
  if (['auto', 'software', 'swiftshader'].includes(wanted)) {
    const found = (await quietly(bundledAdapter)).value;
    if (found) return { ...found, ...hint };
  }
  const seen = tried.length > 0 ? `found only: ${tried.join('; ')}` : 'the system has no WebGPU adapter';
  throw new UserError(
    `no usable adapter for "${choice}" (${[seen, ...Object.values(hint)].join('; ')}); it may be ${CHOICES.join(', ')} or part of an adapter's name`,
    'no-adapter',
  );
}

export async function findAllAdapters(): Promise<AdapterDescription[]> {
  const found = (await quietly(systemAdapters)).value;
  const bundled = (await quietly(bundledAdapter)).value;
  return [...found, ...(bundled ? [bundled] : [])].map((entry) => entry.description);
}

/** Looks for adapters without the messages that mean nothing. */
async function quietly<T>(search: () => Promise<T>): Promise<{ value: T; driverFailed: boolean }> {
  const { value, lines } = await keepingMessages(search);
  const { other, driverFailed } = sortMessages(lines);
  printMessages(other);
  return { value, driverFailed };
}

function matches(adapter: AdapterDescription, wanted: string): boolean {
  if (wanted === 'auto') return true;
  if (wanted === 'hardware' || wanted === 'software') return adapter.kind === wanted;
  return [adapter.description, adapter.profile, adapter.vendor, adapter.device].some((name) =>
    name.toLowerCase().includes(wanted),
  );
}

/** Hardware first. */
async function systemAdapters(): Promise<FoundAdapter[]> {
  if (!hasSystemVulkanLoader()) return [];
  const gpu = await dawn([]);
  const requests: GPURequestAdapterOptions[] = [
    { powerPreference: 'high-performance' },
    { powerPreference: 'low-power' },
    { forceFallbackAdapter: true },
  ];
  const found = new Map<string, FoundAdapter>();
  for (const request of requests) {
    const adapter = await gpu.requestAdapter(request);
    if (!adapter) continue;
    const description = describe(adapter, 'system');
    if (!found.has(description.description)) found.set(description.description, { adapter, description });
  }
  return [...found.values()].sort(
    (a, b) => Number(a.description.kind === 'software') - Number(b.description.kind === 'software'),
  );
}

async function bundledAdapter(): Promise<FoundAdapter | undefined> {
  const manifest = await bundledSwiftShader();
  if (manifest === undefined) return undefined;
  mapBundledLoader(manifest);
  const saved = DRIVER_VARIABLES.map((name) => [name, process.env[name]] as const);
  // The Vulkan loader reads these when Dawn makes its instance, that is now.
  for (const name of DRIVER_VARIABLES) process.env[name] = manifest;
  try {
    const instance = await dawn(['backend=vulkan']);
    const adapter = await instance.requestAdapter({});
    return adapter ? { adapter, description: describe(adapter, 'bundled') } : undefined;
  } finally {
    for (const [name, value] of saved) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function describe(adapter: GPUAdapter, source: 'system' | 'bundled'): AdapterDescription {
  const { vendor, architecture, device, description } = adapter.info;
  const names = `${architecture} ${device} ${description}`.toLowerCase();
  const profile = names.includes('llvmpipe')
    ? 'lavapipe'
    : names.includes('swiftshader')
      ? 'swiftshader'
      : vendor;
  const software = profile === 'lavapipe' || profile === 'swiftshader' || adapter.info.isFallbackAdapter;
  return {
    description: description || device || architecture || vendor,
    vendor,
    architecture,
    device,
    kind: software ? 'software' : 'hardware',
    profile,
    source,
  };
}
