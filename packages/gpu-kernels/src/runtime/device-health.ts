import { UserError } from '../errors.ts';

/** Bytes from which on less work of ours would leave the device noticeably more. */
const MUCH = 2 ** 26;

/** What is known of a device, and who wants to know. */
interface Watch {
  readonly watchers: Set<DeviceHealth>;
  /** How it was lost, if it was. */
  lost?: string;
}

/** One a device, however many Gpus it has: Node warns of an eleventh listener. */
const WATCHES = new WeakMap<GPUDevice, Watch>();

/** What has gone wrong on a device since it was opened. WebGPU reports it later than the call that caused it. */
export class DeviceHealth {
  #failure: string | undefined;
  #outOfMemory = false;
  readonly #watch: Watch;

  constructor(device: GPUDevice) {
    this.#watch = WATCHES.get(device) ?? DeviceHealth.#begin(device);
    this.#watch.watchers.add(this);
    this.#failure = this.#watch.lost;
  }

  static #begin(device: GPUDevice): Watch {
    const watch: Watch = { watchers: new Set() };
    WATCHES.set(device, watch);
    device.addEventListener('uncapturederror', (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      for (const health of watch.watchers) {
        if (error.constructor.name === 'GPUOutOfMemoryError') health.#outOfMemory = true;
        health.#failure ??= error.message;
      }
    });
    void device.lost.then((info) => {
      const lost = `device lost: ${(info.message || info.reason).split('\n', 1)[0]}`;
      watch.lost = lost;
      for (const health of watch.watchers) health.#failure ??= lost;
    });
    return watch;
  }

  /** What comes from now on is no failure: the device is about to be destroyed, or others work on. */
  end(): void {
    this.#watch.watchers.delete(this);
  }

  /**
   * @param adapter its name, for the error
   * @param allocatedBytes held on the device, for the error
   * @throws UserError (`out-of-memory`, or `device-full` if others must have the memory) if the device ran out of memory; Error if it reported a validation error or was lost
   */
  check(adapter: string, allocatedBytes: number): void {
    if (this.#outOfMemory) {
      if (allocatedBytes >= MUCH)
        throw new UserError(
          `${adapter} is out of memory with ${(allocatedBytes / 2 ** 30).toFixed(2)} GiB in use`,
          'out-of-memory',
        );
      throw new UserError(
        `${adapter} is out of memory, though only ${(allocatedBytes / 2 ** 20).toFixed(2)} MiB of it are in use here`,
        'device-full',
      );
    }
    if (this.#failure !== undefined) throw new Error(`GPU error on ${adapter}: ${this.#failure}`);
  }
}
