import { expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { expectRan, useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { ProductParts } from '../matmul/product-parts.ts';
import { layerNormBackward, layerNormForward, layerNormKernels } from './layer-norm.ts';
import { layerNormReference } from './layer-norm-reference.ts';
import { rmsNormBackward, rmsNormForward, rmsNormKernels } from './rms-norm.ts';

const gpu = useGpu();
const epsilon = 1e-5;
/** Products come in parts on GPUs alone. */
const tuning = TUNINGS.hardware;

interface Case {
  readonly rows: number;
  readonly width: number;
  readonly counts: readonly number[];
  readonly bias?: boolean;
}

function make(device: Gpu, { rows, width, counts, bias = false }: Case) {
  const scope = device.scope();
  const random = new TestRandom(rows + width);
  const numbers = (...shape: number[]) => random.normal(shape.reduce((a, b) => a * b, 1));
  const upload = (...shape: number[]) => scope.upload(numbers(...shape), shape);
  const total = counts.reduce((a, b) => a + b, 0);
  const values = numbers(total, rows, width);
  const biases = numbers(width);
  /** As they are added up elsewhere: parts of a product, products, bias, each in float32. */
  const sum = new Float32Array(rows * width);
  for (let i = 0; i < sum.length; i++) {
    let part = 0;
    for (const [p, count] of counts.entries()) {
      let own = 0;
      for (let c = 0; c < count; c++) own = Math.fround(own + values[part++ * sum.length + i]!);
      sum[i] = p === 0 ? own : sum[i]! + own;
    }
    if (bias) sum[i] = sum[i]! + biases[i % width]!;
  }
  const tensor = scope.upload(values, [total, rows, width]);
  const parts = new ProductParts({
    ...{ tensor, counts, shape: [rows, width] },
    ...(bias ? { bias: scope.upload(biases, [width]) } : {}),
  });
  return {
    ...{ parts, sum, added: scope.upload(sum, [rows, width]) },
    ...{ x: upload(rows, width), weight: upload(width), normBias: upload(width) },
    residual: upload(rows, width),
    tensor: (...shape: number[]) => scope.tensor(shape),
    [Symbol.dispose]: () => scope[Symbol.dispose](),
  };
}

const CASES: readonly Case[] = [
  { rows: 3, width: 5, counts: [1], bias: true },
  { rows: 9, width: 64, counts: [9], bias: true },
  { rows: 2, width: 516, counts: [16] },
  { rows: 5, width: 131, counts: [2, 1, 8] },
  { rows: 6, width: 36, counts: [3, 17] },
];

test.each(CASES)('a norm of $width adds up parts $counts with the bits of their sum', async (shape) => {
  const device = gpu().with({ tuning });
  using made = make(gpu(), shape);
  const { x, parts, added, weight, normBias } = made;
  const [rows, width] = [shape.rows, shape.width];
  const outputs = () => ({
    ...{ sum: made.tensor(rows, width), out: made.tensor(rows, width) },
    stats: made.tensor(rows, 2),
  });
  const [together, apart] = [outputs(), outputs()];
  const args = { x, weight, epsilon, bias: normBias };
  layerNormForward(device, { ...args, addend: parts, ...together });
  layerNormForward(device, { ...args, addend: added, ...apart });
  for (const name of ['sum', 'out', 'stats'] as const)
    expectSameBits(await gpu().read(together[name]), await gpu().read(apart[name]));
  const [mean, meanApart] = [made.tensor(rows), made.tensor(rows)];
  rmsNormForward(device, { ...args, addend: parts, ...together, stats: mean });
  rmsNormForward(device, { ...args, addend: added, ...apart, stats: meanApart });
  expectSameBits(await gpu().read(together.out), await gpu().read(apart.out));
  expectSameBits(await gpu().read(mean), await gpu().read(meanApart));
});

test.each(CASES)(
  'beside a norm of $width of what they are added to they have the same sum',
  async (shape) => {
    const device = gpu().with({ tuning });
    using made = make(gpu(), shape);
    const { x, parts, added, weight, normBias } = made;
    const [rows, width] = [shape.rows, shape.width];
    const args = { x, weight, epsilon, bias: normBias };
    const of = (...size: number[]) => made.tensor(...size);
    const [sum, rmsSum, expectedSum] = [of(rows, width), of(rows, width), of(rows, width)];
    const [layer, layerAlone] = [0, 1].map(() => ({ out: of(rows, width), stats: of(rows, 2) }));
    const [rms, rmsAlone] = [0, 1].map(() => ({ out: of(rows, width), stats: of(rows) }));
    layerNormForward(device, { ...args, addend: parts, sum, beside: true, ...layer! });
    layerNormForward(device, { ...args, addend: added, sum: expectedSum, out: of(rows, width) });
    layerNormForward(device, { ...args, ...layerAlone! });
    rmsNormForward(device, { ...args, addend: parts, sum: rmsSum, beside: true, ...rms! });
    rmsNormForward(device, { ...args, ...rmsAlone! });
    const pairs = [
      [sum, expectedSum],
      [rmsSum, expectedSum],
      [layer!.out, layerAlone!.out],
      [layer!.stats, layerAlone!.stats],
      [rms!.out, rmsAlone!.out],
      [rms!.stats, rmsAlone!.stats],
    ];
    const read = await gpu().readAll(pairs.flat().map((tensor) => ({ tensor })));
    for (const i of pairs.keys()) expectSameBits(read[2 * i]!, read[2 * i + 1]!);
  },
);

test.each(CASES)('and so does its gradient of $width, with what passes the norm by', async (shape) => {
  const device = gpu().with({ tuning });
  using made = make(gpu(), { ...shape, bias: false });
  const { x, parts, added, weight, residual: gradResidual, normBias } = made;
  const [rows, width] = [shape.rows, shape.width];
  const gradient = () => made.tensor(rows, width);
  const [stats, mean, out] = [made.tensor(rows, 2), made.tensor(rows), gradient()];
  layerNormForward(device, { x, weight, bias: normBias, epsilon, out, stats });
  rmsNormForward(device, { x, weight, epsilon, out, stats: mean });
  const results = [gradient(), gradient(), gradient(), gradient()] as const;
  const args = { x, weight, gradResidual };
  layerNormBackward(device, { ...args, stats, gradOutput: parts, gradInput: results[0] });
  layerNormBackward(device, { ...args, stats, gradOutput: added, gradInput: results[1] });
  rmsNormBackward(device, { ...args, stats: mean, gradOutput: parts, gradInput: results[2] });
  rmsNormBackward(device, { ...args, stats: mean, gradOutput: added, gradInput: results[3] });
  const read = await gpu().readAll(results.map((tensor) => ({ tensor })));
  expectSameBits(read[0]!, read[1]!);
  expectSameBits(read[2]!, read[3]!);
});

test('a norm of parts equals the float64 reference', async () => {
  const shape = { rows: 4, width: 36, counts: [5], bias: true };
  using made = make(gpu(), shape);
  const { x, parts, sum, weight, normBias: bias } = made;
  const [out, total] = [made.tensor(4, 36), made.tensor(4, 36)];
  const device = gpu().with({ tuning });
  layerNormForward(device, { x, weight, bias, epsilon, addend: parts, sum: total, out });
  const read = (tensor: typeof out) => gpu().read(tensor);
  const input = Float32Array.from(await read(x), (value, i) => value + sum[i]!);
  const values = { x: input, weight: await read(weight), bias: await read(bias), epsilon };
  expectClose(await read(out), layerNormReference(values).out, tolerances['layer-norm'].f32);
});

test('parts of another size are refused, and gradients that nothing adds them up for', () => {
  using made = make(gpu(), { rows: 3, width: 8, counts: [2] });
  const { x, weight, normBias, residual: gradResidual, parts } = made;
  const [stats, out, sum] = [made.tensor(3, 2), made.tensor(3, 8), made.tensor(3, 8)];
  const other = new ProductParts({ tensor: parts.tensor, counts: [2], shape: [2, 8] });
  const forward = { x, weight, bias: normBias, epsilon, out, sum };
  expect(() => layerNormForward(gpu(), { ...forward, addend: other })).toThrow(/does not match/);
  const bias = made.tensor(7);
  const biased = new ProductParts({ tensor: parts.tensor, counts: [2], shape: [3, 8], bias });
  expect(() => layerNormForward(gpu(), { ...forward, addend: biased })).toThrow(/\[7\] does not match/);
  const besideWhole = { ...forward, addend: gradResidual, beside: true };
  expect(() => layerNormForward(gpu(), besideWhole)).toThrow(/only parts are added up/);
  const backward = { x, weight, stats, gradOutput: parts, gradInput: out };
  const refused = /gradient alone/;
  expect(() => layerNormBackward(gpu(), backward)).toThrow(refused);
  const whole = { ...backward, gradResidual };
  expect(() => layerNormBackward(gpu(), { ...whole, gradWeight: weight })).toThrow(refused);
  expect(() => layerNormBackward(gpu(), { ...whole, accumulate: true })).toThrow(refused);
  expect(() => layerNormBackward(gpu(), { ...whole, gradBias: weight })).toThrow(/bias/);
});

test('no kernel of parts was left out above', () => {
  const kernels = [...layerNormKernels(tuning), ...rmsNormKernels(tuning)];
  const ofParts = kernels.filter(({ label }) => label.includes('.parts.'));
  expect(ofParts).toHaveLength(18);
  expectRan(gpu(), ofParts);
});
