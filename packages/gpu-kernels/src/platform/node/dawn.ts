import { pathToFileURL } from 'node:url';
import { UserError } from '../../errors.ts';
import { bundledPackage, hasSystemVulkanLoader } from './bundled-swiftshader.ts';
import { withoutBindings } from './install-advice.ts';
import { findPackage } from './optional-package.ts';
import { pollTimes } from './polling.ts';

let bindings: Promise<typeof import('webgpu')> | undefined;

/** Never set free: threads of a driver may still use an instance after its last device was lost, and crash the process. */
const instances = new Map<string, GPU>();

/**
 * Loads Dawn's node bindings, once.
 * @throws UserError (`no-adapter`) that says what to install if they are not there
 */
export function requireBindings(): Promise<typeof import('webgpu')> {
  bindings ??= loadBindings();
  return bindings;
}

/**
 * The WebGPU entry point of the bindings with these flags: one in a process.
 * @throws as {@link requireBindings}
 */
export async function dawn(flags: readonly string[]): Promise<GPU> {
  const { create } = await requireBindings();
  const key = flags.join();
  const instance = instances.get(key) ?? create([...flags]);
  instances.set(key, instance);
  return instance;
}

async function loadBindings(): Promise<typeof import('webgpu')> {
  const file = findPackage('webgpu');
  if (file === undefined) throw new UserError(howToInstall(), 'no-adapter');
  const webgpu = (await import(pathToFileURL(file).href)) as typeof import('webgpu');
  Object.assign(globalThis, webgpu.globals);
  slowDownNativePolling();
  return webgpu;
}

function howToInstall(): string {
  if ('Deno' in globalThis)
    return 'this version of Deno has WebGPU where it is started with --unstable-webgpu';
  return withoutBindings({ system: hasSystemVulkanLoader(), bundled: bundledPackage() });
}

/**
 * The bindings look up `globalThis.setImmediate` and hand it a native function again and again while a promise is
 * pending. Only such native callbacks may be moved to a timer; everybody else keeps the real setImmediate.
 */
function slowDownNativePolling(): void {
  const original = globalThis.setImmediate;
  let asking = false;
  const replacement = (callback: (...args: unknown[]) => void, ...args: unknown[]): unknown => {
    if (!isNative(callback)) return original(callback, ...args);
    // It hands itself on for as long as something is pending.
    if (!asking) pollTimes.pollingBegins();
    const ask = (): void => {
      asking = true;
      try {
        callback();
      } finally {
        asking = false;
      }
    };
    const delay = pollTimes.pollDelay();
    return delay > 0 ? setTimeout(ask, delay) : original(ask);
  };
  globalThis.setImmediate = Object.assign(replacement, original) as typeof setImmediate;
}

function isNative(callback: unknown): boolean {
  return (
    typeof callback === 'function' &&
    callback.name === '' &&
    /\[native code\]/.test(Function.prototype.toString.call(callback))
  );
}
