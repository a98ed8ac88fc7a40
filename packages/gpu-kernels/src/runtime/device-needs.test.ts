import { describe, expect, it } from 'vitest';
import { acquireGpu } from '../device/acquire.ts';
import { UserError } from '../errors.ts';
import { kernelTexts } from '../kernels/catalogue.ts';
import { withinWorkgroupMemory } from './tiled-tuning.ts';
import { TUNINGS, type Tuning } from './tuning.ts';
import { NEEDED_LIMITS } from './device-needs.ts';
import { Gpu } from './gpu.ts';
import { defineKernel } from './kernel.ts';

/** As much of a device as is looked at before the first kernel. */
function device(limits: Partial<Record<keyof GPUSupportedLimits, number>> = {}): GPUDevice {
  const found = {
    limits: { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27, ...NEEDED_LIMITS, ...limits },
    features: new Set(),
    lost: new Promise(() => {}),
    addEventListener: () => {},
    createBuffer: ({ size }: { size: number }) => ({ size, destroy: () => {} }),
  };
  return found as unknown as GPUDevice;
}

describe('a device of the program', () => {
  it('is refused with every limit that is too low', async () => {
    const small = device({ maxStorageBuffersPerShaderStage: 4, maxComputeInvocationsPerWorkgroup: 128 });
    const refused = new UserError(
      "the device on an adapter without a name allows less than the kernels need: maxStorageBuffersPerShaderStage is 4 and must be 8, maxComputeInvocationsPerWorkgroup is 128 and must be 256; request it with WebGPU's default limits at least",
      'unfit-device',
    );
    expect(() => Gpu.fromDevice(small)).toThrow(refused);
    await expect(acquireGpu({ device: small })).rejects.toThrow(refused);
  });

  it('may have just what is needed', () => {
    expect(Gpu.fromDevice(device()).adapter).toMatchObject({ source: 'given', kind: 'hardware' });
  });

  it('refuses kernels that need more, by name, before they are compiled', () => {
    const gpu = Gpu.fromDevice(device());
    const names = Array.from({ length: 9 }, (_, i) => `buffer${i}`);
    const wide = defineKernel({
      label: 'test.wide',
      storage: Object.fromEntries(names.map((name) => [name, 'f32' as const])),
      params: {},
      workgroupSize: [1],
      body: '',
    });
    expect(() => gpu.pipelines.get(wide)).toThrow(
      new UserError('kernel test.wide needs 9 storage buffers; this device binds at most 8', 'unfit-device'),
    );
    const long = defineKernel({
      label: 'test.long',
      storage: {},
      params: {},
      workgroupSize: [32, 16],
      body: '',
    });
    expect(() => gpu.pipelines.get(long)).toThrow(
      'kernel test.long needs 512 invocations a workgroup; this device has at most 256',
    );
  });

  it('is either given or chosen', async () => {
    await expect(acquireGpu({ device: device(), adapter: 'hardware' })).rejects.toThrow(
      new RangeError('acquireGpu takes a device or the name of an adapter ("hardware"), not both'),
    );
  });
});

const BYTES: Readonly<Record<string, number>> = {
  ...{ f32: 4, u32: 4, 'vec2<f32>': 8, 'vec2<u32>': 8, 'vec4<f32>': 16, Entry: 8 },
};

it('the needs are those of the kernels', () => {
  const needs = { buffers: 0, invocations: 0, x: 0, y: 0, storage: 0 };
  // As a device with the default limits takes them.
  const tunings = Object.values<Tuning>(TUNINGS).map(({ matmul, attention, ...others }) => ({
    ...others,
    matmul: matmul.strategy === 'tiled' ? withinWorkgroupMemory(matmul, 16_384) : matmul,
    attention: attention.strategy === 'tiled' ? { ...attention, workgroupBytes: 16_384 } : attention,
  }));
  // What matrix units need besides is looked at before any kernel (`matrixUnitsOf`).
  for (const [label, text] of kernelTexts(tunings)) {
    if (text.includes('subgroup_matrix')) continue;
    const size = (/@workgroup_size\(([^)]*)\)/.exec(text)?.[1] ?? '').split(',').map(Number);
    const arrays = [...text.matchAll(/var<workgroup> \w+: array<(\S+), (\d+)>/g)];
    const bytes = arrays.map(([, type, length]) => (BYTES[type ?? ''] ?? NaN) * Number(length));
    // Those that bind more run only where the device allows it.
    const roomy =
      /^(attention\.backward\.(\S+\.subgroup|all\.)|matmul\.(set|partial-sums\.rotated)\.|rms-norm\.rotated\.|reduction\.(lone-)?squares\.sgd\.)/;
    if (!roomy.test(label)) needs.buffers = Math.max(needs.buffers, text.split('var<storage').length - 1);
    needs.invocations = Math.max(
      needs.invocations,
      size.reduce((product, n) => product * n),
    );
    needs.x = Math.max(needs.x, size[0] ?? 1);
    needs.y = Math.max(needs.y, size[1] ?? 1);
    needs.storage = Math.max(
      needs.storage,
      bytes.reduce((sum, n) => sum + n, 0),
    );
  }
  expect(needs).toEqual({
    buffers: NEEDED_LIMITS.maxStorageBuffersPerShaderStage,
    invocations: NEEDED_LIMITS.maxComputeInvocationsPerWorkgroup,
    x: NEEDED_LIMITS.maxComputeWorkgroupSizeX,
    y: NEEDED_LIMITS.maxComputeWorkgroupSizeY,
    storage: NEEDED_LIMITS.maxComputeWorkgroupStorageSize,
  });
});
