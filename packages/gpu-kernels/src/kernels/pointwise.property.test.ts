import { array, boolean, constantFrom, integer, oneof, option } from 'fast-check';
import { expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../testing/closeness.ts';
import { expectRan, useGpu } from '../testing/gpu.ts';
import { poisoned, surrounded } from '../testing/poison.ts';
import { caseOf, expectForAll, seeds } from '../testing/property.ts';
import { TestRandom } from '../testing/random.ts';
import { tolerances } from '../testing/tolerances.ts';
import type { Gpu } from '../runtime/gpu.ts';
import type { Scope } from '../runtime/scope.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { TUNINGS } from '../runtime/tuning.ts';
import { activationBackward, activationForward, activationKernels } from './activation/activation.ts';
import { ACTIVATION_KINDS } from './activation/functions.ts';
import { activationDerivativeReference, activationReference } from './activation/reference.ts';
import {
  add,
  addScaled,
  elementwiseKernels,
  gatherRows,
  roundToHalf,
  scaleInPlace,
  scatterRowsAdd,
} from './elementwise/elementwise.ts';
import { gatherRowsReference, scatterRowsAddReference } from './elementwise/reference.ts';
import { embeddingBackward, embeddingForward, embeddingKernels } from './embedding/embedding.ts';
import { embeddingBackwardReference, embeddingReference } from './embedding/reference.ts';
import {
  gatedActivationBackward,
  gatedActivationForward,
  gatedActivationKernels,
} from './gated-activation/gated-activation.ts';
import { gatedActivationBackwardReference, gatedActivationReference } from './gated-activation/reference.ts';
import {
  adamWStep,
  adamWSteps,
  clipScale,
  optimizerKernels,
  sgdStep,
  sgdSteps,
} from './optimizer/optimizer.ts';
import { adamWReference } from './optimizer/reference.ts';
import { rotaryReference } from './rotary/reference.ts';
import { rotaryKernels, rotateInPlace } from './rotary/rotary.ts';
import { rotaryTable } from './rotary/table.ts';

const gpu = useGpu();
const RUNS = 20;

/** Over more than one workgroup, and with the smallest binding over many windows. */
const lengths = integer({ min: 1, max: 800 });
const limits = option(constantFrom(256, 768, 1024), { nil: undefined });
const kinds = constantFrom(...ACTIVATION_KINDS);
const sizes = constantFrom(0.3, 3);

const limited = (maxBindingBytes: number | undefined): Gpu =>
  gpu().with(maxBindingBytes === undefined ? {} : { maxBindingBytes });
/** What visits rows takes runs of them on software adapters, single elements on GPUs. */
const TUNED = ['software', 'hardware'] as const;
const tuned = (name: (typeof TUNED)[number], device = gpu()): Gpu => device.with({ tuning: TUNINGS[name] });
const read = (tensor: Tensor): Promise<Float32Array> => gpu().read(tensor);
const map = (f: (...x: number[]) => number, first: Float32Array, ...more: Float32Array[]): Float64Array =>
  Float64Array.from(first, (x, i) => f(x, ...more.map((values) => values[i] ?? NaN)));

/** Uploads vectors. */
const vectors = <N extends string>(
  scope: Scope,
  values: Readonly<Record<N, Float32Array>>,
): Record<N, Tensor> =>
  Object.fromEntries(
    Object.entries<Float32Array>(values).map(([name, data]) => [
      name,
      scope.upload(data, [data.length], name),
    ]),
  ) as Record<N, Tensor>;

test('activations of random lengths', async () => {
  const cases = caseOf({ kind: kinds, length: lengths, size: sizes, limit: limits, seed: seeds });
  await expectForAll(cases, RUNS, async ({ kind, length, size, limit, seed }) => {
    const random = new TestRandom(seed);
    const [input, upstream] = [random.normal(length, size), random.normal(length)];
    using scope = gpu().scope();
    const { x, gradient } = vectors(scope, { x: input, gradient: upstream });
    const out = poisoned(scope, [length]);
    activationForward(limited(limit), { kind, x, out });
    activationBackward(limited(limit), { kind, x, gradient });
    expectClose(
      await read(out),
      map((v) => activationReference(kind, v), input),
      tolerances.activation.f32,
    );
    expectClose(
      await read(gradient),
      map((v, g) => g * activationDerivativeReference(kind, v), input, upstream),
      tolerances['activation-derivative'].f32,
    );
    expectSameBits(await read(x), input);
  });
});

test('gated activations of random lengths', async () => {
  const cases = caseOf({ kind: kinds, length: lengths, size: sizes, limit: limits, seed: seeds });
  await expectForAll(cases, RUNS, async ({ kind, length, size, limit, seed }) => {
    const random = new TestRandom(seed);
    const values = {
      gate: random.normal(length, size),
      up: random.normal(length),
      gradient: random.normal(length),
    };
    using scope = gpu().scope();
    const { gate, up, gradient } = vectors(scope, values);
    const [out, gradGate] = [poisoned(scope, [length]), poisoned(scope, [length])];
    gatedActivationForward(limited(limit), { kind, gate, up, out });
    gatedActivationBackward(limited(limit), { kind, gate, up, gradient, gradGate });
    const expected = gatedActivationBackwardReference(kind, values.gate, values.up, values.gradient);
    const tolerance = tolerances['activation-derivative'].f32;
    expectClose(await read(out), gatedActivationReference(kind, values.gate, values.up), tolerance);
    // A product of two numbers of up to 4, where `activation-derivative` has one.
    expectClose(await read(gradGate), expected.gradGate, tolerance, 4);
    expectClose(await read(gradient), expected.gradUp, tolerance);
  });
});

test('sums, multiples, float16 and SGD of random lengths', async () => {
  const scales = constantFrom(-0.3, 1.7, 1);
  const cases = caseOf({ length: lengths, scale: scales, limit: limits, seed: seeds });
  await expectForAll(cases, RUNS, async ({ length, scale, limit, seed }) => {
    const random = new TestRandom(seed);
    const [first, second] = [random.normal(length), random.normal(length)];
    using scope = gpu().scope();
    const { x, y, scaled, halves, parameter } = vectors(scope, {
      x: first,
      y: second,
      scaled: first,
      halves: first,
      parameter: first,
    });
    const [out, device] = [poisoned(scope, [length]), limited(limit)];
    add(device, { x, y, out });
    addScaled(device, { target: x, source: y, scale });
    scaleInPlace(device, { x: scaled, scale });
    roundToHalf(device, halves);
    sgdStep(device, { parameter, gradient: y, learningRate: scale });
    const tolerance = tolerances.elementwise.f32;
    expectClose(
      await read(out),
      map((a, b) => a + b, first, second),
      tolerance,
    );
    expectClose(
      await read(x),
      map((a, b) => a + scale * b, first, second),
      tolerance,
    );
    expectClose(
      await read(scaled),
      map((a) => scale * a, first),
      tolerance,
    );
    expectClose(await read(halves), map(Math.f16round, first), tolerances.roundToHalf.f32);
    expectClose(
      await read(parameter),
      map((a, b) => a - scale * b, first, second),
      tolerance,
    );
  });
});

test('AdamW steps of random lengths from random moments, and the scale of clipping', async () => {
  const cases = caseOf({
    length: lengths,
    step: integer({ min: 1, max: 1000 }),
    weightDecay: constantFrom(0, 0.1),
    maxNorm: option(constantFrom(0.5, 1, 100), { nil: undefined }),
    limit: limits,
    seed: seeds,
  });
  await expectForAll(cases, RUNS, async ({ length, step, weightDecay, maxNorm, limit, seed }) => {
    const random = new TestRandom(seed);
    const options = { learningRate: 3e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay };
    const values = {
      parameter: random.normal(length),
      gradient: random.normal(length),
      firstMoment: random.normal(length, 0.1),
      secondMoment: random.normal(length).map((v) => v * v + 0.01),
    };
    using scope = gpu().scope();
    const { gradient, ...state } = vectors(scope, values);
    const gradientScale = poisoned(scope, [1]);
    const squaredNorm = scope.upload(Float32Array.of(9, NaN), [2]);
    if (maxNorm !== undefined) clipScale(gpu(), { squaredNorm, maxNorm, out: gradientScale });
    const scaling = maxNorm === undefined ? {} : { gradientScale };
    adamWStep(limited(limit), { gradient, ...state, step, ...options, ...scaling });
    const factor = maxNorm === undefined ? 1 : Math.min(1, maxNorm / (3 + 1e-6));
    if (maxNorm !== undefined) expectClose(await read(gradientScale), [factor], tolerances.elementwise.f32);
    const expected = Array.from(values.parameter, (parameter, i) =>
      adamWReference(
        { parameter, firstMoment: values.firstMoment[i]!, secondMoment: values.secondMoment[i]! },
        factor * values.gradient[i]!,
        step,
        options,
      ),
    );
    for (const name of ['parameter', 'firstMoment', 'secondMoment'] as const)
      expectClose(
        await read(state[name]),
        expected.map((own) => own[name]),
        tolerances.adamw.f32,
      );
  });
});

/** Rows of a table of which those that nobody asks for are NaN. */
function tableOf(random: TestRandom, total: number, width: number, wanted: readonly number[]): Float32Array {
  const table = random.normal(total * width);
  for (let row = 0; row < total; row++)
    if (!wanted.includes(row)) table.fill(NaN, row * width, (row + 1) * width);
  return table;
}

test('steps of several parameters in a dispatch are those of one after the other, bit for bit', async () => {
  const cases = caseOf({
    parameters: array(integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }),
    limit: limits,
    seed: seeds,
  });
  const examples = [1, 2, 3, 4].map((count) => ({
    ...{ parameters: Array.from({ length: count }, (_, i) => 300 - 99 * i), limit: undefined, seed: count },
  }));
  await expectForAll(
    cases,
    RUNS,
    async ({ parameters, limit, seed }) => {
      const random = new TestRandom(seed);
      using scope = gpu().scope();
      const make = (length: number) => {
        const values = {
          gradient: random.normal(length),
          parameter: random.normal(length),
          firstMoment: random.normal(length, 0.1),
          secondMoment: random.normal(length).map((v) => v * v),
        };
        return [vectors(scope, values), vectors(scope, values)] as const;
      };
      const made = parameters.map(make);
      const together = made.map(([own]) => own);
      const alone = made.map(([, own]) => own);
      const options = {
        learningRate: 0.1,
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weightDecay: 0.1,
        step: 3,
      };
      const device = limited(limit);
      sgdSteps(device, together, 0.3);
      adamWSteps(device, together, options);
      for (const own of alone) {
        sgdStep(device, { parameter: own.parameter, gradient: own.gradient, learningRate: 0.3 });
        adamWStep(device, { ...own, ...options });
      }
      const scaling = { ...options, gradientScale: scope.upload(Float32Array.of(0.5), [1]) };
      adamWSteps(device, together, scaling);
      for (const own of alone) adamWStep(device, { ...own, ...scaling });
      for (const [i, own] of together.entries())
        for (const name of ['gradient', 'parameter', 'firstMoment', 'secondMoment'] as const)
          expectSameBits(await read(own[name]), await read(alone[i]![name]));
    },
    examples,
  );
});

