import { constantFrom, integer } from 'fast-check';
import { expect, test } from 'vitest';
import type { GpuOptions } from '../../runtime/gpu.ts';
import { TUNINGS, type Tuning } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { expectRan, useGpu } from '../../testing/gpu.ts';
import { isLegal } from '../../testing/matmul-choices.ts';
import { LAYOUTS, transposesOf } from '../../testing/matrix-products.ts';
import { caseOf, expectForAll, seeds } from '../../testing/property.ts';
import { PATTERNS, dispatches, make, oneAfterTheOther } from '../../testing/product-sets.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { RowGroups } from '../row-groups.ts';
import { groupedMatmulReference } from './reference.ts';
import { type SetProduct, matmulSet, matmulSetKernels } from './set.ts';

const gpu = useGpu();

/** Whether the adapter runs several products in one dispatch. */
const hasSets = (): boolean => matmulSetKernels(gpu().tuning).length > 0;

const COUNTS = [5, 0, 19, 1, 12];
const SIZES = { widths: [72, 8, 12], inner: 36 };

test.each(LAYOUTS)(
  '%s: sets have the bits of the products one after the other, and write nothing else',
  async (layout) => {
    using groups = new RowGroups(gpu(), COUNTS);
    for (const [name, pattern] of Object.entries(PATTERNS)) {
      for (const bias of layout === 'NT' ? [false, true] : [false]) {
        for (const accumulate of [false, true]) {
          using scope = gpu().scope();
          const shape = { layout, pattern, groups, ...SIZES, bias, accumulate, seed: 5 };
          const [set, single] = [make(gpu(), scope, shape), make(gpu(), scope, shape)];
          // Of the gradients of weights the last two are a set.
          const count = layout === 'TN' && name === 'pgg' ? 2 : 1;
          expect(dispatches(gpu(), set.products), `${layout} ${name}`).toBe(
            hasSets() ? count : pattern.length,
          );
          matmulSet(gpu(), set.products);
          oneAfterTheOther(gpu().with({ tuning: TUNINGS.software }), single.products);
          for (const [i, output] of set.outputs.entries()) {
            const expected = await gpu().read(single.outputs[i]!.tensor);
            expectSameBits(await gpu().read(output.tensor), expected, `${layout} ${name} output ${i}`);
          }
        }
      }
    }
  },
);

test('is near float64', async () => {
  using groups = new RowGroups(gpu(), COUNTS);
  for (const layout of LAYOUTS) {
    using scope = gpu().scope();
    const pattern = PATTERNS['ggg']!;
    const shape = { layout, pattern, groups, ...SIZES, bias: false, accumulate: false, seed: 6 };
    const { products, factors, outputs } = make(gpu(), scope, shape);
    matmulSet(gpu(), products);
    const references = products.map(({ a, b }, i) =>
      groupedMatmulReference(
        { rows: a.rows, columns: a.columns, data: factors[i]!.a },
        { rows: b.rows, columns: b.columns, data: factors[i]!.b },
        { counts: COUNTS, ...transposesOf(layout) },
      ),
    );
    const expected =
      layout === 'NN'
        ? [references[0]!.map((value, i) => value + references[1]![i]! + references[2]![i]!)]
        : references;
    for (const [i, { tensor, rows, columns, offset, stride }] of outputs.entries()) {
      const values = await gpu().read(tensor);
      const packed = Array.from(
        { length: rows * columns },
        (_, at) => values[offset + Math.floor(at / columns) * stride + (at % columns)]!,
      );
      expectClose(packed, expected[i]!, tolerances.matmul.f32, Math.sqrt(92));
    }
  }
});

test('no kernel was left out above', () => {
  // Those of GPUs have a file of their own.
  const tunings = Object.values<Tuning>(TUNINGS).filter(({ matmul }) => matmul.strategy !== 'tiled');
  const kernels = tunings.flatMap((tuning) => matmulSetKernels(tuning));
  expectRan(
    gpu(),
    kernels.filter((kernel) => isLegal(gpu(), kernel)),
  );
});

