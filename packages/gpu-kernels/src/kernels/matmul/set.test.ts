import { constantFrom, integer } from 'fast-check';
import { expect, test } from 'vitest';
import type { Gpu, GpuOptions } from '../../runtime/gpu.ts';
import type { Scope } from '../../runtime/scope.ts';
import { type MatmulLayout, TUNINGS } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { expectRan, useGpu } from '../../testing/gpu.ts';
import { isLegal } from '../../testing/matmul-choices.ts';
import { LAYOUTS, exactly, placement, transposesOf, viewAtEnd } from '../../testing/matrix-products.ts';
import { caseOf, expectForAll, seeds } from '../../testing/property.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { RowGroups } from '../row-groups.ts';
import { groupedMatmul } from './grouped.ts';
import { matmul } from './matmul.ts';
import type { Matrix } from './matrix.ts';
import { groupedMatmulReference } from './reference.ts';
import { type SetProduct, matmulSet, matmulSetKernels } from './set.ts';

const gpu = useGpu();

/** Which of the products have matrices for each group. */
const PATTERNS: Readonly<Record<string, readonly boolean[]>> = {
  pp: [false, false],
  ppp: [false, false, false],
  gg: [true, true],
  ggg: [true, true, true],
  pgg: [false, true, true],
};

/** Whether the adapter runs several products in one dispatch. */
const hasSets = (): boolean => matmulSetKernels(gpu().tuning).length > 0;

interface Made {
  readonly products: readonly SetProduct[];
  /** Contents of A, B and the bias of each, packed. */
  readonly factors: readonly { a: Float32Array; b: Float32Array; bias: Float32Array }[];
  readonly outputs: readonly Matrix[];
}

/**
 * Products as a decoder has them: with one A for outputs of several widths (NT), added up into one C (NN), with one B (TN).
 * Operands lie at the end of buffers of just their size, between NaNs; C is NaN.
 */
function make(
  scope: Scope,
  {
    layout,
    pattern,
    groups,
    widths,
    inner,
    bias,
    accumulate,
    seed,
  }: {
    readonly layout: MatmulLayout;
    readonly pattern: readonly boolean[];
    readonly groups: RowGroups;
    readonly widths: readonly number[];
    readonly inner: number;
    readonly bias: boolean;
    readonly accumulate: boolean;
    readonly seed: number;
  },
): Made {
  const random = new TestRandom(seed);
  const { rows } = groups;
  const upload = (height: number, columns: number, fill?: number): { data: Float32Array; view: Matrix } => {
    const data =
      fill === undefined ? random.normal(height * columns) : new Float32Array(height * columns).fill(fill);
    const place = placement(columns, columns % 4 === 0);
    const values = { rows: height, columns, data };
    return { data, view: viewAtEnd(gpu(), scope, values, place, 'float32') };
  };
  const output = (height: number, columns: number): Matrix =>
    upload(height, columns, accumulate ? undefined : NaN).view;
  const common = { NT: upload(rows, inner), NN: undefined, TN: upload(rows, inner) }[layout];
  const summed = layout === 'NN' ? output(rows, inner) : undefined;
  const made = pattern.map((grouped, i) => {
    const width = widths[i]!;
    const each = grouped ? groups.counts.length : 1;
    const a = layout === 'NT' ? common! : upload(rows, width);
    const b = layout === 'TN' ? common! : upload(each * width, inner);
    const c = { NT: () => output(rows, width), NN: () => summed!, TN: () => output(each * width, inner) }[
      layout
    ]();
    const values = random.normal(each * (layout === 'NT' ? width : inner));
    const tensor = exactly(gpu(), scope, values.length);
    gpu().write(tensor, values);
    const product: SetProduct = {
      ...{ a: a.view, b: b.view, c, ...transposesOf(layout) },
      accumulate: accumulate || (layout === 'NN' && i > 0),
      ...(bias ? { bias: tensor } : {}),
      ...(grouped ? { groups } : {}),
    };
    return { product, factors: { a: a.data, b: b.data, bias: values }, c };
  });
  return {
    products: made.map(({ product }) => product),
    factors: made.map(({ factors }) => factors),
    outputs: summed ? [summed] : made.map(({ c }) => c),
  };
}

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
          const [set, single] = [make(scope, shape), make(scope, shape)];
          const isSet = hasSets() && !(layout === 'TN' && name === 'pgg');
          expect(dispatches(gpu(), set.products), `${layout} ${name}`).toBe(isSet ? 1 : pattern.length);
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
    const { products, factors, outputs } = make(scope, shape);
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
  const kernels = Object.values(TUNINGS).flatMap((tuning) => matmulSetKernels(tuning));
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
      const [set, single] = [make(scope, shape), make(scope, shape)];
      matmulSet(gpu().with(options), set.products);
      oneAfterTheOther(gpu().with(options), single.products);
      for (const [i, output] of set.outputs.entries())
        expectSameBits(await gpu().read(output.tensor), await gpu().read(single.outputs[i]!.tensor));
    },
  );
});

test('takes a dispatch each where a device binds fewer buffers, for large products, and for what is no set', () => {
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
  const { products } = make(scope, { ...shape, bias: true });
  expect(dispatches(few, products)).toBe(3);
  const plain = make(scope, { ...shape, bias: false }).products;
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
  const { products } = make(scope, { ...shape, bias: false });
  const [q, k, v] = products as [SetProduct, SetProduct, SetProduct];
  expect(() => matmulSet(gpu(), [{ ...q, c: k.c }, k, v])).toThrow(/^matmul of/);
  expect(() => matmulSet(gpu(), [q, { ...k, c: q.c }, v])).toThrow(/^groupedMatmul of/);
});

/** Dispatches that a set records on a device; nothing runs. */
function dispatches(device: Gpu, products: readonly SetProduct[]): number {
  const counting = device === gpu() ? gpu().with({}) : device;
  let count = 0;
  counting.dispatch = () => void count++;
  matmulSet(counting, products);
  return count;
}

function oneAfterTheOther(device: Gpu, products: readonly SetProduct[]): void {
  for (const { groups, ...product } of products) {
    if (groups) groupedMatmul(device, { ...product, groups });
    else matmul(device, product);
  }
}
