import { array, boolean, constantFrom, integer, oneof, option } from 'fast-check';
import { expect, test } from 'vitest';
import type { Gpu } from '../runtime/gpu.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { TUNINGS } from '../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../testing/closeness.ts';
import { expectRan, useGpu } from '../testing/gpu.ts';
import { expectCloseBetweenNaNs, poisoned, surrounded } from '../testing/poison.ts';
import { caseOf, expectForAll, seeds } from '../testing/property.ts';
import { TestRandom } from '../testing/random.ts';
import { tolerances } from '../testing/tolerances.ts';
import {
  crossEntropyGradient,
  crossEntropyKernels,
  gatherLogProbs,
  logSumExp,
} from './cross-entropy/cross-entropy.ts';
import { crossEntropyGradientReference, logSumExpReference } from './cross-entropy/reference.ts';
import { columnSum, columnSumKernels, columnSums } from './reduction/column-sum.ts';
import { columnSumReference, sumOfSquaresReference, sumReference } from './reduction/reference.ts';
import { l2Norm, l2NormKernels } from './reduction/l2-norm.ts';
import { reductionKernels, squareRoot, sum, sumOfSquares } from './reduction/reduction.ts';
import { layerNormBackwardReference, layerNormReference } from './row-norm/layer-norm-reference.ts';
import { layerNormBackward, layerNormForward, layerNormKernels } from './row-norm/layer-norm.ts';
import { rmsNormBackwardReference, rmsNormReference } from './row-norm/rms-norm-reference.ts';
import { rmsNormBackward, rmsNormForward, rmsNormKernels } from './row-norm/rms-norm.ts';

const gpu = useGpu();
const RUNS = 20;
/** Software adapters reduce rows by few invocations, in one subgroup or two, GPUs by many. */
const TUNED = ['software', 'hardware'] as const;
type Tuned = (typeof TUNED)[number];

const tuned = (name: Tuned, maxBindingBytes?: number): Gpu =>
  gpu().with({ tuning: TUNINGS[name], ...(maxBindingBytes === undefined ? {} : { maxBindingBytes }) });
const read = (tensor: Tensor): Promise<Float32Array> => gpu().read(tensor);
const plus = (a: ArrayLike<number>, b: ArrayLike<number> | undefined): Float64Array =>
  Float64Array.from(a, (value, i) => value + (b ? (b[i] ?? NaN) : 0));

const rows = integer({ min: 1, max: 70 });
const widths = integer({ min: 1, max: 330 });
const normWidths = oneof(
  widths,
  widths.map((width) => 4 * width),
);
/** Fewer elements than invocations, as many, and over twice as many with a rest, under each tuning. */
const EXTENTS = TUNED.flatMap((name) => {
  const { invocationsPerRow: size } = TUNINGS[name];
  return [1, size - 3, size, 2 * size + 5].map((width) => ({ name, width }));
});

interface NormCase {
  readonly tuning: Tuned;
  readonly rows: number;
  readonly width: number;
  readonly accumulate: boolean;
  readonly seed: number;
}
const normCases = caseOf<NormCase>({
  tuning: constantFrom(...TUNED),
  rows,
  width: normWidths,
  accumulate: boolean(),
  seed: seeds,
});
/** Rows that are short and long, and whole vectors of four or not, with more of them than a workgroup takes. */
const NORM_WIDTHS = [1, 3, 4, 64, 97, 512, 516, 519];
const normExamples = TUNED.flatMap((name) =>
  NORM_WIDTHS.map((width, i): NormCase => ({
    ...{ tuning: name, rows: 11, width, accumulate: i % 2 === 0, seed: i + 1 },
  })),
);

function normOperands({ rows: count, width, seed }: NormCase) {
  const random = new TestRandom(seed);
  return {
    x: random.normal(count * width),
    weight: random.normal(width),
    bias: random.normal(width),
    gradOutput: random.normal(count * width),
    previous: random.normal(count * width),
    sums: random.normal(width),
    epsilon: 1e-5,
  };
}

/** The largest factor by which a row's numbers are multiplied, if that is more than 1: its roundings grow with it. */
function largest(factors: ArrayLike<number>): number {
  return Math.max(1, ...Array.from(factors));
}

