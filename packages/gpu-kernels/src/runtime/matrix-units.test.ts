import { describe, expect, it } from 'vitest';
import { acquireGpu } from '../device/acquire.ts';
import { dawnFlags } from '../device/dawn-switches.ts';
import type { AdapterDescription } from '../device/description.ts';
import { matmul } from '../kernels/matmul/matmul.ts';
import { type Matrix, matrix, sliceColumns } from '../kernels/matmul/matrix.ts';
import { dawn } from '../platform/node/dawn.ts';
import { type DeviceOptions, Gpu } from './gpu.ts';
import { EXTENSION_FEATURES } from './kernel.ts';
import { type MatrixFacts, type MatrixUnits, matrixUnitsOf } from './matrix-units.ts';

const F16 = { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 };
const F32 = { componentType: 'f32', resultComponentType: 'f32', M: 8, N: 8, K: 8 };
const OTHERS = [
  { ...F16, resultComponentType: 'f16' },
  { ...F16, N: 8 },
];

const FEATURES = ['chromium-experimental-subgroup-matrix', 'subgroups', 'shader-f16'];

function facts(
  subgroupMatrixConfigs: readonly (typeof F16)[],
  { features = FEATURES, memory = 49_152, sizes = [32, 32] } = {},
): MatrixFacts {
  const [subgroupMinSize, subgroupMaxSize] = sizes as [number, number];
  return {
    features: new Set(features),
    adapterInfo: { subgroupMinSize, subgroupMaxSize, subgroupMatrixConfigs },
    limits: { maxComputeWorkgroupStorageSize: memory },
  };
}

describe('matrix units', () => {
  it('are those that there are kernels for, halves before float32', () => {
    const halves: MatrixUnits = { component: 'f16', size: 16 };
    const whole: MatrixUnits = { component: 'f32', size: 8 };
    expect(matrixUnitsOf(facts([...OTHERS, F32, F16]))).toEqual(halves);
    expect(matrixUnitsOf(facts([F32, ...OTHERS]))).toEqual(whole);
    // Without what halves need, float32 is left.
    expect(matrixUnitsOf(facts([F16, F32], { features: FEATURES.slice(0, 2) }))).toEqual(whole);
    expect(matrixUnitsOf(facts([F16, F32], { memory: 32_768 }))).toEqual(whole);
  });

  it.each([
    [
      facts([F16], { features: FEATURES.slice(1) }),
      'the feature chromium-experimental-subgroup-matrix',
      /ICL_GD_DAWN=unsafe-apis/,
    ],
    [facts([F16], { features: FEATURES.slice(0, 2) }), 'the feature shader-f16', /ICL_GD_DAWN=unsafe-apis/],
    [facts([F16], { features: [FEATURES[0]!, FEATURES[2]!] }), 'subgroups of always 32 invocations'],
    [facts([F16], { sizes: [32, 64] }), 'subgroups of always 32 invocations'],
    [facts([]), 'matrix units of 16 x 16 x 16 from f16 to f32, or of 8 x 8 x 8 in f32', / are none$/],
    [
      facts(OTHERS),
      'matrix units of 16 x 16 x 16 from f16 to f32, or of 8 x 8 x 8 in f32',
      / are 16 x 16 x 16 f16 to f16, 16 x 8 x 16 f16 to f32$/,
    ],
    [facts([F16], { memory: 32_768 }), '38912 bytes of workgroup memory', / is 32768$/],
  ])('that are missing are named: %#', (device, lacks, hint?: RegExp) => {
    expect(matrixUnitsOf(device)).toEqual({ lacks, ...(hint ? { hint: expect.stringMatching(hint) } : {}) });
  });
});

/** Dawn's backend that does nothing has the language, and checks it. */
async function deviceThatDoesNothing(): Promise<GPUDevice> {
  const gpu = await dawn(['backend=null', ...dawnFlags(['unsafe-apis'])]);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('Dawn has a backend that does nothing');
  return adapter.requestDevice({ requiredFeatures: Object.values(EXTENSION_FEATURES) as GPUFeatureName[] });
}

it('Dawn counts offsets and strides of matrices in elements of the array', async () => {
  const device = await deviceThatDoesNothing();
  /** Whether a matrix of 16 rows of 16 halves is in an array at all. */
  const isInside = async (array: string, offset: number, stride: number): Promise<boolean> => {
    const code = `
      enable f16;
      enable subgroups;
      enable chromium_experimental_subgroup_matrix;
      var<workgroup> slab: ${array};
      @compute @workgroup_size(256) fn main() {
        let left = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&slab, ${offset}u, ${stride}u);
      }`;
    device.pushErrorScope('validation');
    device.createShaderModule({ code });
    return (await device.popErrorScope()) === null;
  };
  // The last row begins at 15 strides, and is four vectors long.
  expect(await isInside('array<vec4<f16>, 100>', 100 - 15 * 4 - 4, 4)).toBe(true);
  expect(await isInside('array<vec4<f16>, 100>', 100 - 15 * 4 - 3, 4)).toBe(false);
  expect(await isInside('array<vec4<f16>, 100>', 0, 6)).toBe(true);
  expect(await isInside('array<vec4<f16>, 100>', 0, 7)).toBe(false);
  expect(await isInside('array<vec4<f16>, 100>', 0, 3)).toBe(false);
  // As of an array of numbers, of which rows have 16.
  expect(await isInside('array<f16, 400>', 0, 15)).toBe(false);
  expect(await isInside('array<f16, 400>', 400 - 16 * 16, 16)).toBe(true);
});

