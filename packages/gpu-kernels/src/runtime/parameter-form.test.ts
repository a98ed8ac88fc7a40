import { describe, expect, it } from 'vitest';
import { attentionForward } from '../kernels/attention/forward.ts';
import { PackedSequences } from '../kernels/attention/packed-sequences.ts';
import { kernelCatalogue } from '../kernels/catalogue.ts';
import { addScaled } from '../kernels/elementwise/elementwise.ts';
import { matmul } from '../kernels/matmul/matmul.ts';
import { matrix } from '../kernels/matmul/matrix.ts';
import { layerNormForward } from '../kernels/row-norm/layer-norm.ts';
import { dawnFlags } from '../device/dawn-switches.ts';
import { dawn } from '../platform/node/dawn.ts';
import { expectSameBits } from '../testing/closeness.ts';
import { useGpu } from '../testing/gpu.ts';
import { TestRandom } from '../testing/random.ts';
import { Gpu } from './gpu.ts';
import { EXTENSION_FEATURES, defineKernel } from './kernel.ts';
import { type ParameterForm, immediateBytes, textWith } from './parameter-form.ts';

const gpu = useGpu();
const FORMS: readonly ParameterForm[] = ['immediate', 'uniform'];

describe('a kernel’s parameters', () => {
  it('are in its own text a uniform, in the other an immediate, and nothing else differs', () => {
    const kernel = defineKernel({
      label: 'test.forms',
      storage: { out: '&u32' },
      params: { count: 'u32' },
      workgroupSize: [1],
      enables: ['subgroups'],
      body: 'out[0] = params.count;',
    });
    const uniform = textWith(kernel, 'uniform');
    expect(uniform).toBe(kernel.wgsl);
    const [first, ...rest] = textWith(kernel, 'immediate').split('\n\n');
    expect(first).toBe('requires immediate_address_space;');
    expect(rest.join('\n\n')).toBe(
      uniform.replace('@group(0) @binding(0) var<uniform> params', 'var<immediate> params'),
    );
    expect(rest.join()).toContain('var<immediate> params: Params;');
  });

  it('are in the command only where device and language have that', () => {
    const device = { limits: { maxImmediateSize: 64 } };
    expect(immediateBytes(device, undefined)).toBe(64);
    expect(immediateBytes(device, new Set(['immediate_address_space']))).toBe(64);
    expect(immediateBytes(device, new Set(['packed_4x8_integer_dot_product']))).toBe(0);
    expect(immediateBytes({ limits: {} }, undefined)).toBe(0);
  });

  it('are in a buffer where there are more than a command can carry', () => {
    const { device, adapter } = gpu();
    const words = (count: number) =>
      defineKernel({
        label: `test.words-${count}`,
        storage: { out: '&u32' },
        params: Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, 'u32' as const])),
        workgroupSize: [1],
        body: `out[0] = params.p${count - 1};`,
      });
    const most = immediateBytes(device) / 4;
    expect(gpu().pipelines.get(words(most + 1)).form).toBe('uniform');
    if (most > 0) expect(gpu().pipelines.get(words(most)).form).toBe('immediate');
    const uniform = Gpu.fromDevice(device, adapter, { parameters: 'uniform', keepDevice: true });
    expect(uniform.pipelines.get(words(2)).form).toBe('uniform');
    uniform.dispose();
  });

  it('are valid WGSL in both forms, for every kernel of the package', async () => {
    const unsafe = dawnFlags(['unsafe-apis']);
    const adapter = await (await dawn(['backend=null', ...unsafe])).requestAdapter();
    const device = await adapter?.requestDevice({
      requiredFeatures: Object.values(EXTENSION_FEATURES) as GPUFeatureName[],
    });
    if (!device) throw new Error('Dawn has a backend that does nothing');
    // What the backend that does nothing says of its subgroups fits no kernel; the text is what is looked at.
    const failed: string[] = [];
    for (const { kernel } of kernelCatalogue()) {
      for (const form of FORMS) {
        const module = device.createShaderModule({ label: kernel.label, code: textWith(kernel, form) });
        const { messages } = await module.getCompilationInfo();
        if (messages.some(({ type }) => type === 'error')) failed.push(`${kernel.label} ${form}`);
      }
    }
    expect(failed).toEqual([]);
  });

  it('give the same bits in both forms', async () => {
    const results = [];
    for (const parameters of FORMS) {
      const own = Gpu.fromDevice(gpu().device, gpu().adapter, { parameters, keepDevice: true });
      results.push(await someWork(own));
      own.dispose();
    }
    const [immediate, uniform] = results;
    for (const [i, values] of (uniform ?? []).entries())
      expectSameBits(immediate?.[i] ?? new Float32Array(0), values);
    expect(uniform?.every((values) => values.every(Number.isFinite))).toBe(true);
  });
});

/** Products, norms, attention and a scaled sum, more of them than go into one submit. */
async function someWork(own: Gpu): Promise<Float32Array[]> {
  using scope = own.scope();
  using sequences = new PackedSequences(own, [5, 3]);
  const random = new TestRandom(17);
  const upload = (...shape: number[]) =>
    scope.upload(random.normal(shape.reduce((product, n) => product * n, 1)), shape);
  const [x, weight, gain, bias] = [upload(8, 16), upload(16, 16), upload(16), upload(16)];
  const [normed, product, out] = [scope.tensor([8, 16]), scope.tensor([8, 16]), scope.tensor([8, 16])];
  const logSumExp = scope.tensor([8, 2]);
  const shape = { heads: 2, kvHeads: 2, headDim: 8, scale: 0.3 };
  for (let step = 0; step < 70; step++) {
    layerNormForward(own, { x, weight: gain, bias, epsilon: 1e-5, out: normed });
    matmul(own, { a: matrix(normed), b: matrix(weight), c: matrix(product), transposeB: true });
    attentionForward(own, { shape, sequences, q: product, k: product, v: normed, out, logSumExp });
    addScaled(own, { target: x, source: out, scale: 0.25 });
  }
  return [await own.read(normed), await own.read(out), await own.read(x), await own.read(logSumExp)];
}
