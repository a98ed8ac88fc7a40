import { describe, expect, test } from 'vitest';
import { findAdapter } from '../../device/adapters.ts';
import { Gpu, type GpuOptions } from '../../runtime/gpu.ts';
import type { Scope } from '../../runtime/scope.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { TUNINGS, type Tuning } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { matmul, type MatmulArguments } from './matmul.ts';
import { matrix, sliceColumns, sliceRows } from './matrix.ts';
import { referenceMatmul } from './reference.ts';

const gpu = useGpu();

type Options = Pick<MatmulArguments, 'transposeA' | 'transposeB' | 'accumulate'> & {
  bias?: boolean;
  dtypeB?: 'float32' | 'float16';
};

const TRANSPOSES = [
  { transposeA: false, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: false },
];
/** The adapter's own choice and every other kernel that any device runs. */
const TUNED: Readonly<Record<string, () => Tuning>> = {
  own: () => gpu().tuning,
  register: () => ({ ...TUNINGS.lavapipe, matmul: TUNINGS.lavapipe.matmul.otherwise }),
  'register with vectors along k': () => ({
    ...TUNINGS.swiftshader,
    matmul: TUNINGS.swiftshader.matmul.otherwise,
  }),
  shared: () => TUNINGS.hardware,
};
/** [m, n, k]: odd, vectorizable, single row, one element, over a tile in each direction. */
const SHAPES = [
  [37, 29, 21],
  [33, 28, 24],
  [1, 50, 13],
  [1, 1, 1],
  [70, 36, 40],
] as const;

/** The nearest value that a type holds. */
function rounding(type: 'float32' | 'float16'): (value: number) => number {
  return type === 'float16' ? Math.f16round : (value) => value;
}

function stored(
  scope: Scope,
  values: Float32Array,
  shape: readonly number[],
  type: 'float32' | 'float16',
): Tensor {
  const tensor = scope.tensor(shape, 'stored', type);
  gpu().write(tensor, values);
  return tensor;
}

async function expectProduct(
  device: Gpu,
  [m, n, k]: readonly [number, number, number],
  { bias: withBias = false, dtypeB = 'float32', ...options }: Options,
): Promise<Float32Array> {
  const random = new TestRandom(m * 10_000 + n * 100 + k);
  const [a, b] = [random.normal(m * k), random.normal(k * n).map(rounding(dtypeB))];
  const [bias, previous] = [random.normal(n), random.normal(m * n)];
  const transposes = { transposeA: options.transposeA ?? false, transposeB: options.transposeB ?? false };
  const aShape = options.transposeA ? [k, m] : [m, k];
  const bShape = options.transposeB ? [n, k] : [k, n];
  using scope = gpu().scope();
  const c = scope.upload(previous, [m, n]);
  matmul(device, {
    a: matrix(scope.upload(a, aShape)),
    b: matrix(stored(scope, b, bShape, dtypeB)),
    c: matrix(c),
    ...options,
    ...(withBias ? { bias: scope.upload(bias, [n]) } : {}),
  });
  const result = await gpu().read(c);
  const expected = referenceMatmul(
    { rows: aShape[0] ?? 0, columns: aShape[1] ?? 0, data: a },
    { rows: bShape[0] ?? 0, columns: bShape[1] ?? 0, data: b },
    { ...transposes, ...(withBias ? { bias } : {}), ...(options.accumulate ? { previous } : {}) },
  );
  expectClose(result, expected, tolerances.matmul.f32, Math.sqrt(k));
  return result;
}