test('layer norm of random rows, forward and backward', async () => {
  await expectForAll(
    normCases,
    RUNS,
    async (own) => {
      const values = normOperands(own);
      const { epsilon } = values;
      const [shape, device] = [[own.rows, own.width], tuned(own.tuning)];
      using scope = gpu().scope();
      const up = (name: 'weight' | 'bias' | 'sums'): Tensor => scope.upload(values[name], [own.width], name);
      const [x, gradOutput] = [scope.upload(values.x, shape), scope.upload(values.gradOutput, shape)];
      const [weight, bias, gradWeight, gradBias] = [up('weight'), up('bias'), up('sums'), up('sums')];
      const [out, plain, stats] = [
        poisoned(scope, shape),
        poisoned(scope, shape),
        poisoned(scope, [own.rows, 2]),
      ];
      const gradInput = own.accumulate ? scope.upload(values.previous, shape) : poisoned(scope, shape);
      layerNormForward(device, { x, weight, bias, epsilon, out, stats });
      layerNormForward(device, { x, weight, bias, epsilon, out: plain });
      const { accumulate } = own;
      layerNormBackward(device, {
        x,
        weight,
        stats,
        gradOutput,
        gradInput,
        accumulate,
        gradWeight,
        gradBias,
      });
      const addend = scope.upload(values.previous, shape);
      const [sum, outOfSum, statsOfSum, outAgain, added, addedAgain] = [
        poisoned(scope, shape),
        poisoned(scope, shape),
        poisoned(scope, [own.rows, 2]),
        poisoned(scope, shape),
        poisoned(scope, shape),
        scope.upload(values.previous, shape),
      ];
      layerNormForward(device, {
        ...{ x, addend, sum, weight, bias, epsilon },
        ...{ out: outOfSum, stats: statsOfSum },
      });
      layerNormForward(device, { x: sum, weight, bias, epsilon, out: outAgain });
      const gradients = { x, weight, stats, gradOutput };
      layerNormBackward(device, { ...gradients, gradInput: added, gradResidual: addend });
      layerNormBackward(device, { ...gradients, gradInput: addedAgain, accumulate: true });
      expectSameBits(
        await read(sum),
        values.x.map((value, i) => value + (values.previous[i] ?? NaN)),
      );
      expectSameBits(await read(outOfSum), await read(outAgain));
      expectSameBits(await read(added), await read(addedAgain));
      const forward = layerNormReference(values);
      const backward = layerNormBackwardReference(values, values.gradOutput);
      const inverse = largest(forward.stats.filter((_, i) => i % 2 === 1));
      const scale = 4 * inverse;
      const tolerance = tolerances['layer-norm'].f32;
      const sumScale = scale * Math.sqrt(own.rows);
      expectClose(await read(out), forward.out, tolerance, scale);
      expectSameBits(await read(plain), await read(out));
      expectClose(await read(stats), forward.stats, tolerance, scale);
      const expected = plus(backward.gradInput, accumulate ? values.previous : undefined);
      expectClose(await read(gradInput), expected, tolerance, scale * inverse);
      expectClose(
        await read(gradWeight),
        plus(backward.gradWeight, values.sums),
        tolerances.sum.f32,
        sumScale,
      );
      expectClose(await read(gradBias), plus(backward.gradBias, values.sums), tolerances.sum.f32, sumScale);
    },
    normExamples,
  );
});

