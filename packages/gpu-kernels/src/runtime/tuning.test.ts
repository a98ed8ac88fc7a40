import { expect, test } from 'vitest';
import { TUNINGS, tuningFor } from './tuning.ts';

/** A device with these features, its subgroups of these sizes; without sizes it tells none. */
function device(features: readonly string[], ...[subgroupMinSize, subgroupMaxSize]: number[]): GPUDevice {
  return {
    features: new Set(features),
    ...(subgroupMinSize === undefined ? {} : { adapterInfo: { subgroupMinSize, subgroupMaxSize } }),
  } as unknown as GPUDevice;
}

const NVIDIA = { profile: 'nvidia', kind: 'hardware' } as const;
const LAVAPIPE = { profile: 'lavapipe', kind: 'software' } as const;

test('tuning is looked up by profile, then by kind', () => {
  const of = (profile: string, kind: 'hardware' | 'software', subgroupSize = 4) =>
    tuningFor({ profile, kind }, device(['subgroups'], subgroupSize, subgroupSize));
  expect(of('swiftshader', 'software')).toEqual({ ...TUNINGS.swiftshader, subgroupSize: 4 });
  expect(of('lavapipe', 'software', 8)).toEqual({ ...TUNINGS.lavapipe, subgroupSize: 8 });
  expect(of('microsoft', 'software')).toEqual({ ...TUNINGS.software, subgroupSize: 4 });
  expect(of('nvidia', 'hardware')).toEqual({ ...TUNINGS.nvidia, subgroupSize: 4 });
  expect(of('qualcomm', 'hardware')).toEqual({ ...TUNINGS.hardware, subgroupSize: 4 });
});

test('the size of subgroups is known where the device has them and it does not vary', () => {
  expect(tuningFor(NVIDIA, device(['subgroups'], 32, 32))).toEqual({ ...TUNINGS.nvidia, subgroupSize: 32 });
  expect(tuningFor(NVIDIA, device(['subgroups'], 8, 32))).toEqual(TUNINGS.nvidia);
  expect(tuningFor(NVIDIA, device([], 32, 32))).toEqual(TUNINGS.nvidia);
  expect(tuningFor(NVIDIA, device(['subgroups']))).toEqual(TUNINGS.nvidia);
});

test('matmul takes subgroups only where they have the size that its tiles are for', () => {
  const { otherwise } = TUNINGS.lavapipe.matmul;
  expect(tuningFor(LAVAPIPE, device(['subgroups'], 8, 8)).matmul).toBe(TUNINGS.lavapipe.matmul);
  expect(tuningFor(LAVAPIPE, device(['subgroups'], 4, 4)).matmul).toBe(otherwise);
  expect(tuningFor(LAVAPIPE, device(['subgroups'], 4, 8)).matmul).toBe(otherwise);
  expect(tuningFor(LAVAPIPE, device([])).matmul).toBe(otherwise);
});

test('tiles that need more workgroup memory than the device gives are left out', () => {
  const within = (maxComputeWorkgroupStorageSize: number) =>
    tuningFor(NVIDIA, { ...device([]), limits: { maxComputeWorkgroupStorageSize } });
  const of = (bytes: number) => {
    const { matmul } = within(bytes);
    return matmul.strategy === 'tiled' ? matmul.tiles.map(({ rows, columns }) => [rows, columns]) : [];
  };
  expect(of(16_384)).toEqual([
    [64, 64],
    [32, 32],
  ]);
  expect(of(49_152)).toEqual(TUNINGS.nvidia.matmul.tiles.map(({ rows, columns }) => [rows, columns]));
  expect(within(16_384).attention).toEqual({ strategy: 'tiled', workgroupBytes: 16_384 });
  expect(within(49_152).attention).toEqual(TUNINGS.nvidia.attention);
});
