import { array, boolean, constantFrom, integer } from 'fast-check';
import { expect, test } from 'vitest';
import { elementCount } from '../runtime/dtype.ts';
import type { Gpu } from '../runtime/gpu.ts';
import type { Scope } from '../runtime/scope.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { TUNINGS } from '../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../testing/closeness.ts';
import { expectRan, useGpu } from '../testing/gpu.ts';
import { poisoned } from '../testing/poison.ts';
import { caseOf, expectForAll, seeds } from '../testing/property.ts';
import { TestRandom } from '../testing/random.ts';
import { tolerances } from '../testing/tolerances.ts';
import { crossEntropyGradient, logSumExp } from './cross-entropy/cross-entropy.ts';
import { crossEntropyGradientReference } from './cross-entropy/reference.ts';
import { groupedSgdSteps, optimizerKernels, sgdStep } from './optimizer/optimizer.ts';
import { columnSum } from './reduction/column-sum.ts';
import { groupedColumnSums, groupedReductionKernels, groupedSum } from './reduction/grouped.ts';
import { L2Norms, groupedL2Norm, l2Norm, l2NormKernels } from './reduction/l2-norm.ts';
import { columnSumReference, sumOfSquaresReference, sumReference } from './reduction/reference.ts';
import { sum } from './reduction/reduction.ts';
import { RowGroups } from './row-groups.ts';

const gpu = useGpu();
const RUNS = 15;
const TUNED = ['software', 'hardware'] as const;
const tuned = (name: (typeof TUNED)[number]): Gpu => gpu().with({ tuning: TUNINGS[name] });
const read = (tensor: Tensor): Promise<Float32Array> => gpu().read(tensor);

/** Rows of each group: none, few, more than a chunk has. */
const counts = array(integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 12 });

/** A tensor in a buffer of just its size: what is read past its end is not there. */
function exactly(scope: Scope, values: Float32Array, shape: readonly number[]): Tensor {
  expect(values).toHaveLength(elementCount(shape));
  const tensor = scope.own(gpu().tensor(shape, { exact: true, label: 'exact' }));
  gpu().write(tensor, values);
  return tensor;
}

/** Each group's part of [R, width], or of [G, width]. */
function parts(values: Float32Array, lengths: readonly number[], width = 1): Float32Array[] {
  let start = 0;
  return lengths.map((length) => values.subarray(start * width, (start += length) * width));
}

const each = (groups: number, length: number): number[] => Array.from({ length: groups }, () => length);
const total = (lengths: readonly number[]): number => lengths.reduce((all, length) => all + length, 0);