const ADAPTER: AdapterDescription = {
  ...{ description: 'nothing', vendor: 'apple', architecture: '', device: '' },
  ...{ kind: 'hardware', profile: '', source: 'given' },
};

/** A device that records, and says that its subgroups are as the kernels need them. */
async function claimingDevice(): Promise<GPUDevice> {
  const device = await deviceThatDoesNothing();
  const { adapterInfo } = facts([F32]);
  return new Proxy(device, {
    get: (target, name) => {
      if (name === 'adapterInfo') return adapterInfo;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  });
}

async function recorder(options: DeviceOptions = {}): Promise<Gpu> {
  return Gpu.fromDevice(await claimingDevice(), ADAPTER, { parameters: 'uniform', ...options });
}

describe('acquireGpu', () => {
  const adapter = process.env['ICL_GD_ADAPTER'] ?? 'auto';

  it('refuses matrix units in one line where a device has none, and words that it does not know', async () => {
    await expect(acquireGpu({ adapter, matmul: 'matrix' })).rejects.toThrow(
      /^matrix units need the feature chromium-experimental-subgroup-matrix, which .+ lacks; ICL_GD_DAWN=unsafe-apis shows it where the driver has it$/,
    );
    await expect(acquireGpu({ adapter, matmul: 'fast' as 'f32' })).rejects.toThrow(
      new RangeError('acquireGpu: matmul is "fast"; it can be auto, f32, matrix'),
    );
  });

  it('takes them if told to, and says so; never by itself', async () => {
    const lines: string[] = [];
    const device = await claimingDevice();
    const gpu = await acquireGpu({ device, matmul: 'matrix', log: (line) => lines.push(line) });
    expect(gpu.matrixUnits).toEqual({ component: 'f32', size: 8 });
    expect(lines).toContainEqual(
      expect.stringMatching(/^WARNING: what is probed runs on matrix units \(f32, 8 x 8 x 8\): experimental/),
    );
    gpu.dispose();
    for (const matmul of ['auto', 'f32'] as const) {
      const plain = await acquireGpu({ device, matmul });
      expect(plain.matrixUnits).toBeUndefined();
      plain.dispose();
    }
  });
});

describe('a Gpu that may use them', () => {
  const shapes = { m: 5, n: 12, k: 8 };

  async function kernelsOf(
    gpu: Gpu,
    product: (views: {
      a: Matrix;
      nt: Matrix;
      nn: Matrix;
      halves: Matrix;
      c: Matrix;
    }) => Parameters<typeof matmul>[1],
  ): Promise<string[]> {
    const { m, n, k } = shapes;
    using scope = gpu.scope();
    const view = (rows: number, columns: number, dtype: 'float32' | 'float16' = 'float32'): Matrix =>
      matrix(scope.own(gpu.tensor([rows, columns], { dtype })));
    matmul(
      gpu,
      product({
        a: view(m, k),
        nt: view(n, k),
        nn: view(k, n),
        halves: view(n, k, 'float16'),
        c: view(m, n),
      }),
    );
    await gpu.finish();
    return gpu.pipelines.kernels.map(({ label }) => label);
  }

  it('takes them for what is probed, where B is transposed', async () => {
    const matrixUnits: MatrixUnits = { component: 'f32', size: 8 };
    const gpu = await recorder({ matrixUnits });
    expect(await kernelsOf(gpu, ({ a, nt, c }) => ({ a, b: nt, c, transposeB: true }))).toEqual([
      'matmul.matrix.f32.NT.64x64.vec4',
    ]);
    expect(
      await kernelsOf(gpu.with({ regime: 'probing' }), ({ a, halves, c }) => ({
        a,
        b: halves,
        c,
        transposeB: true,
      })),
    ).toContain('matmul.matrix.f32.NT.64x64.vec4.f16');
    gpu.dispose();
  });

  it('takes the kernels in float32 for all else, and where it was not told', async () => {
    const used = async (
      options: DeviceOptions,
      product: Parameters<typeof kernelsOf>[1],
    ): Promise<string> => {
      const gpu = await recorder(options);
      const labels = await kernelsOf(gpu, product);
      gpu.dispose();
      return labels.join();
    };
    const units: DeviceOptions = { matrixUnits: { component: 'f32', size: 8 } };
    const linear: Parameters<typeof kernelsOf>[1] = ({ a, nt, c }) => ({ a, b: nt, c, transposeB: true });
    expect(await used({}, linear)).toMatch(/^matmul\.tiled/);
    expect(await used({ ...units, regime: 'training' }, linear)).toMatch(/^matmul\.chunked/);
    expect(await used(units, ({ a, nn, c }) => ({ a, b: nn, c }))).toMatch(/^matmul\.tiled\.NN/);
    // No whole vectors.
    const cut = (whole: Matrix): Matrix => sliceColumns(whole, 0, 7);
    expect(await used(units, ({ a, nt, c }) => ({ a: cut(a), b: cut(nt), c, transposeB: true }))).toMatch(
      /^matmul\.tiled\.NT.*scalar/,
    );
  });
});