test('RMS norm of random rows, forward and backward', async () => {
  await expectForAll(
    normCases,
    RUNS,
    async (own) => {
      const values = normOperands(own);
      const { epsilon } = values;
      const [shape, device] = [[own.rows, own.width], tuned(own.tuning)];
      using scope = gpu().scope();
      const [x, gradOutput] = [scope.upload(values.x, shape), scope.upload(values.gradOutput, shape)];
      const [weight, gradWeight] = [
        scope.upload(values.weight, [own.width]),
        scope.upload(values.sums, [own.width]),
      ];
      const [out, stats] = [poisoned(scope, shape), poisoned(scope, [own.rows])];
      const gradInput = own.accumulate ? scope.upload(values.previous, shape) : poisoned(scope, shape);
      rmsNormForward(device, { x, weight, epsilon, out, stats });
      const { accumulate } = own;
      rmsNormBackward(device, { x, weight, stats, gradOutput, gradInput, accumulate, gradWeight });
      const addend = scope.upload(values.previous, shape);
      const [sum, outOfSum, outAgain, statsAgain, added, addedAgain] = [
        poisoned(scope, shape),
        poisoned(scope, shape),
        poisoned(scope, shape),
        poisoned(scope, [own.rows]),
        poisoned(scope, shape),
        scope.upload(values.previous, shape),
      ];
      const again = { weight, epsilon, stats: statsAgain };
      rmsNormForward(device, { x, addend, sum, ...again, out: outOfSum });
      rmsNormForward(device, { x: sum, ...again, out: outAgain });
      const gradients = { x, weight, stats, gradOutput };
      rmsNormBackward(device, { ...gradients, gradInput: added, gradResidual: addend });
      rmsNormBackward(device, { ...gradients, gradInput: addedAgain, accumulate: true });
      expectSameBits(
        await read(sum),
        values.x.map((value, i) => value + (values.previous[i] ?? NaN)),
      );
      expectSameBits(await read(outOfSum), await read(outAgain));
      expectSameBits(await read(added), await read(addedAgain));
      const forward = rmsNormReference(values);
      const backward = rmsNormBackwardReference(values, values.gradOutput);
      const [scale, tolerance] = [4 * largest(forward.stats), tolerances['layer-norm'].f32];
      expectClose(await read(out), forward.out, tolerance);
      expectClose(await read(stats), forward.stats, tolerance);
      const expected = plus(backward.gradInput, accumulate ? values.previous : undefined);
      expectClose(await read(gradInput), expected, tolerance, scale);
      const sumScale = Math.sqrt(own.rows);
      expectClose(
        await read(gradWeight),
        plus(backward.gradWeight, values.sums),
        tolerances.sum.f32,
        sumScale,
      );
    },
    normExamples,
  );
});

test('cross-entropy and its gradient of random logits, among rows that are nobody’s', async () => {
  const gaps = integer({ min: 0, max: 5 });
  const cases = caseOf({
    tuning: constantFrom(...TUNED),
    rows,
    moreRows: gaps,
    vocabulary: widths,
    size: constantFrom<number>(1, 30),
    scale: constantFrom<number>(1, -0.3),
    offset: gaps,
    targets: integer({ min: 1, max: 90 }),
    seed: seeds,
  });
  const examples = EXTENTS.map(({ name, width }, i) => ({
    ...{
      tuning: name,
      rows: 3,
      moreRows: 1,
      vocabulary: width,
      size: 1,
      scale: 1,
      offset: 2,
      targets: 4,
      seed: i + 1,
    },
  }));
  // Whole vectors of four or not, over several runs of a row.
  for (const vocabulary of [600, 603])
    for (const seed of [8, 9])
      examples.push({
        ...{ tuning: 'software', rows: 9, moreRows: 1, vocabulary, size: 1, scale: 1, offset: 2, targets: 4 },
        seed,
      });
  await expectForAll(
    cases,
    RUNS,
    async ({ tuning, rows: count, moreRows, vocabulary, size, scale, offset, targets, seed }) => {
      const random = new TestRandom(seed);
      const [all, device] = [count + moreRows, tuned(tuning)];
      const values = random.normal(count * vocabulary, size);
      const wanted = random.integers(count, vocabulary);
      const [askedRows, askedTokens] = [
        random.integers(targets, count),
        random.integers(targets, vocabulary),
      ];
      using scope = gpu().scope();
      const ids = (tokens: readonly number[]): Tensor =>
        scope.upload(Uint32Array.from(tokens), [tokens.length]);
      const logits = scope.upload(surrounded(values, 0, all * vocabulary), [all, vocabulary]);
      const [normalizers, logProbs] = [poisoned(scope, [all]), poisoned(scope, [offset + targets + 3])];
      logSumExp(device, { logits, rows: count, vocabulary, out: normalizers });
      const of = { logits, logSumExp: normalizers, vocabulary };
      const asked = { row: ids(askedRows), target: ids(askedTokens) };
      gatherLogProbs(device, { ...of, ...asked, out: logProbs, outOffset: offset });
      const before = Array.from<number>({ length: offset }).fill(vocabulary);
      const target = ids([...before, ...wanted, vocabulary]);
      const factors = scope.upload(new Float32Array(offset + count).fill(scale), [offset + count]);
      const factor = seed % 2 === 0 ? factors : scale;
      crossEntropyGradient(device, { ...of, target, targetOffset: offset, scale: factor, rows: count });
      const expected = logSumExpReference(values, vocabulary);
      const near = (actual: Float32Array, at: number, numbers: ArrayLike<number>): void =>
        expectCloseBetweenNaNs(actual, at, numbers, tolerances['cross-entropy'].f32, 4 * size);
      near(await read(normalizers), 0, expected);
      const expectedLogProbs = askedRows.map(
        (r, i) => values[r * vocabulary + askedTokens[i]!]! - expected[r]!,
      );
      near(await read(logProbs), offset, expectedLogProbs);
      near(await read(logits), 0, crossEntropyGradientReference(values, wanted, vocabulary, scale));
    },
    examples,
  );
});

