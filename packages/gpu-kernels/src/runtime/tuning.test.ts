import { expect, test } from 'vitest';
import { TUNINGS, tuningFor } from './tuning.ts';

test('tuning is looked up by profile, then by kind', () => {
  const of = (profile: string, kind: 'hardware' | 'software') => tuningFor({ profile, kind });
  expect(of('swiftshader', 'software')).toBe(TUNINGS.swiftshader);
  expect(of('lavapipe', 'software')).toBe(TUNINGS.lavapipe);
  expect(of('microsoft', 'software')).toBe(TUNINGS.software);
  expect(of('nvidia', 'hardware')).toBe(TUNINGS.hardware);
});

test('the size of subgroups is known where the device has them and it does not vary', () => {
  const nvidia = { profile: 'nvidia', kind: 'hardware' } as const;
  const device = (features: readonly string[], ...[subgroupMinSize, subgroupMaxSize]: readonly number[]) =>
    ({
      features: new Set(features),
      ...(subgroupMinSize === undefined ? {} : { adapterInfo: { subgroupMinSize, subgroupMaxSize } }),
    }) as unknown as GPUDevice;
  expect(tuningFor(nvidia, device(['subgroups'], 32, 32))).toEqual({ ...TUNINGS.hardware, subgroupSize: 32 });
  expect(tuningFor(nvidia, device(['subgroups'], 8, 32))).toEqual(TUNINGS.hardware);
  expect(tuningFor(nvidia, device([], 32, 32))).toEqual(TUNINGS.hardware);
  expect(tuningFor(nvidia, device(['subgroups']))).toEqual(TUNINGS.hardware);
});