test('rows gathered and scattered at random', async () => {
  const cases = caseOf({
    total: integer({ min: 1, max: 90 }),
    share: constantFrom(0.1, 0.5, 1),
    width: oneof(integer({ min: 1, max: 40 }), constantFrom(64, 65, 132)),
    tuning: constantFrom(...TUNED),
    seed: seeds,
  });
  const examples = TUNED.flatMap((tuning) =>
    [61, 132].map((width) => ({ total: 19, share: 0.5, width, tuning, seed: width })),
  );
  const property = async ({ total, share, width, tuning, seed }: (typeof examples)[number]) => {
    const random = new TestRandom(seed);
    // Distinct, in any order.
    const order = random.normal(total);
    const shuffled = [...order.keys()].sort((a, b) => order[a]! - order[b]!);
    const rows = shuffled.slice(0, Math.ceil(share * total));
    const table = tableOf(random, total, width, rows);
    const upstream = random.normal(rows.length * width);
    using scope = gpu().scope();
    const x = scope.upload(table, [total, width]);
    const index = scope.upload(Uint32Array.from(rows), [rows.length]);
    const out = poisoned(scope, [rows.length, width]);
    const device = tuned(tuning);
    gatherRows(device, { x, rows: index, out });
    // Into a part of more, and back to where the rows were, all others zero.
    const [offset, more] = [3 * width, poisoned(scope, [rows.length + 5, width])];
    gatherRows(device, { x, rows: index, out: more, outOffset: offset });
    const places = Array.from({ length: total }, (_, row) => rows.indexOf(row) >>> 0);
    const back = poisoned(scope, [total, width]);
    gatherRows(device, {
      x: scope.upload(upstream, [rows.length, width]),
      rows: scope.upload(Uint32Array.from(places), [total]),
      out: back,
    });
    const picks = Float32Array.from(gatherRowsReference(table, rows, width));
    expectSameBits(await read(more), surrounded(picks, offset, more.length));
    const nothing = new Float64Array(total * width);
    expectSameBits(
      await read(back),
      Float32Array.from(scatterRowsAddReference(upstream, rows, nothing, width)),
    );
    scatterRowsAdd(gpu(), {
      gradOutput: scope.upload(upstream, [rows.length, width]),
      rows: index,
      gradInput: x,
    });
    expectSameBits(await read(out), Float32Array.from(gatherRowsReference(table, rows, width)));
    const expected = scatterRowsAddReference(upstream, rows, table, width);
    const picked = gatherRowsReference(expected, rows, width);
    const after = await read(x);
    expectClose(gatherRowsReference(after, rows, width), picked, tolerances.elementwise.f32);
    // Rows of others are what they were: not a number.
    expect(after.findIndex((value, i) => Number.isNaN(value) !== Number.isNaN(expected[i]))).toBe(-1);
  };
  await expectForAll(cases, RUNS, property, examples);
});

