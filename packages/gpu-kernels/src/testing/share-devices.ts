import { afterAll, beforeAll } from 'vitest';
import { type OpenedDevice, openDevice, takeDevicesFrom } from '../device/acquire.ts';
import { BufferUsage } from '../runtime/webgpu-constants.ts';

/** Opened by this process, by the name of the adapter that was asked for. */
const devices = new Map<string, Promise<OpenedDevice>>();

/**
 * One device a process and adapter, with what is compiled on it: most of the time of a short run on a software adapter goes
 * into compiling. Each Gpu still has a pool and a stream of its own. New tensors hold NaN.
 */
async function sharedDevice(
  choice: string,
  options: Parameters<typeof openDevice>[1],
): Promise<OpenedDevice> {
  const key = `${choice} ${JSON.stringify(options)}`;
  const known = devices.get(key);
  if (known !== undefined) return known;
  const opened = openDevice(choice, options).then(({ device, ...found }) => {
    poisonNewBuffers(device);
    void device.lost.then(() => devices.delete(key));
    return { device, ...found, keepDevice: true };
  });
  devices.set(key, opened);
  opened.catch(() => devices.delete(key));
  return opened;
}

/**
 * WebGPU clears new buffers, but nobody clears those that the pool hands out again: what counts on zeros fails only in long
 * runs. So that it fails at once, storage buffers begin with one bits, which are NaN in every float type.
 */
function poisonNewBuffers(device: GPUDevice): void {
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    if ((descriptor.usage & BufferUsage.STORAGE) === 0) return create(descriptor);
    const buffer = create({ ...descriptor, mappedAtCreation: true });
    new Uint8Array(buffer.getMappedRange()).fill(0xff);
    buffer.unmap();
    return buffer;
  };
}

/** From here on, see {@link sharedDevice}. */
export function shareDevices(): void {
  takeDevicesFrom(sharedDevice);
}

/** For a test file that breaks devices, or watches them: each Gpu has its own. */
export function useOwnDevices(): void {
  beforeAll(() => takeDevicesFrom(openDevice));
  afterAll(shareDevices);
}
