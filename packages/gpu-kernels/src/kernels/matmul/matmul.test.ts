import { constantFrom, integer, option } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Gpu, GpuOptions } from '../../runtime/gpu.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { type MatmulLayout, TUNINGS, type Tuning } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { acquirePlainTestGpu, expectRan, useGpu } from '../../testing/gpu.ts';
import {
  ADDITIONS,
  type Factors,
  LAYOUTS,
  type Placements,
  crop,
  cropFactors,
  expectedProduct,
  placement,
  productsInViews,
  randomFactors,
  transposesOf,
  withAdditions,
} from '../../testing/matrix-products.ts';
import {
  ALL_VECTORS as ALL,
  type Choice,
  NO_VECTORS as NONE,
  type Vectors,
  isLegal,
  matmulChoices,
  vectorsOf,
} from '../../testing/matmul-choices.ts';
import { caseOf, expectForAll, seeds } from '../../testing/property.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { matmul, matmulKernels } from './matmul.ts';
import { matrix, sliceRows } from './matrix.ts';

const gpu = useGpu();
const DTYPES = ['float32', 'float16'] as const;
const NOTHING = { bias: false, accumulate: false };
const EVERYTHING = { bias: true, accumulate: true };

const choicesOf = (layout: MatmulLayout): Map<string, Choice> => matmulChoices(gpu(), layout);

const tuned = ({ matmul }: Pick<Choice, 'matmul'>, options: GpuOptions = {}): Gpu =>
  gpu().with({ ...options, tuning: { ...gpu().tuning, matmul } });

function placementsOf(
  { a, b, shape: [, n] }: Factors,
  vectors: Vectors,
  dtypeB: Placements['dtypeB'] = 'float32',
): Placements {
  return {
    a: placement(a.columns, vectors.a),
    b: placement(b.columns, vectors.b),
    c: placement(n, vectors.c),
    dtypeB,
  };
}

describe.each(LAYOUTS)('%s', (layout) => {
  /** A product over k that holds all smaller ones, by the kernel that every device runs: near the reference. */
  async function largest(k: number): Promise<{ factors: Factors; sums: Float32Array }> {
    const factors = randomFactors(layout, [132, 136, k], k);
    const device = tuned(TUNINGS.software);
    const [sums] = await productsInViews(device, factors, placementsOf(factors, NONE), [NOTHING]);
    expectClose(sums!, expectedProduct(factors, NOTHING), tolerances.matmul.f32, Math.sqrt(k));
    return { factors, sums: sums! };
  }

  test('all kernels give the same bits over more than two tiles each way, wherever operands lie', async () => {
    const [ragged, whole] = [await largest(63), await largest(60)];
    for (const [name, choice] of choicesOf(layout)) {
      for (const vectors of vectorsOf(choice, layout)) {
        const m = 2 * choice.rows + (layout === 'TN' && vectors.a ? 4 : 3);
        const n = 2 * choice.columns + (vectors.c ? 8 : 5);
        const alongK = (layout === 'NT' && vectors.b) || (layout === 'NN' && vectors.a);
        for (const { factors, sums } of alongK ? [whole] : [ragged, whole]) {
          const own = cropFactors(factors, m, n);
          const ownSums = crop({ rows: 132, columns: 136, data: sums }, m, n).data;
          for (const dtypeB of DTYPES) {
            const placements = placementsOf(own, vectors, dtypeB);
            const products = await productsInViews(tuned(choice), own, placements, ADDITIONS);
            for (const [i, additions] of ADDITIONS.entries())
              expectSameBits(
                products[i]!,
                withAdditions(ownSums, own, additions),
                JSON.stringify({ name, vectors, dtypeB, ...additions }),
              );
          }
        }
      }
    }
  });
});

test('no kernel was left out above, and those that this device cannot run are refused by name', () => {
  const untiled = Object.values<Tuning>(TUNINGS).filter(({ matmul: { strategy } }) => strategy !== 'tiled');
  const kernels = [...new Set(untiled.flatMap((tuning) => matmulKernels(tuning)))];
  expectRan(
    gpu(),
    kernels.filter((kernel) => isLegal(gpu(), kernel)),
  );
  const illegal = kernels.filter((kernel) => !isLegal(gpu(), kernel));
  expect(illegal).not.toHaveLength(0);
  for (const kernel of illegal)
    expect(() => gpu().pipelines.get(kernel), kernel.label).toThrow(
      `kernel ${kernel.label} needs ${gpu().device.features.has('subgroups') ? `subgroups of ${kernel.subgroupSize}` : 'the feature subgroups'}`,
    );
});

