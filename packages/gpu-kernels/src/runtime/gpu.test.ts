import { describe, expect, test, vi } from 'vitest';
import { acquireGpu, listAdapters } from '../device/acquire.ts';
import { UserError } from '../errors.ts';
import { expectSameBits } from '../testing/closeness.ts';
import { acquirePlainTestGpu, acquireTestGpu, useGpu } from '../testing/gpu.ts';
import { useOwnDevices } from '../testing/share-devices.ts';
import { defineKernel, grid } from './kernel.ts';
import { TUNINGS, tuningFor } from './tuning.ts';
import { Uploader } from './uploader.ts';

useOwnDevices();
const gpu = useGpu();

const DOUBLE = defineKernel({
  label: 'test.double',
  storage: { x: 'f32', out: '&f32' },
  params: { count: 'u32', factor: 'f32' },
  workgroupSize: [64],
  body: `
  let i = workgroup * 64u + localIndex;
  if (i < params.count) { out[i] = params.factor * x[i]; }`,
});

describe('a dispatch', () => {
  test('names the binding or parameter that is missing', () => {
    using scope = gpu().scope();
    const [x, out] = [scope.tensor([4]), scope.tensor([4])];
    expect(() => gpu().dispatch(DOUBLE, { x } as never, { count: 4, factor: 2 }, grid(1))).toThrow(
      'kernel test.double: binding out is missing',
    );
    expect(() => gpu().dispatch(DOUBLE, { x, out }, { count: 4 } as never, grid(1))).toThrow(
      'kernel test.double: parameter factor is missing',
    );
  });

  test('refuses disposed tensors and bindings over the limit', () => {
    using scope = gpu().scope();
    const out = scope.tensor([4]);
    const gone = scope.tensor([4], 'gone');
    gone.dispose();
    expect(() => gpu().dispatch(DOUBLE, { x: gone, out }, { count: 4, factor: 2 }, grid(1))).toThrow(
      /tensor gone was disposed/,
    );
    const large = scope.tensor([2000], 'large');
    const limited = gpu().with({ maxBindingBytes: 4096 });
    expect(() => limited.dispatch(DOUBLE, { x: large, out }, { count: 4, factor: 2 }, grid(1))).toThrow(
      new UserError(
        'kernel test.double: x (large) spans 8000 bytes; this adapter binds at most 4096',
        'binding-limit',
      ),
    );
  });

  test('keeps its place among writes, copies and clears, also in reused buffers', async () => {
    const results: number[] = [];
    for (let round = 0; round < 600; round++) {
      using scope = gpu().scope();
      const x = scope.upload(Float32Array.of(round, 1, 2, 3), [4]);
      const out = scope.tensor([4]);
      gpu().dispatch(DOUBLE, { x, out }, { count: 4, factor: 2 }, grid(1));
      gpu().write(x, Float32Array.of(-1), 0);
      if (round % 100 === 0)
        results.push((await gpu().read(out))[0] ?? Number.NaN, (await gpu().read(x, 0, 1))[0] ?? Number.NaN);
    }
    expect(results).toEqual([0, 200, 400, 600, 800, 1000].flatMap((value) => [value, -1]));
    using scope = gpu().scope();
    const [a, b] = [scope.upload(Float32Array.of(1, 2, 3, 4), [4]), scope.tensor([4])];
    gpu().clear(b);
    gpu().copy(a, b, 2, 1, 2);
    expect(await gpu().read(b)).toEqual(Float32Array.of(0, 0, 2, 3));
    expect(() => gpu().copy(a, b, 4, 1)).toThrow(/runs over an end/);
    expect(() => gpu().write(b, new Float32Array(5))).toThrow(/writing 5 elements/);
  });
});

test('each of many dispatches has its own parameters', async () => {
  const count = 700;
  using scope = gpu().scope();
  const [x, zero] = [scope.upload(new Float32Array(256).fill(1), [256]), scope.tensor([64])];
  const outs = Array.from({ length: count }, () => scope.tensor([1]));
  for (const [i, out] of outs.entries())
    gpu().dispatch(DOUBLE, { x, out: i % 7 === 0 ? zero : out }, { count: 1, factor: i }, grid(1));
  gpu().dispatch(DOUBLE, { x, out: zero }, { count: 64, factor: 0.5 }, grid(1));
  for (const i of [1, 2, 254, 255, 256, 257, 512, 513, 698])
    expect(await gpu().read(outs[i] ?? zero, 0, 1)).toEqual(Float32Array.of(i));
  expect(await gpu().read(zero)).toEqual(new Float32Array(64).fill(0.5));
});

