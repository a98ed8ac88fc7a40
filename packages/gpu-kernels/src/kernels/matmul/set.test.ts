import { constantFrom, integer } from 'fast-check';
import { expect, test } from 'vitest';
import type { GpuOptions } from '../../runtime/gpu.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { LAYOUTS } from '../../testing/matrix-products.ts';
import { caseOf, expectForAll, seeds } from '../../testing/property.ts';
import { type Made, PATTERNS, dispatches, make, oneAfterTheOther } from '../../testing/product-sets.ts';
import { RowGroups } from '../row-groups.ts';
import { sliceRows } from './matrix.ts';
import { type SetProduct, matmulSet } from './set.ts';

const gpu = useGpu();

const COUNTS = [5, 0, 19, 1, 12];
const SIZES = { widths: [72, 8, 12], inner: 36 };

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
    sums: constantFrom(false, true),
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
      const written = ({ outputs, sums }: Made): Tensor[] => [
        ...outputs.map(({ tensor }) => tensor),
        ...sums,
      ];
      for (const [i, output] of written(set).entries())
        expectSameBits(await gpu().read(output), await gpu().read(written(single)[i]!));
    },
  );
});

test('takes two dispatches where a device binds fewer buffers, and one each for what is no set', () => {
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
  using long = new RowGroups(gpu(), [65]);
  const tuning = { ...gpu().tuning, matmul: TUNINGS.hardware.matmul };
  const [few, many] = [gpu().with({ tuning }), gpu().with({ tuning })];
  const limits = { maxStorageBuffersPerShaderStage: 8 };
  Object.defineProperty(few, 'device', { value: { limits } });
  const { products } = make(gpu(), scope, { ...shape, bias: true });
  Object.defineProperty(many, 'device', { value: { limits: { maxStorageBuffersPerShaderStage: 10 } } });
  expect(dispatches(few, products)).toBe(2);
  expect(dispatches(many, products)).toBe(1);
  const plain = make(gpu(), scope, { ...shape, bias: false }).products;
  expect(dispatches(few, plain)).toBe(1);
  // Where sets take longer to compile than they save.
  expect(dispatches(gpu().with({ tuning: TUNINGS.software }), plain)).toBe(3);
  const summed = make(gpu(), scope, { ...shape, layout: 'TN', bias: false, sums: true }).products;
  expect(dispatches(many, summed)).toBe(1);
  expect(dispatches(few, summed)).toBe(2);
  expect(dispatches(few, summed.slice(1))).toBe(1);
  const longer = make(gpu(), scope, {
    ...shape,
    layout: 'TN',
    bias: false,
    sums: true,
    groups: long,
  }).products;
  expect(dispatches(many, longer)).toBe(7);
  // One reads what another writes.
  const [q, k, v] = plain as [SetProduct, SetProduct, SetProduct];
  const chained = { ...k, a: q.c, b: { ...k.b, rows: 8, columns: 72, offset: 0, stride: 4 } };
  expect(dispatches(many, [q, chained, v])).toBe(3);
  // The same C twice, but not as a sum.
  expect(dispatches(many, [k, { ...k }])).toBe(2);
  expect(dispatches(many, [k])).toBe(1);
  expect(dispatches(many, [q, k, v, v])).toBe(4);
  expect(dispatches(many, [])).toBe(0);
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
  const card = gpu().with({ tuning: { ...gpu().tuning, matmul: TUNINGS.hardware.matmul } });
  const short = { ...q, c: { ...q.c, tensor: scope.tensor([q.c.tensor.length]) }, bias: scope.tensor([4]) };
  for (const device of [card, gpu()])
    expect(() => matmulSet(device, [q, short])).toThrow(/^matmul: .* is no bias/);
  // Groups have no sums here, nor has what is not transposed, or a part of a tensor.
  const columnSums = { out: scope.tensor([SIZES.widths[0]!]) };
  const weight = make(gpu(), scope, {
    ...shape,
    layout: 'TN',
    pattern: PATTERNS['pp']!,
    bias: false,
    sums: true,
  });
  const [whole] = weight.products as [SetProduct];
  for (const wrong of [
    { ...k, columnSums },
    { ...q, columnSums },
    { ...whole, a: sliceRows(whole.a, 1, 3), columnSums },
  ])
    expect(() => matmulSet(gpu(), [wrong])).toThrow(/has no sum for each column/);
});