/** Products with these additions, each near float64. */
async function expectProducts(
  device: Gpu,
  factors: Factors,
  placements: Placements,
  additions = ADDITIONS,
): Promise<Float32Array[]> {
  const products = await productsInViews(device, factors, placements, additions);
  const scale = Math.sqrt(factors.shape[2]);
  for (const [i, own] of additions.entries())
    expectClose(products[i]!, expectedProduct(factors, own), tolerances.matmul.f32, scale);
  return products;
}

describe.each(LAYOUTS)('%s', (layout) => {
  /** The device's own choice by shape, and every tile. */
  const devices = (options: GpuOptions = {}): Gpu[] => [
    gpu().with(options),
    ...[...choicesOf(layout).values()].map((choice) => tuned(choice, options)),
  ];

  test.each([
    [4, 4, 4],
    [1, 4, 1],
    [4, 8, 3],
    [5, 3, 4],
    [1, 1, 1],
    [1, 50, 13],
  ])('%i x %i over %i: fewer rows, columns and steps than a tile has', async (m, n, k) => {
    const factors = randomFactors(layout, [m, n, k], 1);
    const vectors = { a: factors.a.columns % 4 === 0, b: factors.b.columns % 4 === 0, c: n % 4 === 0 };
    const [first, ...others] = devices();
    const expected = await expectProducts(first!, factors, placementsOf(factors, vectors));
    for (const device of others) {
      const products = await productsInViews(device, factors, placementsOf(factors, vectors), ADDITIONS);
      for (const [i, product] of products.entries()) expectSameBits(product, expected[i]!);
    }
  });

  test('whatever a vector load would miss goes to a kernel that takes it', async () => {
    const whole = randomFactors(layout, [20, 36, 24], 2);
    const places = placementsOf(whole, ALL);
    const misplaced = (['a', 'b', 'c'] as const).flatMap((name) =>
      (['offset', 'stride'] as const).map((part) => ({
        factors: whole,
        places: { ...places, [name]: { ...places[name], [part]: places[name][part] + 1 } },
      })),
    );
    const ragged = (
      [
        [21, 36, 24],
        [20, 37, 24],
        [20, 36, 23],
      ] as const
    ).map((shape) => {
      const factors = randomFactors(layout, shape, 3);
      return { factors, places: placementsOf(factors, ALL) };
    });
    for (const device of devices()) {
      for (const { factors, places: own } of [...misplaced, ...ragged])
        await expectProducts(device, factors, own, [NOTHING]);
    }
  });

  test('works in slices where operands exceed a binding', async () => {
    const factors = randomFactors(layout, [70, 52, 44], 4);
    for (const maxBindingBytes of [4096, 16384]) {
      for (const device of devices({ maxBindingBytes })) {
        for (const dtypeB of DTYPES)
          await expectProducts(device, factors, placementsOf(factors, ALL, dtypeB), [EVERYTHING]);
      }
    }
  });

  test('sums in descending order: the same product, rounded otherwise', async () => {
    const factors = randomFactors(layout, [37, 28, 200], 5);
    const places = placementsOf(factors, ALL);
    const [ascending] = await productsInViews(gpu(), factors, places, [EVERYTHING]);
    for (const device of devices({ summation: 'descending' })) {
      const [descending] = await expectProducts(device, factors, places, [EVERYTHING]);
      expect(descending).not.toEqual(ascending);
      expect(await productsInViews(device, factors, places, [EVERYTHING])).toEqual([descending]);
      const small = randomFactors(layout, [3, 5, 9], 6);
      await expectProducts(device, small, placementsOf(small, NONE));
      await expectProducts(device.with({ maxBindingBytes: 8192 }), factors, places, [EVERYTHING]);
    }
  });

  test('random products are near float64 and have the bits of the register kernel', async () => {
    const choices = choicesOf(layout);
    const place = caseOf({
      unit: constantFrom(1, 4),
      offset: integer({ min: 0, max: 9 }),
      gap: integer({ min: 0, max: 9 }),
    });
    const size = caseOf({ unit: constantFrom(1, 4), count: integer({ min: 1, max: 35 }) });
    const cases = caseOf({
      kernel: constantFrom('own', ...choices.keys()),
      m: size,
      n: size,
      k: size,
      a: place,
      b: place,
      c: place,
      dtypeB: constantFrom(...DTYPES),
      additions: constantFrom(...ADDITIONS),
      maxBindingBytes: option(constantFrom(4096, 8192), { nil: undefined }),
      summation: constantFrom('ascending', 'descending'),
      seed: seeds,
    });
    await expectForAll(cases, 40, async ({ kernel, m, n, k, a, b, c, seed, ...others }) => {
      const extent = ({ unit, count }: typeof m): number => unit * count;
      const factors = randomFactors(layout, [extent(m), extent(n), extent(k)], seed);
      const within = (columns: number, { unit, offset, gap }: typeof a) => ({
        offset: unit * offset,
        stride: (Math.ceil(columns / unit) + gap) * unit,
      });
      const places = {
        a: within(factors.a.columns, a),
        b: within(factors.b.columns, b),
        c: within(extent(n), c),
        dtypeB: others.dtypeB,
      };
      const { maxBindingBytes, summation, additions } = others;
      const options = { summation, ...(maxBindingBytes ? { maxBindingBytes } : {}) };
      const choice = choices.get(kernel);
      const device = choice ? tuned(choice, options) : gpu().with(options);
      const [product] = await expectProducts(device, factors, places, [additions]);
      const register = tuned(TUNINGS.software, options);
      expectSameBits(product!, (await productsInViews(register, factors, places, [additions]))[0]!);
    });
  });
});

