import { afterAll, beforeAll, expect, test } from 'vitest';
import { acquireGpu } from '../../device/acquire.ts';
import type { Gpu } from '../../runtime/gpu.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { type AttentionCase, expectAttention } from '../../testing/attention.ts';
import { useGpu } from '../../testing/gpu.ts';
import { attentionBackwardKernels } from './backward.ts';
import { attentionForwardKernels } from './forward.ts';

const ofTests = useGpu();
let device: Gpu;
let shared: Gpu | undefined;

// Lavapipe takes 5 to 20 s to compile a kernel that holds so much from barrier to barrier: SwiftShader runs them there.
beforeAll(async () => {
  if (ofTests().adapter.profile === 'lavapipe') shared = await acquireGpu({ adapter: 'swiftshader' });
  device = shared ?? ofTests();
});
afterAll(() => shared?.dispose());

const CASE: AttentionCase = {
  ...{ heads: 2, kvHeads: 1, headDim: 16 },
  ...{ lengths: [30, 1, 65], window: 40, prefix: 35 },
};

// Of the smallest heads, as kernels take seconds to compile; staged.structure.test.ts runs the text of all.
test('the kernels for GPUs agree with float64, and all packings have the same bits, each time', async () => {
  const own = device.with({ tuning: { ...device.tuning, attention: TUNINGS.hardware.attention } });
  const devices = { forward: own, backward: own };
  const first = await expectAttention(devices, CASE);
  expect(await expectAttention(devices, CASE)).toEqual(first);
});

test('every text is valid, with barriers where all invocations come', async () => {
  const kernels = [...attentionForwardKernels(TUNINGS.nvidia), ...attentionBackwardKernels(TUNINGS.nvidia)];
  for (const { label, wgsl } of kernels) {
    const module = ofTests().device.createShaderModule({ code: wgsl, label });
    const { messages } = await module.getCompilationInfo();
    expect(messages.map(({ message }) => `${label}: ${message}`)).toEqual([]);
  }
});