describe.each(Object.entries(TUNED))('tuned: %s', (_, tuning) => {
  const tuned = (options: GpuOptions = {}): Gpu => gpu().with({ tuning: tuning(), ...options });

  describe.each(TRANSPOSES)('$transposeA $transposeB', (transposes) => {
    test.each(SHAPES)('%i x %i over %i', async (...shape) => {
      for (const bias of [false, true]) {
        for (const accumulate of [false, true])
          await expectProduct(tuned(), shape, { ...transposes, bias, accumulate });
      }
    });

    test.each(SHAPES)('%i x %i over %i with B stored as float16', async (...shape) => {
      for (const bias of [false, true]) {
        for (const accumulate of [false, true])
          await expectProduct(tuned(), shape, { ...transposes, bias, accumulate, dtypeB: 'float16' });
      }
    });

    test('works in slices where operands exceed a binding', async () => {
      for (const maxBindingBytes of [4096, 8192, 16384]) {
        for (const dtypeB of ['float32', 'float16'] as const) {
          await expectProduct(tuned({ maxBindingBytes }), [70, 52, 44], {
            ...transposes,
            bias: true,
            accumulate: true,
            dtypeB,
          });
        }
      }
    });

    test('sums in descending order: the same product, rounded otherwise', async () => {
      const shape = [37, 28, 200] as const;
      const options = { ...transposes, bias: true, accumulate: true };
      const ascending = await expectProduct(tuned(), shape, options);
      const reversed = tuned({ summation: 'descending' });
      const descending = await expectProduct(reversed, shape, options);
      expect(descending).not.toEqual(ascending);
      expect(await expectProduct(reversed, shape, options)).toEqual(descending);
      for (const small of [...SHAPES, [3, 5, 9]] as const) await expectProduct(reversed, small, options);
      await expectProduct(reversed.with({ maxBindingBytes: 4096 }), [70, 52, 44], options);
      expect(await expectProduct(tuned(), shape, options)).toEqual(ascending);
    });

    test('gives a row the same bits whatever rows stand beside it', async () => {
      const random = new TestRandom(5);
      const [rows, n, k] = [40, 28, 36];
      const values = random.normal(rows * k);
      using scope = gpu().scope();
      const b = matrix(scope.upload(random.normal(k * n), transposes.transposeB ? [n, k] : [k, n]));
      if (transposes.transposeA)
        return expect((await expectProduct(tuned(), [rows, n, k], transposes)).length).toBe(rows * n);
      const a = matrix(scope.upload(values, [rows, k]));
      const [whole, part] = [scope.tensor([rows, n]), scope.tensor([3, n])];
      matmul(tuned(), { a, b, c: matrix(whole), ...transposes });
      matmul(tuned(), { a: sliceRows(a, 17, 3), b, c: matrix(part), ...transposes });
      expectSameBits(await gpu().read(part), (await gpu().read(whole)).slice(17 * n, 20 * n));
    });
  });

  test('reads and writes parts of larger matrices', async () => {
    const random = new TestRandom(9);
    const [aValues, bValues, cValues] = [
      random.normal(20 * 30),
      random.normal(30 * 25),
      random.normal(20 * 25),
    ];
    using scope = gpu().scope();
    const c = scope.upload(cValues, [20, 25]);
    matmul(tuned(), {
      a: sliceColumns(sliceRows(matrix(scope.upload(aValues, [20, 30])), 3, 11), 5, 9),
      b: sliceColumns(sliceRows(matrix(scope.upload(bValues, [30, 25])), 2, 9), 7, 13),
      c: sliceColumns(sliceRows(matrix(c), 4, 11), 6, 13),
    });
    const expected = Float64Array.from(cValues);
    for (let i = 0; i < 11; i++) {
      for (let j = 0; j < 13; j++) {
        let sum = 0;
        for (let k = 0; k < 9; k++) sum += aValues[(3 + i) * 30 + 5 + k]! * bValues[(2 + k) * 25 + 7 + j]!;
        expected[(4 + i) * 25 + 6 + j] = sum;
      }
    }
    expectClose(await gpu().read(c), expected, tolerances.matmul.f32, 3);
  });
});