test('random sets have the bits of one after the other, whatever of them is no set', async () => {
  const size = integer({ min: 1, max: 30 });
  const cases = caseOf({
    layout: constantFrom(...LAYOUTS),
    pattern: constantFrom(...Object.keys(PATTERNS)),
    counts: constantFrom([7, 0, 30], [1], [16, 16, 3, 9]),
    unit: constantFrom(1, 4, 4),
    widths: caseOf({ q: size, k: size, v: size }),
    inner: size,
    bias: constantFrom(false, true),
    accumulate: constantFrom(false, true),
    options: constantFrom<GpuOptions>({}, {}, { maxBindingBytes: 8192 }, { summation: 'descending' }),
    seed: seeds,
  });
  await expectForAll(
    cases,
    30,
    async ({ layout, pattern, counts, unit, widths, inner, options, ...rest }) => {
      using groups = new RowGroups(gpu(), counts);
      using scope = gpu().scope();
      const shape = {
        ...{ layout, groups, ...rest, inner: inner * unit },
        pattern: PATTERNS[pattern]!,
        widths: [widths.q, widths.k, widths.v].map((width) => width * unit),
      };
      const [set, single] = [make(gpu(), scope, shape), make(gpu(), scope, shape)];
      matmulSet(gpu().with(options), set.products);
      oneAfterTheOther(gpu().with(options), single.products);
      for (const [i, output] of set.outputs.entries())
        expectSameBits(await gpu().read(output.tensor), await gpu().read(single.outputs[i]!.tensor));
    },
  );
});

test('takes two dispatches where a device binds fewer buffers, and one each for large products and for what is no set', () => {
  using groups = new RowGroups(gpu(), COUNTS);
  using scope = gpu().scope();
  const shape = {
    layout: 'NT',
    pattern: PATTERNS['ppp']!,
    groups,
    ...SIZES,
    accumulate: false,
    seed: 7,
  } as const;
  const few = gpu().with({});
  const limits = { maxStorageBuffersPerShaderStage: 8 };
  Object.defineProperty(few, 'device', { value: { limits } });
  const { products } = make(gpu(), scope, { ...shape, bias: true });
  expect(dispatches(few, products)).toBe(hasSets() ? 2 : 3);
  const plain = make(gpu(), scope, { ...shape, bias: false }).products;
  const one = hasSets() ? 1 : 3;
  expect(dispatches(few, plain)).toBe(one);
  // One reads what another writes.
  const [q, k, v] = plain as [SetProduct, SetProduct, SetProduct];
  const chained = { ...k, a: q.c, b: { ...k.b, rows: 8, columns: 72, offset: 0, stride: 4 } };
  expect(dispatches(gpu(), [q, chained, v])).toBe(3);
  // The same C twice, but not as a sum.
  expect(dispatches(gpu(), [k, { ...k }])).toBe(2);
  expect(dispatches(gpu(), [k])).toBe(1);
  expect(dispatches(gpu(), [q, k, v, v])).toBe(4);
  expect(dispatches(gpu(), [])).toBe(0);
  const large = (columns: number) =>
    ({ tensor: q.c.tensor, rows: columns, columns: 2048, offset: 0, stride: 0 }) as const;
  const [c0, c1] = [scope.tensor([4]), scope.tensor([4])].map((tensor) => ({
    ...{ tensor, rows: 64, columns: 128, offset: 0, stride: 0 },
  }));
  const big = { a: large(64), b: large(128), transposeB: true };
  expect(
    dispatches(gpu(), [
      { ...big, c: c0! },
      { ...big, c: c1! },
    ]),
  ).toBe(2);
});

test('refuses what a product by itself refuses', () => {
  using groups = new RowGroups(gpu(), COUNTS);
  using scope = gpu().scope();
  const shape = {
    layout: 'NT',
    pattern: PATTERNS['pgg']!,
    groups,
    ...SIZES,
    accumulate: false,
    seed: 8,
  } as const;
  const { products } = make(gpu(), scope, { ...shape, bias: false });
  const [q, k, v] = products as [SetProduct, SetProduct, SetProduct];
  expect(() => matmulSet(gpu(), [{ ...q, c: k.c }, k, v])).toThrow(/^matmul of/);
  expect(() => matmulSet(gpu(), [q, { ...k, c: q.c }, v])).toThrow(/^groupedMatmul of/);
});