describe('a float16 tensor', () => {
  const VALUES = Float32Array.of(1, -2.5, 1 / 3, 65504, 2 ** -24, 1e-9, 4097, 0);
  const ROUNDED = VALUES.map(Math.f16round);

  test('takes two bytes an element and rounds to the nearest', async () => {
    using scope = gpu().scope();
    const even = scope.tensor([2, 4], 'even', 'float16');
    const odd = scope.tensor([7], 'odd', 'float16');
    expect([even.byteLength, odd.byteLength]).toEqual([16, 16]);
    gpu().write(even, VALUES);
    expect(await gpu().read(even)).toEqual(ROUNDED);
    expect(await gpu().read(even, 3, 4)).toEqual(ROUNDED.slice(3, 7));
    gpu().write(odd, VALUES.subarray(0, 4));
    gpu().write(odd, VALUES.subarray(4, 7), 4);
    expect(await gpu().read(odd)).toEqual(ROUNDED.slice(0, 7));
  });

  test('refuses what is too large for it, by element', () => {
    using scope = gpu().scope();
    const halves = scope.tensor([4], 'halves', 'float16');
    expect(() => gpu().write(halves, Float32Array.of(1, 65520), 2)).toThrow(
      new UserError('halves: 65520 at element 3 is too large for float16 (at most 65504)', 'float16-range'),
    );
    for (const [at, value] of [65520, -65520, Infinity, -Infinity, NaN].flatMap((value) =>
      [0, 1, 2, 3].map((at) => [at, value] as const),
    )) {
      const values = new Float32Array(4).fill(-65504);
      values[at] = value;
      expect(() => gpu().write(halves, values)).toThrow(`${value} at element ${at} is too large`);
    }
  });

  test('is written in pairs and not copied', () => {
    using scope = gpu().scope();
    const halves = scope.tensor([8], 'halves', 'float16');
    expect(() => gpu().write(halves, VALUES.subarray(0, 2), 1)).toThrow(
      /at 1 into halves: float16 elements are written in pairs/,
    );
    expect(() => gpu().write(halves, VALUES.subarray(0, 3))).toThrow(/written in pairs/);
    expect(() => gpu().copy(halves, scope.tensor([8]))).toThrow(
      /copying halves \(float16\) .* only 32-bit elements/,
    );
  });
});

test('what is written, copied and read is of the dtype of the tensor', async () => {
  using scope = gpu().scope();
  const [full, tokens] = [scope.tensor([4], 'full'), scope.tensor([4], 'tokens', 'uint32')];
  expect(() => gpu().write(full, new Uint32Array(4))).toThrow(
    'writing a Uint32Array into full, which is float32',
  );
  expect(() => gpu().write(tokens, new Float32Array(4))).toThrow(
    'writing a Float32Array into tokens, which is uint32',
  );
  expect(() => gpu().copy(tokens, full)).toThrow(/copying tokens \(uint32\) to full \(float32\)/);
  await expect(gpu().read(tokens)).rejects.toThrow('reading tokens, which is uint32');
  await expect(gpu().readIndices(full)).rejects.toThrow('reading indices of full, which is float32');
  gpu().write(tokens, Uint32Array.of(7, 0, 2 ** 32 - 1, 3));
  expect(await gpu().readIndices(tokens)).toEqual(Uint32Array.of(7, 0, 2 ** 32 - 1, 3));
  expect(await gpu().readIndices(scope.tensor([0], 'none', 'uint32'))).toEqual(new Uint32Array(0));
});

