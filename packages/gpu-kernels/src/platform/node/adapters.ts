import { type FoundAdapter, adaptersOf, fits } from '../../device/adapters-of.ts';
import { type DawnSwitch, dawnFlags, parseSwitches } from '../../device/dawn-switches.ts';
import { type AdapterDescription, describeAdapter } from '../../device/description.ts';
import { findNavigatorAdapter, findNavigatorAdapters, navigatorGpu } from '../../device/navigator.ts';
import { UserError } from '../../errors.ts';
import {
  bundledPackage,
  bundledSwiftShader,
  hasSystemVulkanLoader,
  mapBundledLoader,
} from './bundled-swiftshader.ts';
import { dawn, requireBindings } from './dawn.ts';
import { keepingMessages, printMessages, sortMessages } from './native-messages.ts';

const DRIVER_HINT = 'a Vulkan driver of the system cannot be used, ICL_GD_DEBUG=1 shows why';

/** Name the drivers to a Vulkan loader: the first from 1.3.207 on, the second before. */
const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'];

const CHOICES = ['auto', 'hardware', 'software', 'swiftshader', 'lavapipe'];

/**
 * Finds an adapter: in `navigator.gpu` where there is one (Deno), else through Dawn.
 * @param choice `auto` (hardware, else the system's software adapter, else the bundled SwiftShader), `hardware`,
 *   `software`, `swiftshader` (bundled), or any part of an adapter's name
 * @param switches of Dawn, beside those that the environment variable ICL_GD_DAWN lists
 * @throws UserError (`no-adapter`) if there is none, or a package is to be installed
 */
export async function findAdapter(
  choice: string,
  switches: readonly DawnSwitch[] = [],
): Promise<FoundAdapter> {
  if (navigatorGpu() !== undefined) return findNavigatorAdapter(choice);
  const flags = dawnFlags([...switches, ...switchesOfEnvironment()]);
  await requireBindings();
  const wanted = choice.trim().toLowerCase();
  const tried: string[] = [];
  let hint: { hint?: string } = {};
  if (wanted !== 'swiftshader') {
    const system = await quietly(() => systemAdapters(flags));
    if (system.driverFailed) hint = { hint: DRIVER_HINT };
    for (const found of system.value) {
      if (fits(found.description, wanted)) return { ...found, ...hint };
      tried.push(found.description.description);
    }
  }
  if (wanted !== 'hardware') {
    const found = (await quietly(() => bundledAdapter(flags))).value;
    if (found && fits(found.description, wanted)) return { ...found, ...hint };
    if (found) tried.push(found.description.description);
  }
  const seen = tried.length > 0 ? `found only: ${tried.join('; ')}` : 'the system has no WebGPU adapter';
  const missing = ['auto', 'software', 'swiftshader'].includes(wanted) && bundledPackage() === 'missing';
  const install = missing ? ['npm install @sparticuz/chromium for one that runs on the CPU'] : [];
  throw new UserError(
    `no usable adapter for "${choice}" (${[seen, ...Object.values(hint), ...install].join('; ')}); it may be ${CHOICES.join(', ')} or part of an adapter's name`,
    'no-adapter',
  );
}

/** @throws UserError (`no-adapter`) if a package is to be installed */
export async function findAllAdapters(): Promise<AdapterDescription[]> {
  if (navigatorGpu() !== undefined) return findNavigatorAdapters();
  const flags = dawnFlags(switchesOfEnvironment());
  await requireBindings();
  const found = (await quietly(() => systemAdapters(flags))).value;
  const bundled = (await quietly(() => bundledAdapter(flags))).value;
  return [...found, ...(bundled ? [bundled] : [])].map((entry) => entry.description);
}

/** Looks for adapters without the messages that mean nothing. */
async function quietly<T>(search: () => Promise<T>): Promise<{ value: T; driverFailed: boolean }> {
  const { value, lines } = await keepingMessages(search);
  const { other, driverFailed } = sortMessages(lines);
  printMessages(other);
  return { value, driverFailed };
}

function switchesOfEnvironment(): DawnSwitch[] {
  return parseSwitches(process.env['ICL_GD_DAWN'] ?? '', 'ICL_GD_DAWN');
}

async function systemAdapters(flags: readonly string[]): Promise<FoundAdapter[]> {
  return hasSystemVulkanLoader() ? adaptersOf(await dawn(flags), 'system') : [];
}

async function bundledAdapter(flags: readonly string[]): Promise<FoundAdapter | undefined> {
  const manifest = await bundledSwiftShader();
  if (manifest === undefined) return undefined;
  mapBundledLoader(manifest);
  const saved = DRIVER_VARIABLES.map((name) => [name, process.env[name]] as const);
  // The Vulkan loader reads these when Dawn makes its instance, that is now.
  for (const name of DRIVER_VARIABLES) process.env[name] = manifest;
  try {
    const instance = await dawn(['backend=vulkan', ...flags]);
    const adapter = await instance.requestAdapter({});
    return adapter ? { adapter, description: describeAdapter(adapter.info, 'bundled') } : undefined;
  } finally {
    for (const [name, value] of saved) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
