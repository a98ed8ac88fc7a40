import { UserError } from '../errors.ts';
import { type FoundAdapter, adaptersOf, fits } from './adapters-of.ts';
import type { AdapterDescription } from './description.ts';

/** What a page, a worker or Deno has of WebGPU. */
interface Place {
  readonly navigator?: { readonly gpu?: GPU };
  /** Undefined outside of browsers. */
  readonly isSecureContext?: boolean;
}

const HERE = globalThis as Place;

const BROWSERS =
  'Chrome and Edge have it from 113 on, Safari from 26, Firefox from 141 on Windows and from 145 on macOS';

/** `navigator.gpu` where there is one: in browsers, in their workers, in Deno. */
export function navigatorGpu(place = HERE): GPU | undefined {
  return place.navigator?.gpu ?? undefined;
}

/**
 * Finds an adapter in `navigator.gpu`.
 * @param choice `auto` (hardware, else software), `hardware`, `software`, or any part of an adapter's name
 * @throws UserError (`no-adapter`) if WebGPU is not there, or has none
 */
export async function findNavigatorAdapter(choice: string, place = HERE): Promise<FoundAdapter> {
  const wanted = choice.trim().toLowerCase();
  const found = await adaptersOf(requireGpu(place), 'navigator');
  if (found.length === 0)
    throw new UserError(
      'this browser has WebGPU, but no adapter for it: graphics acceleration may be off in its settings, or the graphics driver on its list of those that do not work',
      'no-adapter',
    );
  const fitting = found.find(({ description }) => fits(description, wanted));
  if (fitting !== undefined) return fitting;
  const names = found.map(({ description }) => `${description.description} (${description.kind})`);
  throw new UserError(
    `no usable adapter for "${choice}" (found only: ${names.join('; ')}); here it may be auto, hardware, software or part of an adapter's name`,
    'no-adapter',
  );
}

/**
 * Describes every adapter of `navigator.gpu`.
 * @throws UserError (`no-adapter`) if WebGPU is not there
 */
export async function findNavigatorAdapters(place = HERE): Promise<AdapterDescription[]> {
  return (await adaptersOf(requireGpu(place), 'navigator')).map(({ description }) => description);
}

function requireGpu(place: Place): GPU {
  const gpu = navigatorGpu(place);
  if (gpu !== undefined) return gpu;
  throw new UserError(
    place.isSecureContext === false
      ? 'WebGPU is there for pages from https:// or from localhost alone, and this page is neither (isSecureContext is false)'
      : `this browser has no WebGPU: ${BROWSERS}`,
    'no-adapter',
  );
}