test('a kernel that needs what the device lacks is refused by name', async () => {
  const text = {
    storage: { out: '&u32' },
    params: { count: 'u32' },
    workgroupSize: [1],
    enables: ['subgroups'],
    body: 'out[lane] = params.count;',
  } as const;
  const [any, three] = [
    defineKernel({ ...text, label: 'test.any-size' }),
    defineKernel({ ...text, label: 'test.size', subgroupSize: 3 }),
  ];
  const plain = await acquirePlainTestGpu();
  try {
    for (const kernel of [any, three]) {
      expect(() => plain.pipelines.get(kernel)).toThrow(
        `kernel ${kernel.label} needs the feature subgroups, which this device lacks`,
      );
    }
  } finally {
    plain.dispose();
  }
  if (!gpu().device.features.has('subgroups')) return;
  expect(() => gpu().pipelines.get(any)).not.toThrow();
  expect(() => gpu().pipelines.get(three)).toThrow(
    /^kernel test\.size needs subgroups of 3 invocations; those of this device have (\d+|no fixed size)$/,
  );
});

describe('a derived Gpu', () => {
  test('shares the stream, pool and pipelines, has its own options, and owns nothing', async () => {
    const derived = gpu().with({ maxBindingBytes: 2 ** 20, tuning: TUNINGS.hardware });
    expect([derived.pool, derived.pipelines, derived.device]).toEqual([
      gpu().pool,
      gpu().pipelines,
      gpu().device,
    ]);
    const further = derived.with({ summation: 'descending' });
    expect(further).toMatchObject({
      maxBindingBytes: 2 ** 20,
      tuning: TUNINGS.hardware,
      summation: 'descending',
    });
    expect(gpu()).toMatchObject({ summation: 'ascending', tuning: tuningFor(gpu().adapter, gpu().device) });
    using scope = derived.scope();
    const [x, out] = [scope.upload(Float32Array.of(1, 2), [2]), scope.tensor([2])];
    derived.dispatch(DOUBLE, { x, out }, { count: 2, factor: 3 }, grid(1));
    further.dispatch(DOUBLE, { x: out, out: x }, { count: 2, factor: 3 }, grid(1));
    derived.dispose();
    expect(await gpu().read(x)).toEqual(Float32Array.of(9, 18));
  });

  test('binds no more than the device can', () => {
    const { maxBindingBytes } = gpu().with({ maxBindingBytes: Infinity });
    expect(maxBindingBytes).toBe(gpu().device.limits.maxStorageBufferBindingSize);
  });
});

test('a tensor that no buffer of the adapter can hold is refused by name', () => {
  const { device, adapter } = gpu();
  expect(() => gpu().tensor([1e6, 1e6], { label: 'embedding.tokens' })).toThrow(
    new UserError(
      `tensor embedding.tokens [1000000, 1000000] needs 4000000000000 bytes in one buffer; adapter ${adapter.description} allows ${device.limits.maxBufferSize}`,
      'buffer-limit',
    ),
  );
});

test('a kernel that does not compile surfaces at the next read', async () => {
  const own = await acquireTestGpu();
  try {
    const broken = defineKernel({
      label: 'test.broken',
      storage: { out: '&f32' },
      params: { count: 'u32' },
      workgroupSize: [1],
      body: 'out[0] = nonsense;',
    });
    const out = own.tensor([4]);
    own.dispatch(broken, { out }, { count: 1 }, grid(1));
    await expect(own.read(out)).rejects.toThrow(/nonsense/);
    out.dispose();
  } finally {
    own.dispose();
  }
});

test('each kernel is announced when it is first compiled: to onCompile, or as ICL_GD_DEBUG=wgsl asks', async () => {
  const printed = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  vi.stubEnv('ICL_GD_DEBUG', 'wgsl');
  const announced: string[] = [];
  const gpus = [
    await acquireTestGpu(),
    await acquireTestGpu({ onCompile: ({ label }) => announced.push(label) }),
  ];
  try {
    for (const own of gpus) {
      using scope = own.scope();
      const [x, out] = [scope.tensor([4]), scope.tensor([4])];
      for (let i = 0; i < 3; i++) own.dispatch(DOUBLE, { x, out }, { count: 4, factor: 2 }, grid(1));
      expect(own.pipelines.kernels).toEqual([DOUBLE]);
    }
    expect(printed.mock.calls).toEqual([[`// test.double\n${DOUBLE.wgsl}\n`]]);
    expect(announced).toEqual(['test.double']);
  } finally {
    vi.unstubAllEnvs();
    printed.mockRestore();
    for (const own of gpus) own.dispose();
  }
});

