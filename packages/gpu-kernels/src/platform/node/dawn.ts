/** Dawn's own poll keeps one core busy; on software adapters that core is needed for the work itself. */
const POLL_INTERVAL_MS = 1;

let bindings: Promise<typeof import('webgpu')> | undefined;

/** Never set free: threads of a driver may still use an instance after its last device was lost, and crash the process. */
const instances = new Map<string, GPU>();

/** The WebGPU entry point of Dawn's node bindings with these flags: one in a process. */
export async function dawn(flags: readonly string[]): Promise<GPU> {
  bindings ??= loadBindings();
  const { create } = await bindings;
  const key = flags.join();
  const instance = instances.get(key) ?? create([...flags]);
  instances.set(key, instance);
  return instance;
}

async function loadBindings(): Promise<typeof import('webgpu')> {
  const webgpu = await import('webgpu');
  Object.assign(globalThis, webgpu.globals);
  slowDownNativePolling();
  return webgpu;
}

/**
 * The bindings look up `globalThis.setImmediate` and hand it a native function again and again while a promise is
 * pending. Only such native callbacks are moved to a timer; everybody else keeps the real setImmediate.
 */
function slowDownNativePolling(): void {
  const original = globalThis.setImmediate;
  const replacement = (callback: (...args: unknown[]) => void, ...args: unknown[]): unknown =>
    isNative(callback) ? setTimeout(callback, POLL_INTERVAL_MS) : original(callback, ...args);
  globalThis.setImmediate = Object.assign(replacement, original) as typeof setImmediate;
}

function isNative(callback: unknown): boolean {
  return (
    typeof callback === 'function' &&
    callback.name === '' &&
    /\[native code\]/.test(Function.prototype.toString.call(callback))
  );
}
