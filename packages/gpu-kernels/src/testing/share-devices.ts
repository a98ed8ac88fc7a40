import { afterAll, beforeAll } from 'vitest';
import { type OpenedDevice, openDevice, takeDevicesFrom } from '../device/acquire.ts';
import { PipelineCache } from '../runtime/pipeline-cache.ts';

/** Opened by this process, by the name of the adapter that was asked for. */
const devices = new Map<string, Promise<OpenedDevice>>();

/**
 * One device a process and adapter, with what it has compiled: most of the time of a short run on a software adapter goes
 * into compiling. Each Gpu still has a pool and a stream of its own.
 */
async function sharedDevice(choice: string): Promise<OpenedDevice> {
  const known = devices.get(choice);
  if (known !== undefined) return known;
  const opened = openDevice(choice).then(({ device, description }) => {
    void device.lost.then(() => devices.delete(choice));
    return { device, description, pipelines: new PipelineCache(device), keepDevice: true };
  });
  devices.set(choice, opened);
  opened.catch(() => devices.delete(choice));
  return opened;
}

takeDevicesFrom(sharedDevice);

/** For a test file that breaks devices, or watches them: each Gpu has its own. */
export function useOwnDevices(): void {
  beforeAll(() => takeDevicesFrom(openDevice));
  afterAll(() => takeDevicesFrom(sharedDevice));
}