test('takes more than 65,535 workgroups', async () => {
  const rows = 65_536 * 32 + 5;
  using scope = gpu().scope();
  const c = scope.tensor([rows, 1]);
  const values = Float32Array.from({ length: rows }, (_, i) => i % 1000);
  matmul(gpu().with({ tuning: TUNINGS.software }), {
    a: matrix(scope.upload(values, [rows, 1])),
    b: matrix(scope.upload(Float32Array.of(2), [1, 1])),
    c: matrix(c),
  });
  const result = await gpu().read(c);
  expect(result.findIndex((value, i) => value !== 2 * (i % 1000))).toBe(-1);
});

test('B stored as float16 gives the bits of the same values in float32', async () => {
  const random = new TestRandom(3);
  const [m, n, k] = [19, 33, 50];
  const values = random.normal(n * k).map(Math.f16round);
  using scope = gpu().scope();
  const a = matrix(scope.upload(random.normal(m * k), [m, k]));
  for (const tuning of Object.values(TUNED)) {
    const products = [];
    for (const type of ['float32', 'float16'] as const) {
      const c = scope.tensor([m, n]);
      matmul(gpu().with({ tuning: tuning() }), {
        a,
        b: matrix(stored(scope, values, [n, k], type)),
        c: matrix(c),
        transposeB: true,
      });
      products.push(await gpu().read(c));
    }
    expectSameBits(products[0]!, products[1]!);
  }
});

describe('all kernels give the same bits', () => {
  test.each(TRANSPOSES)('$transposeA $transposeB', async (transposes) => {
    for (const shape of [
      [37, 29, 21],
      [36, 52, 40],
    ] as const) {
      const [own, ...others] = Object.values(TUNED).map((tuning) => gpu().with({ tuning: tuning() }));
      const options = { ...transposes, bias: true, accumulate: true };
      const expected = await expectProduct(own!, shape, options);
      for (const other of others) expectSameBits(await expectProduct(other, shape, options), expected);
    }
  });

  test('also on a device without subgroups, where those that need them are refused', async () => {
    const random = new TestRandom(4);
    const [a, b] = [random.normal(35 * 40), random.normal(40 * 36)];
    const { adapter, description } = await findAdapter(process.env['ICL_GD_ADAPTER'] ?? 'auto');
    const plain = Gpu.fromDevice(await adapter.requestDevice(), description);
    const product = (device: Gpu): Promise<Float32Array> => {
      using scope = device.scope();
      const c = scope.tensor([35, 36]);
      const operands = { a: scope.upload(a, [35, 40]), b: scope.upload(b, [40, 36]) };
      matmul(device, { a: matrix(operands.a), b: matrix(operands.b), c: matrix(c) });
      return device.read(c);
    };
    try {
      expectSameBits(await product(plain), await product(gpu()));
      if (gpu().tuning.matmul.strategy !== 'subgroup') return;
      const tuned = plain.with({ tuning: gpu().tuning });
      expect(() => product(tuned)).toThrow(/^kernel matmul\.subgroup.* needs the feature subgroups/);
    } finally {
      plain.dispose();
    }
  });
});

test('refuses float16 anywhere but in B', () => {
  using scope = gpu().scope();
  const [half, full] = [scope.tensor([2, 2], 'halves', 'float16'), scope.tensor([2, 2])];
  const product = (a: Tensor, c: Tensor): unknown =>
    matmul(gpu(), { a: matrix(a), b: matrix(full), c: matrix(c) });
  expect(() => product(half, full)).toThrow(/halves is stored as float16; only the second factor/);
  expect(() => product(full, half)).toThrow(/halves is stored as float16; only the second factor/);
});

test('refuses sizes that do not agree', () => {
  using scope = gpu().scope();
  const [a, b, c] = [
    scope.tensor([2, 3], 'left'),
    scope.tensor([4, 5], 'right'),
    scope.tensor([2, 5], 'product'),
  ];
  expect(() => matmul(gpu(), { a: matrix(a), b: matrix(b), c: matrix(c) })).toThrow(
    /left \[2, 3\] and right \[4, 5\] into product \[2, 5\]/,
  );
});