test('gives a row the same bits whatever rows stand beside it', async () => {
  const [m, n, k] = [40, 28, 36];
  for (const layout of ['NN', 'NT'] as const) {
    const { a, b } = randomFactors(layout, [m, n, k], 7);
    for (const choice of choicesOf(layout).values()) {
      using scope = gpu().scope();
      const left = matrix(scope.upload(Float32Array.from(a.data), [m, k]));
      const right = matrix(scope.upload(Float32Array.from(b.data), [b.rows, b.columns]));
      const [whole, part] = [scope.tensor([m, n]), scope.tensor([3, n])];
      const { transposeB } = transposesOf(layout);
      matmul(tuned(choice), { a: left, b: right, c: matrix(whole), transposeB });
      matmul(tuned(choice), { a: sliceRows(left, 17, 3), b: right, c: matrix(part), transposeB });
      expectSameBits(await gpu().read(part), (await gpu().read(whole)).slice(17 * n, 20 * n));
    }
  }
});

test('takes more than 65,535 workgroups', async () => {
  const rows = 65_536 * 32 + 5;
  using scope = gpu().scope();
  const c = scope.tensor([rows, 1]);
  const values = new Float32Array(rows);
  for (let i = 0; i < rows; i++) values[i] = i % 1000;
  matmul(tuned(TUNINGS.software), {
    a: matrix(scope.upload(values, [rows, 1])),
    b: matrix(scope.upload(Float32Array.of(2), [1, 1])),
    c: matrix(c),
  });
  const result = await gpu().read(c);
  expect(result.findIndex((value, i) => value !== 2 * (i % 1000))).toBe(-1);
});

test('a device without subgroups gives the same bits and refuses the kernels that need them', async () => {
  const factors = randomFactors('NN', [35, 36, 40], 8);
  const places = placementsOf(factors, ALL);
  const plain = await acquirePlainTestGpu();
  try {
    const [expected] = await productsInViews(gpu(), factors, places, [EVERYTHING]);
    const [product] = await productsInViews(plain, factors, places, [EVERYTHING]);
    expectSameBits(product!, expected!);
    for (const tuning of [TUNINGS.lavapipe, TUNINGS.swiftshader]) {
      const refused = productsInViews(plain.with({ tuning }), factors, places, [EVERYTHING]);
      await expect(refused).rejects.toThrow(/^kernel matmul\.(subgroup|quad).* needs the feature subgroups/);
    }
  } finally {
    plain.dispose();
  }
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
  const product = { a: matrix(a), b: matrix(scope.tensor([3, 5])), c: matrix(c) };
  const bias = scope.tensor([6], 'offsets');
  expect(() => matmul(gpu(), { ...product, bias, biasOffset: 2 })).toThrow(/offsets is no bias \[5\]/);
});
