import { UserError } from '../errors.ts';

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
   * @throws UserError (`out-of-memory`) if the device ran out of memory; Error if it reported a validation error or was lost
   */
  check(adapter: string, allocatedBytes: number): void {
    if (this.#outOfMemory) {
      const held = (allocatedBytes / 2 ** 30).toFixed(2);
      throw new UserError(`${adapter} is out of memory with ${held} GiB in use`, 'out-of-memory');
    }
    if (this.#failure !== undefined) throw new Error(`GPU error on ${adapter}: ${this.#failure}`);
  }
}