test('sums and norms of random runs of elements, over windows', async () => {
  const gaps = integer({ min: 0, max: 300 });
  const cases = caseOf({
    tuning: constantFrom(...TUNED),
    // Over more than one chunk of each tuning.
    length: oneof(integer({ min: 0, max: 1200 }), integer({ min: 0, max: 18_000 })),
    before: gaps,
    after: gaps,
    scale: constantFrom<number>(1, -0.5),
    accumulate: boolean(),
    maxBindingBytes: option(constantFrom<number>(1024, 4096), { nil: undefined }),
    seed: seeds,
  });
  const examples = EXTENTS.flatMap(({ name, width }, i) =>
    [1, 64].map((factor) => ({
      ...{ tuning: name, length: factor * width, before: 7, after: 3, scale: 1, accumulate: i % 2 === 0 },
      ...{ maxBindingBytes: undefined, seed: i + 1 },
    })),
  );
  await expectForAll(
    cases,
    RUNS,
    async ({ tuning, length, before, after, scale, accumulate, maxBindingBytes, seed }) => {
      const values = new TestRandom(seed).normal(length);
      const device = tuned(tuning, maxBindingBytes);
      using scope = gpu().scope();
      const padded = scope.upload(surrounded(values, before, before + length + after), [
        before + length + after,
      ]);
      const x = scope.upload(values, [length]);
      const out = scope.upload(Float32Array.of(NaN, NaN, accumulate ? 7 : NaN, NaN, NaN), [5]);
      if (length > 0 || before + after > 0)
        sum(device, { x: padded, offset: before, length, scale, out, outIndex: 1 });
      sumOfSquares(device, { x, out, outIndex: 2, accumulate });
      l2Norm(device, { tensors: [x, x], out, outIndex: 3 });
      const squares = sumOfSquaresReference(values);
      const [first, total, ofSquares, norm, last] = await read(out);
      expect([first, last]).toEqual([NaN, NaN]);
      const near = (actual: number | undefined, expected: number): void =>
        expectClose([actual ?? NaN], [expected], tolerances.sum.f32, Math.sqrt(Math.max(length, 1)));
      if (length > 0 || before + after > 0) near(total, scale * sumReference(values));
      near(ofSquares, squares + (accumulate ? 7 : 0));
      near(norm, Math.sqrt(2 * squares));
      const roots = scope.upload(
        surrounded(values.map(Math.abs), before, before + length + after),
        padded.shape,
      );
      if (length > 0)
        squareRoot(device.with({ maxBindingBytes: Infinity }), { x: roots, offset: before, length });
      const expectedRoots = Array.from(values, (value) => Math.sqrt(Math.abs(value)));
      expectCloseBetweenNaNs(await read(roots), before, expectedRoots, tolerances.sum.f32);
    },
    examples,
  );
});

test('the norm of several tensors adds up that of each, bit for bit, over windows', async () => {
  const cases = caseOf({
    tuning: constantFrom(...TUNED),
    lengths: array(oneof(integer({ min: 0, max: 90 }), integer({ min: 0, max: 9000 })), {
      minLength: 1,
      maxLength: 9,
    }),
    maxBindingBytes: option(constantFrom<number>(1024, 16_384), { nil: undefined }),
    seed: seeds,
  });
  const examples = TUNED.flatMap((tuning) =>
    [1, 2, 3, 4, 5].map((count) => ({
      ...{ tuning, lengths: Array.from({ length: count }, (_, i) => 5 + 700 * i) },
      ...{ maxBindingBytes: undefined, seed: count },
    })),
  );
  // Whole vectors of four.
  for (const count of [1, 2, 3, 4, 5])
    examples.push({
      ...{ tuning: 'software', lengths: Array.from({ length: count }, (_, i) => 8 + 700 * i) },
      ...{ maxBindingBytes: undefined, seed: count },
    });
  // More chunks than are summed at a time on software adapters.
  examples.push({ tuning: 'software', lengths: [64 * 8 * 513, 3], maxBindingBytes: undefined, seed: 9 });
  await expectForAll(
    cases,
    RUNS,
    async ({ tuning, lengths, maxBindingBytes, seed }) => {
      const random = new TestRandom(seed);
      const values = lengths.map((length) => random.normal(length));
      const device = tuned(tuning, maxBindingBytes);
      using scope = gpu().scope();
      const tensors = values.map((own) => scope.upload(own, [own.length]));
      const out = poisoned(scope, [3]);
      l2Norm(device, { tensors, out, outIndex: 1 });
      const alone = poisoned(scope, [1]);
      for (const [i, x] of tensors.entries()) sumOfSquares(device, { x, out: alone, accumulate: i > 0 });
      squareRoot(device, { x: alone });
      const [before, norm, after] = await read(out);
      expect([before, after]).toEqual([NaN, NaN]);
      expectSameBits(Float32Array.of(norm ?? NaN), await read(alone));
      const squares = values.reduce((total, own) => total + sumOfSquaresReference(own), 0);
      const scale = Math.sqrt(lengths.reduce((a, b) => a + b, 1));
      expectClose([norm ?? NaN], [Math.sqrt(squares)], tolerances.sum.f32, scale);
    },
    examples,
  );
});

