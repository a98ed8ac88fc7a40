import { afterEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../errors.ts';
import { matmul } from '../kernels/matmul/matmul.ts';
import { matrix } from '../kernels/matmul/matrix.ts';
import { dawn } from '../platform/node/dawn.ts';
import { expectSameBits } from '../testing/closeness.ts';
import { acquireTestGpu } from '../testing/gpu.ts';
import { TestRandom } from '../testing/random.ts';
import { useOwnDevices } from '../testing/share-devices.ts';
import { acquireGpu } from './acquire.ts';
import { dawnFlags, parseSwitches } from './dawn-switches.ts';

useOwnDevices();
afterEach(() => vi.unstubAllEnvs());

describe('switches of Dawn', () => {
  it('are flags in one order, and none by themselves', () => {
    expect(dawnFlags([])).toEqual([]);
    expect(dawnFlags(['no-validation', 'exact-timestamps', 'no-robustness', 'no-validation'])).toEqual([
      'enable-dawn-features=disable_robustness,skip_validation',
      'disable-dawn-features=timestamp_quantization',
    ]);
    expect(dawnFlags(['unsafe-apis'])).toEqual([
      'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
    ]);
  });

  it('are read from a list, which names what it does not know', () => {
    expect(parseSwitches('', 'here')).toEqual([]);
    expect(parseSwitches(' no-validation,unsafe-apis,', 'here')).toEqual(['no-validation', 'unsafe-apis']);
    expect(() => parseSwitches('no-validaton', 'ICL_GD_DAWN')).toThrow(
      new UserError(
        'ICL_GD_DAWN: there is no switch "no-validaton"; it can be no-robustness, no-validation, no-workgroup-init, exact-timestamps, unsafe-apis',
      ),
    );
  });

  it('reach the device, from the option and from the environment', async () => {
    // Without validation Dawn does not notice that this buffer's usage contradicts itself.
    const mistake = async (options: Parameters<typeof acquireTestGpu>[0]): Promise<boolean> => {
      const gpu = await acquireTestGpu(options);
      gpu.device.pushErrorScope('validation');
      gpu.device.createBuffer({ size: 16, usage: 0x0001 | 0x0002 | 0x0008 });
      const error = await gpu.device.popErrorScope();
      gpu.dispose();
      return error !== null;
    };
    expect(await mistake({})).toBe(true);
    expect(await mistake({ dawn: ['no-validation'] })).toBe(false);
    vi.stubEnv('ICL_GD_DAWN', 'no-validation');
    expect(await mistake({})).toBe(false);
    vi.stubEnv('ICL_GD_DAWN', 'validation');
    await expect(acquireTestGpu()).rejects.toThrow(/^ICL_GD_DAWN: there is no switch "validation"/);
  });

  it('are refused by name where the option is misspelt', async () => {
    await expect(acquireGpu({ dawn: ['fast'] as never })).rejects.toThrow(
      /^acquireGpu: there is no switch "fast"; it can be no-robustness/,
    );
  });

  it('change no bit', async () => {
    const results = [];
    const random = new TestRandom(3);
    const [a, b] = [random.normal(37 * 20), random.normal(24 * 20)];
    for (const dawn of [[], ['no-robustness', 'no-validation', 'no-workgroup-init']] as const) {
      const gpu = await acquireTestGpu({ dawn });
      using scope = gpu.scope();
      const c = scope.tensor([37, 24]);
      const operands = { a: matrix(scope.upload(a, [37, 20])), b: matrix(scope.upload(b, [24, 20])) };
      matmul(gpu, { ...operands, c: matrix(c), transposeB: true });
      results.push(await gpu.read(c));
      scope.dispose();
      gpu.dispose();
    }
    expectSameBits(results[1]!, results[0]!);
  });

  it('make one instance of Dawn each', async () => {
    expect(await dawn(['backend=null'])).toBe(await dawn(['backend=null']));
    expect(await dawn(['backend=null', ...dawnFlags(['no-validation'])])).not.toBe(
      await dawn(['backend=null']),
    );
  });
});