test('embeddings of random tokens, over windows of the table, forward and backward', async () => {
  const cases = caseOf({
    tokens: integer({ min: 1, max: 60 }),
    vocabulary: integer({ min: 1, max: 300 }),
    width: integer({ min: 1, max: 20 }),
    scale: constantFrom(1, 1.5),
    dtype: constantFrom('float32', 'float16'),
    withPositions: boolean(),
    windows: boolean(),
    tuning: constantFrom(...TUNED),
    seed: seeds,
  });
  const examples = TUNED.flatMap((tuning) =>
    (['float32', 'float16'] as const).flatMap((dtype) =>
      [true, false].flatMap((withPositions) =>
        [68, 71].map((width) => ({
          ...{ tokens: 9, vocabulary: 11, width, scale: 1.5, dtype, withPositions, windows: false, tuning },
          seed: width,
        })),
      ),
    ),
  );
  type Case = (typeof examples)[number];
  const property = async ({ tokens: count, vocabulary, width, scale, dtype, ...others }: Case) => {
    const random = new TestRandom(others.seed);
    const [tokens, positions] = [random.integers(count, vocabulary), random.integers(count, 11)];
    const asked = tableOf(random, vocabulary, width, tokens);
    // What is no number cannot be written as float16.
    const half = (value: number): number => (Number.isNaN(value) ? 60_000 : Math.f16round(value));
    const table = dtype === 'float16' ? asked.map(half) : asked;
    const positionTable = tableOf(random, 11, width, positions);
    const [gradOutput, start] = [random.normal(count * width), random.normal(vocabulary * width)];
    using scope = gpu().scope();
    const stored = scope.tensor([vocabulary, width], 'table', dtype);
    gpu().write(stored, table);
    const ids = scope.upload(Uint32Array.from(tokens), [count]);
    const placed = {
      positions: scope.upload(Uint32Array.from(positions), [count]),
      positionTable: scope.upload(positionTable, [11, width]),
    };
    const out = poisoned(scope, [count, width]);
    const gradTable = scope.upload(start, [vocabulary, width]);
    // The fewest rows that a window may have; the backward's list of where tokens occur takes up to 724 bytes.
    const device = tuned(others.tuning, limited(others.windows ? Math.max(4 * width * 64, 768) : undefined));
    const positioned = others.withPositions ? placed : {};
    embeddingForward(device, { tokens: ids, table: stored, scale, out, ...positioned });
    const upstream = scope.upload(gradOutput, [count, width]);
    embeddingBackward(device, { tokens, gradOutput: upstream, gradTable, scale });
    const expected = embeddingReference({
      ...{ tokens, table, scale, width },
      ...(others.withPositions ? { positions, positionTable } : {}),
    });
    expectClose(await read(out), expected, tolerances.elementwise.f32);
    const gradients = await read(gradTable);
    const repeats = Math.sqrt(count);
    expectClose(
      gradients,
      embeddingBackwardReference(tokens, gradOutput, start, scale),
      tolerances.sum.f32,
      repeats,
    );
    const seen = new Set(tokens);
    const changed = (value: number, i: number): boolean => value !== start[i];
    expect(gradients.findIndex((v, i) => changed(v, i) && !seen.has(Math.floor(i / width)))).toBe(-1);
  };
  await expectForAll(cases, RUNS, property, examples);
});

