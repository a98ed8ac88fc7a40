import { type Gpu, acquireGpu } from '@icl-gd/gpu-kernels';
import type { RunSettings } from '../plan.ts';
import type { RunRequest } from '../run-request.ts';
import type { DeviceProfile } from './device-profile.ts';

/** Opens the adapter that is asked for, and times what it does if that is asked for. */
export async function openAdapter(
  {
    adapter,
    settings,
    profile,
  }: Pick<RunRequest, 'adapter'> & {
    readonly settings: Pick<RunSettings, 'matmul'>;
    readonly profile?: DeviceProfile | undefined;
  },
  log: (line: string) => void,
): Promise<Gpu> {
  const matmul = settings.matmul ?? 'auto';
  if (!profile) return acquireGpu({ adapter, matmul, log });
  const gpu = await acquireGpu({ adapter, matmul, log, profile: true });
  try {
    profile.begin(gpu);
    return gpu;
  } catch (error) {
    gpu.dispose();
    throw error;
  }
}