test('column sums of several matrices in a dispatch are those of one after the other, bit for bit', async () => {
  const matrices = caseOf({
    rows: oneof({ weight: 9, arbitrary: integer({ min: 1, max: 64 }) }, integer({ min: 65, max: 90 })),
    columns: integer({ min: 1, max: 40 }),
    accumulate: boolean(),
  });
  const cases = caseOf({ matrices: array(matrices, { minLength: 1, maxLength: 6 }), seed: seeds });
  // Whole vectors of four or not.
  const examples = [1, 4].flatMap((each) =>
    [2, 3, 4].map((count) => ({
      matrices: Array.from({ length: count }, (_, i) => ({
        rows: 64 - i,
        columns: each * (3 + i),
        accumulate: i === 1,
      })),
      seed: count,
    })),
  );
  await expectForAll(
    cases,
    RUNS,
    async ({ matrices: own, seed }) => {
      const random = new TestRandom(seed);
      using scope = gpu().scope();
      const make = ({ rows: count, columns, accumulate }: (typeof own)[number]) => {
        const x = scope.upload(random.normal(count * columns), [count, columns]);
        const previous = random.normal(columns);
        const outOf = (): Tensor =>
          accumulate ? scope.upload(previous, [columns]) : poisoned(scope, [columns]);
        return { x, accumulate, out: outOf(), alone: outOf() };
      };
      const made = own.map(make);
      columnSums(gpu(), made);
      for (const { x, accumulate, alone } of made) columnSum(gpu(), { x, out: alone, accumulate });
      for (const { out, alone } of made) expectSameBits(await read(out), await read(alone));
    },
    examples,
  );
});

test('column sums of random matrices, over windows of rows', async () => {
  const cases = caseOf({
    rows: integer({ min: 1, max: 400 }),
    columns: integer({ min: 1, max: 40 }),
    accumulate: boolean(),
    windows: boolean(),
    seed: seeds,
  });
  await expectForAll(cases, RUNS, async ({ rows: count, columns, accumulate, windows, seed }) => {
    const random = new TestRandom(seed);
    const [values, previous] = [random.normal(count * columns), random.normal(columns)];
    // The fewest rows that a window may have.
    const device = windows ? gpu().with({ maxBindingBytes: 64 * columns * 4 }) : gpu();
    using scope = gpu().scope();
    const x = scope.upload(values, [count, columns]);
    const out = accumulate ? scope.upload(previous, [columns]) : poisoned(scope, [columns]);
    columnSum(device, { x, out, accumulate });
    const expected = plus(columnSumReference(values, columns), accumulate ? previous : undefined);
    expectClose(await read(out), expected, tolerances.sum.f32, Math.sqrt(count));
  });
});

test('no kernel was left out above, under any number of invocations', () => {
  for (const tuning of Object.values(TUNINGS)) {
    // Those of products in parts run in row-norm/parts.test.ts.
    const normKernels = [...layerNormKernels(tuning), ...rmsNormKernels(tuning)].filter(
      ({ label }) => !label.includes('.parts.'),
    );
    expectRan(gpu(), [...normKernels, ...crossEntropyKernels(tuning)]);
    // Those that take a step as well run in reduction/reduction.test.ts and grouped.property.test.ts.
    const l2 = l2NormKernels(tuning).filter(({ label }) => !label.includes('.sgd.'));
    expectRan(gpu(), [...reductionKernels(tuning), ...l2, ...columnSumKernels(tuning)]);
  }
});