test('rotary positions of random heads, forward and back', async () => {
  const cases = caseOf({
    rows: integer({ min: 1, max: 40 }),
    heads: integer({ min: 1, max: 4 }),
    otherHeads: option(integer({ min: 1, max: 4 }), { nil: undefined }),
    half: integer({ min: 1, max: 6 }),
    rest: integer({ min: 0, max: 5 }),
    theta: constantFrom(30, 10_000),
    amplitude: constantFrom(1, 1.4),
    inverse: boolean(),
    tuning: constantFrom(...TUNED),
    seed: seeds,
  });
  const examples = TUNED.flatMap((tuning) =>
    [undefined, 2].flatMap((otherHeads) =>
      [3, 8].map((half) => ({
        ...{ rows: 9, heads: 3, otherHeads, half, rest: 4, theta: 30, amplitude: 1.4 },
        ...{ inverse: half === 3, tuning, seed: half },
      })),
    ),
  );
  const property = async (own: (typeof examples)[number]) => {
    const { rows, heads, otherHeads, half, rest, theta, amplitude, inverse, seed } = own;
    const random = new TestRandom(seed);
    const [size, headDim] = [2 * half, 2 * half + rest];
    const values = random.normal(rows * heads * headDim);
    const positions = random.integers(rows, 50);
    const frequencies = Array.from({ length: half }, (_, i) => theta ** ((-2 * i) / size));
    const table = rotaryTable(50, frequencies, amplitude);
    for (let position = 0; position < 50; position++)
      if (!positions.includes(position)) table.fill(NaN, position * size, (position + 1) * size);
    using scope = gpu().scope();
    const x = scope.upload(values, [rows, heads * headDim]);
    const index = scope.upload(Uint32Array.from(positions), [rows]);
    const others = otherHeads === undefined ? undefined : random.normal(rows * otherHeads * headDim);
    const other = others && scope.upload(others, [rows, others.length / rows]);
    rotateInPlace(tuned(own.tuning), {
      x,
      ...(other ? { other } : {}),
      positions: index,
      table: scope.upload(table, [50, half, 2]),
      headDim,
      inverse,
    });
    // The other way round is the same by negative positions.
    const angles = positions.map((position) => (inverse ? -position : position));
    const expected = rotaryReference({ x: values, positions: angles, headDim, size, theta, amplitude });
    expectClose(await read(x), expected, tolerances.elementwise.f32, 2);
    if (!other || !others) return;
    const ofOther = rotaryReference({ x: others, positions: angles, headDim, size, theta, amplitude });
    expectClose(await read(other), ofOther, tolerances.elementwise.f32, 2);
  };
  await expectForAll(cases, RUNS, property, examples);
});

test('no kernel was left out above', () => {
  expectRan(gpu(), [...activationKernels(), ...gatedActivationKernels()]);
  // Those of groups have a test of their own.
  expectRan(
    gpu(),
    optimizerKernels().filter(({ label }) => !label.includes('grouped')),
  );
  for (const tuning of Object.values(TUNINGS))
    expectRan(gpu(), [...elementwiseKernels(tuning), ...embeddingKernels(tuning), ...rotaryKernels(tuning)]);
});