test('column sums of groups have the bits of each group by itself', async () => {
  const cases = caseOf({
    counts,
    widths: array(integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
    accumulate: boolean(),
    seed: seeds,
  });
  // Whole vectors of four.
  const examples = [1, 2, 3].map((count) => ({
    counts: [70, 0, 3],
    widths: [8, 64, 132].slice(0, count),
    accumulate: count === 2,
    seed: count,
  }));
  const property = async ({ counts: own, widths, accumulate, seed }: (typeof examples)[number]) => {
    const random = new TestRandom(seed);
    using scope = gpu().scope();
    using groups = new RowGroups(gpu(), own);
    const sums = widths.map((width) => {
      const [values, before] = [random.normal(total(own) * width), random.normal(own.length * width)];
      const out = accumulate
        ? exactly(scope, before, [own.length, width])
        : poisoned(scope, [own.length, width]);
      return { width, values, before, x: exactly(scope, values, [total(own), width]), out, accumulate };
    });
    groupedColumnSums(gpu(), groups, sums);
    for (const { width, values, before, out } of sums) {
      const results = parts(await read(out), each(own.length, 1), width);
      for (const [g, part] of parts(values, own, width).entries()) {
        const start = before.subarray(g * width, (g + 1) * width);
        const single = accumulate ? exactly(scope, start, [width]) : poisoned(scope, [width]);
        columnSum(gpu(), { x: exactly(scope, part, [own[g]!, width]), out: single, accumulate });
        expectSameBits(results[g]!, await read(single));
        const reference = columnSumReference(part, width);
        const expected = Float64Array.from(
          start,
          (value, c) => (reference[c] ?? 0) + (accumulate ? value : 0),
        );
        expectClose(results[g]!, expected, tolerances.sum.f32, Math.sqrt(own[g]! + 1));
      }
    }
  };
  await expectForAll(cases, RUNS, property, examples);
});

test('sums of groups have the bits of each group by itself, and touch nothing between them', async () => {
  const cases = caseOf({
    tuning: constantFrom(...TUNED),
    counts: array(integer({ min: 0, max: 1600 }), { minLength: 1, maxLength: 8 }),
    outIndex: integer({ min: 0, max: 3 }),
    outStride: integer({ min: 1, max: 3 }),
    seed: seeds,
  });
  await expectForAll(cases, RUNS, async ({ tuning, counts: own, outIndex, outStride, seed }) => {
    const random = new TestRandom(seed);
    const [values, scales] = [random.normal(total(own)), random.normal(own.length)];
    using scope = gpu().scope();
    using groups = new RowGroups(gpu(), own);
    const length = outIndex + own.length * outStride;
    const [out, single] = [poisoned(scope, [length]), poisoned(scope, [length])];
    const x = exactly(scope, values, [values.length]);
    groupedSum(tuned(tuning), {
      ...{ x, groups, out, outIndex, outStride },
      scales: exactly(scope, scales, [own.length]),
    });
    for (const [g, count] of own.entries()) {
      const place = { out: single, outIndex: outIndex + g * outStride };
      sum(tuned(tuning), { x, offset: groups.starts[g]!, length: count, scale: scales[g]!, ...place });
    }
    const results = await read(out);
    expectSameBits(results, await read(single));
    const references = parts(values, own).map((part, g) => sumReference(part) * scales[g]!);
    const found = references.map((_, g) => results[outIndex + g * outStride]!);
    expectClose(found, references, tolerances.sum.f32, 4 * Math.sqrt(1600));
  });
});

test('norms of groups have the bits of each group by itself', async () => {
  const cases = caseOf({
    tuning: constantFrom(...TUNED),
    groups: integer({ min: 1, max: 7 }),
    lengths: array(constantFrom(1, 63, 64, 511, 513, 1029), { minLength: 1, maxLength: 9 }),
    outIndex: integer({ min: 0, max: 3 }),
    outStride: integer({ min: 1, max: 3 }),
    seed: seeds,
  });
  await expectForAll(cases, RUNS, async ({ tuning, groups, lengths, outIndex, outStride, seed }) => {
    const random = new TestRandom(seed);
    const values = lengths.map((length) => random.normal(groups * length));
    using scope = gpu().scope();
    const size = outIndex + groups * outStride;
    const [out, single] = [poisoned(scope, [size]), poisoned(scope, [size])];
    const tensors = values.map((data, i) => exactly(scope, data, [groups, lengths[i]!]));
    groupedL2Norm(tuned(tuning), { tensors, out, outIndex, outStride });
    const own = values.map((data, i) => parts(data, each(groups, 1), lengths[i]!));
    for (let g = 0; g < groups; g++) {
      const alone = own.map((of, i) => exactly(scope, of[g]!, [lengths[i]!]));
      l2Norm(tuned(tuning), { tensors: alone, out: single, outIndex: outIndex + g * outStride });
    }
    const results = await read(out);
    expectSameBits(results, await read(single));
    const references = Array.from({ length: groups }, (_, g) =>
      Math.sqrt(total(own.map((of) => sumOfSquaresReference(of[g]!)))),
    );
    expectClose(
      references.map((_, g) => results[outIndex + g * outStride]!),
      references,
      tolerances.sum.f32,
    );
  });
});

test('norms of more chunks than are summed at a time', async () => {
  const length = 512 * 512 + 5;
  const values = new TestRandom(2).normal(2 * length);
  using scope = gpu().scope();
  const [x, out] = [scope.upload(values, [2, length]), poisoned(scope, [4])];
  groupedL2Norm(tuned('software'), { tensors: [x], out });
  for (const [g, part] of parts(values, [1, 1], length).entries()) {
    const alone = scope.upload(part, [length]);
    l2Norm(tuned('software'), { tensors: [alone], out, outIndex: 2 + g });
  }
  const results = await read(out);
  expectSameBits(results.subarray(2), results.subarray(0, 2));
  const references = parts(values, [1, 1], length).map((part) => Math.sqrt(sumOfSquaresReference(part)));
  expectClose(results.subarray(0, 2), references, tolerances.sum.f32);
});

test('steps with a rate for each group have the bits of each group by itself', async () => {
  const cases = caseOf({
    groups: integer({ min: 1, max: 6 }),
    lengths: array(integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
    dispatchElements: constantFrom(800, Infinity),
    seed: seeds,
  });
  // One, two and three tensors in a dispatch, of whole vectors of four.
  const examples = [1, 2, 3].map((count) => ({
    ...{ groups: 3, lengths: Array.from({ length: count }, (_, i) => 64 + 4 * i) },
    ...{ dispatchElements: Infinity, seed: count },
  }));
  // Whole vectors only of all groups together.
  examples.push({ groups: 4, lengths: [5], dispatchElements: Infinity, seed: 4 });
  const test = async ({ groups, lengths, dispatchElements, seed }: (typeof examples)[number]) => {
    const random = new TestRandom(seed);
    const rates = random.normal(groups);
    using scope = gpu().scope();
    const data = lengths.map(
      (length) => [random.normal(groups * length), random.normal(groups * length)] as const,
    );
    const pairs = data.map(([parameter, gradient], i) => ({
      parameter: exactly(scope, parameter, [groups, lengths[i]!]),
      gradient: exactly(scope, gradient, [groups, lengths[i]!]),
    }));
    const device = gpu().with({ tuning: { ...gpu().tuning, dispatchElements } });
    groupedSgdSteps(device, { pairs, learningRates: exactly(scope, rates, [groups]) });
    for (const [i, [before, slopes]] of data.entries()) {
      const [length, after] = [
        lengths[i]!,
        parts(await read(pairs[i]!.parameter), each(groups, 1), lengths[i]!),
      ];
      for (let g = 0; g < groups; g++) {
        const [start, end] = [g * length, (g + 1) * length];
        const parameter = exactly(scope, before.slice(start, end), [length]);
        const gradient = exactly(scope, slopes.slice(start, end), [length]);
        sgdStep(gpu(), { parameter, gradient, learningRate: rates[g]! });
        expectSameBits(after[g]!, await read(parameter));
        const expected = Array.from(
          { length },
          (_, j) => before[start + j]! - rates[g]! * slopes[start + j]!,
        );
        expectClose(after[g]!, expected, tolerances.elementwise.f32, 8);
      }
    }
  };
  await expectForAll(cases, RUNS, test, examples);
});

test('steps of groups in one reading with the norms have the bits of one after the other', async () => {
  const cases = caseOf({
    groups: integer({ min: 1, max: 9 }),
    // Of vectors of four: less than a turn of the loop, turns and a rest, more than a chunk; single elements now and then.
    lengths: array(constantFrom(4, 16, 20, 36, 516, 1040, 7), { minLength: 1, maxLength: 5 }),
    seed: seeds,
  });
  const examples = [1, 2, 3, 4].map((count) => ({
    groups: 3,
    lengths: [20, 1040, 64, 516].slice(0, count),
    seed: count,
  }));
  const test = async ({ groups, lengths, seed }: (typeof examples)[number]) => {
    const random = new TestRandom(seed);
    using scope = gpu().scope();
    const learningRates = exactly(scope, random.normal(groups), [groups]);
    const values = lengths.map((length) => [0, 1].map(() => random.normal(groups * length)));
    const upload = (values: Float32Array | undefined): Tensor =>
      exactly(scope, values!, [groups, values!.length / groups]);
    const pairs = () =>
      values.map(([parameter, gradient]) => ({ parameter: upload(parameter), gradient: upload(gradient) }));
    const [together, apart] = [pairs(), pairs()];
    const outs = [0, 1].map(() => poisoned(scope, [2 * groups]));
    for (const [i, out] of outs.entries()) {
      using norms = new L2Norms(gpu(), { out, sets: 2, stacked: groups });
      for (const set of [0, 1]) {
        if (i === 0) norms.groupedStep(set, { pairs: together, learningRates });
        else {
          norms.add(
            set,
            apart.map(({ gradient }) => gradient),
          );
          groupedSgdSteps(gpu(), { pairs: apart, learningRates });
        }
      }
      norms.finish();
    }
    const [found, expected] = [await read(outs[0]!), await read(outs[1]!)];
    expectSameBits(found, expected);
    for (const [i, { parameter }] of together.entries())
      expectSameBits(await read(parameter), await read(apart[i]!.parameter));
  };
  await expectForAll(cases, RUNS, test, examples);
  expectRan(
    gpu(),
    l2NormKernels(TUNINGS.software).filter(({ label }) => label.includes('.sgd.')),
  );
});

test("the loss's gradient with a factor for each row has the bits of each row by itself", async () => {
  const random = new TestRandom(7);
  const [rows, vocabulary, offset] = [5, 67, 3];
  const [values, scales] = [random.normal(rows * vocabulary), random.normal(offset + rows)];
  const targets = random.integers(offset + rows, vocabulary);
  using scope = gpu().scope();
  const normalizers = scope.tensor([rows]);
  const logits = exactly(scope, values, [rows, vocabulary]);
  logSumExp(gpu(), { logits, rows, vocabulary, out: normalizers });
  const target = scope.upload(Uint32Array.from(targets), [offset + rows]);
  const shared = { logSumExp: normalizers, target, targetOffset: offset, rows, vocabulary };
  crossEntropyGradient(gpu(), { ...shared, logits, scale: exactly(scope, scales, [offset + rows]) });
  const results = parts(await read(logits), each(rows, 1), vocabulary);
  for (const [r, result] of results.entries()) {
    const scale = scales[offset + r]!;
    const alone = exactly(scope, values, [rows, vocabulary]);
    crossEntropyGradient(gpu(), { ...shared, logits: alone, scale });
    expectSameBits(result, parts(await read(alone), each(rows, 1), vocabulary)[r]!);
    const row = values.subarray(r * vocabulary, (r + 1) * vocabulary);
    const expected = crossEntropyGradientReference(row, [targets[offset + r]!], vocabulary, scale);
    expectClose(result, expected, tolerances['cross-entropy'].f32, 3);
  }
  const short = scope.tensor([rows], 'few factors');
  expect(() => crossEntropyGradient(gpu(), { ...shared, logits, scale: short })).toThrow(
    /few factors of 5 lacks factors for 5 rows from 3 on/,
  );
});

test('no kernel was left out above', () => {
  const reductions = TUNED.flatMap((name) => groupedReductionKernels(TUNINGS[name]));
  const steps = optimizerKernels().filter(({ label }) => label.includes('grouped'));
  expect(steps).not.toHaveLength(0);
  expectRan(gpu(), [...reductions, ...steps]);
});

test('no groups are no work, and sizes that do not agree are refused', () => {
  using scope = gpu().scope();
  using none = new RowGroups(gpu(), []);
  using groups = new RowGroups(gpu(), [2, 3]);
  const of = (...shape: number[]): Tensor => scope.tensor(shape, `of ${shape.join('x')}`);
  groupedColumnSums(gpu(), none, [{ x: of(0, 3), out: of(0, 3) }]);
  groupedSum(gpu(), { x: of(0), groups: none, scales: of(0), out: of(0) });
  groupedL2Norm(gpu(), { tensors: [of(0, 2)], out: of(0) });
  groupedSgdSteps(gpu(), { pairs: [], learningRates: of(0) });
  const refusal = (call: () => void, message: RegExp): void => {
    expect(call).toThrow(message);
  };
  refusal(
    () => groupedColumnSums(gpu(), groups, [{ x: of(4, 3), out: of(2, 3) }]),
    /of 4x3 \[4, 3\] and of 2x3 \[2, 3\] do not match 2 groups of 5 rows/,
  );
  const sums = { x: of(5), groups, scales: of(2), out: of(4) };
  refusal(() => groupedSum(gpu(), { ...sums, x: of(4) }), /of 4 of 4.*2 groups of 5 elements/);
  refusal(() => groupedSum(gpu(), { ...sums, scales: of(1) }), /of 1 of 1/);
  refusal(() => groupedSum(gpu(), { ...sums, outStride: 4 }), /too small for 2 groups/);
  refusal(() => groupedL2Norm(gpu(), { tensors: [], out: of(2) }), /at least one tensor/);
  refusal(() => groupedL2Norm(gpu(), { tensors: [of(2, 2), of(3)], out: of(2) }), /no 2 parts/);
  refusal(() => groupedL2Norm(gpu(), { tensors: [of(2, 2)], out: of(1) }), /are not all in/);
  const pairs = [{ parameter: of(3), gradient: of(3) }];
  refusal(() => groupedSgdSteps(gpu(), { pairs, learningRates: of(2) }), /are no 2 parts/);
});