describe('memory', () => {
  const KILOBYTE = Float32Array.from({ length: 256 }, (_, i) => i);

  test('above the planned bytes free buffers are given back, also such that recorded work still reads', async () => {
    const own = await acquireTestGpu();
    try {
      own.pool.limits = { planned: 5000, budget: Infinity };
      const out = own.tensor([256]);
      for (let length = 256; length <= 1024; length += 128) {
        const x = own.upload(KILOBYTE, [256]);
        own.dispatch(DOUBLE, { x, out }, { count: 256, factor: 2 }, grid(4));
        x.dispose();
        own.tensor([length]).dispose();
      }
      expect(own.pool.peakBytes).toBeLessThanOrEqual(5000 + 4096);
      expect((await own.read(out))[100]).toBe(200);
      out.dispose();
    } finally {
      own.dispose();
    }
  });

  test('above the budget nothing is allocated', async () => {
    const own = await acquireTestGpu();
    try {
      own.pool.limits = { planned: Infinity, budget: 4096 };
      const first = own.tensor([512]);
      own.tensor([300]).dispose();
      expect(() => own.tensor([1000], { label: 'states' })).toThrow(
        new UserError(
          'states needs 4096 bytes on the device, where 2048 of the budget of 4096 are in use',
          'memory-budget',
        ),
      );
      own.tensor([512]).dispose();
      first.dispose();
    } finally {
      own.dispose();
    }
  });

  test('a device that is out of memory is a one-line error for the user', async () => {
    class GPUOutOfMemoryError extends Error {}
    const own = await acquireTestGpu();
    try {
      const event = Object.assign(new Event('uncapturederror'), { error: new GPUOutOfMemoryError('') });
      own.device.dispatchEvent(event);
      const { description } = own.adapter;
      await expect(own.finish()).rejects.toMatchObject({
        message: `${description} is out of memory, though only 0.00 MiB of it are in use here`,
        code: 'device-full',
      });
      using _large = own.tensor([2 ** 24]);
      await expect(own.finish()).rejects.toMatchObject({
        message: `${description} is out of memory with 0.06 GiB in use`,
        code: 'out-of-memory',
      });
    } finally {
      own.dispose();
    }
  });
});

describe('an uploader', () => {
  const VALUES = Float32Array.from({ length: (1 << 21) + 7 }, (_, i) => i % 2048);

  test.each(['float32', 'float16'] as const)('fills %s tensors from chunks of any size', async (type) => {
    using scope = gpu().scope();
    const tensor = scope.tensor([VALUES.length], 'weights', type);
    await new Uploader(gpu()).fill(
      tensor,
      (function* () {
        for (let start = 0, size = 1; start < VALUES.length; start += size, size = 3 * size + 2)
          yield VALUES.subarray(start, start + size);
      })(),
    );
    expectSameBits(await gpu().read(tensor), VALUES);
  });

  test('wants as many elements as there are', async () => {
    using scope = gpu().scope();
    const tensor = scope.tensor([3], 'three');
    const uploader = new Uploader(gpu());
    await expect(uploader.fill(tensor, [new Float32Array(2)])).rejects.toThrow(
      'three has 3 elements; 2 were given',
    );
    await expect(uploader.fill(tensor, [new Float32Array(2), new Float32Array(2)])).rejects.toThrow(
      'more than the 3 elements of three were given',
    );
  });
});

describe('adapters', () => {
  test('an unknown name is refused with the choices', async () => {
    const refused = acquireGpu({ adapter: 'nosuch' });
    await expect(refused).rejects.toThrow(
      /no usable adapter for "nosuch" .*auto, hardware, software, swiftshader/,
    );
    await expect(refused).rejects.toMatchObject({ code: 'no-adapter' });
  });

  test('the bundled SwiftShader is there without any system driver', async () => {
    const adapters = await listAdapters();
    expect(
      adapters.filter(({ source }) => source === 'bundled').map(({ profile, kind }) => [profile, kind]),
    ).toEqual([['swiftshader', 'software']]);
  });

  test('are the same ones when asked again, after the bundled one has been opened', async () => {
    expect(await listAdapters()).toEqual(await listAdapters());
  });

  test('a software adapter is announced loudly', async () => {
    const lines: string[] = [];
    const own = await acquireGpu({ adapter: 'swiftshader', log: (line) => lines.push(line) });
    own.dispose();
    expect(lines.join()).toMatch(/^WARNING: no GPU in use: kernels run on the CPU through SwiftShader/);
  });
});
