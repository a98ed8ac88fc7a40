import { UserError } from '../errors.ts';

/** Bytes from which on less work of ours would leave the device noticeably more. */
const MUCH = 2 ** 26;

/** What has gone wrong on a device since it was opened. WebGPU reports it later than the call that caused it. */
export class DeviceHealth {
  #failure: string | undefined;
  #outOfMemory = false;
  #closing = false;

  constructor(device: GPUDevice) {
    device.addEventListener('uncapturederror', (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      if (error.constructor.name === 'GPUOutOfMemoryError') this.#outOfMemory = true;
      this.#failure ??= error.message;
    });
    void device.lost.then((info) => {
      if (!this.#closing) this.#failure ??= `device lost: ${(info.message || info.reason).split('\n', 1)[0]}`;
    });
  }

  /** The device is about to be destroyed: its loss is no failure. */
  expectLoss(): void {
    this.#closing = true;
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
