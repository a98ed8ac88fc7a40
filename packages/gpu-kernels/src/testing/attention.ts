import { attentionBackward } from '../kernels/attention/backward.ts';
import { attentionForward } from '../kernels/attention/forward.ts';
import { PackedSequences } from '../kernels/attention/packed-sequences.ts';
import { attentionBackwardReference, attentionReference } from '../kernels/attention/reference.ts';
import type { Gpu } from '../runtime/gpu.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { expectClose, expectSameBits } from './closeness.ts';
import { poisoned } from './poison.ts';
import { TestRandom } from './random.ts';
import { tolerances } from './tolerances.ts';

/** Sequences, and a prefix that the forward pass meets them behind, too. */
export interface AttentionCase {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly lengths: readonly number[];
  readonly window?: number;
  /** Its keys; forward alone. */
  readonly prefix?: number;
}

/** A fixed sequence of numbers for a shape. */
export function attentionOperands({ heads, kvHeads, headDim, lengths, window, prefix = 0 }: AttentionCase) {
  const random = new TestRandom(headDim + lengths.length);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const keys = (length: number): Float32Array => random.normal(length * kvHeads * headDim);
  return {
    shape: { heads, kvHeads, headDim, scale: headDim ** -0.5 },
    lengths,
    ...(window === undefined ? {} : { window }),
    q: random.normal(tokens * heads * headDim),
    k: keys(tokens),
    v: keys(tokens),
    gradOutput: random.normal(tokens * heads * headDim),
    prefix: { length: prefix, k: keys(prefix), v: keys(prefix) },
  };
}

export type AttentionOperands = ReturnType<typeof attentionOperands>;

/** Sequence i of the batch as a batch of its own, and what cuts its rows out of a result. */
function part(values: AttentionOperands, i: number) {
  const sum = (lengths: readonly number[]): number => lengths.reduce((total, length) => total + length, 0);
  const [from, to] = [sum(values.lengths.slice(0, i)), sum(values.lengths.slice(0, i + 1))];
  const { heads, kvHeads, headDim } = values.shape;
  const rows = (data: Float32Array, width: number): Float32Array => data.slice(from * width, to * width);
  const alone: AttentionOperands = {
    ...values,
    lengths: values.lengths.slice(i, i + 1),
    q: rows(values.q, heads * headDim),
    k: rows(values.k, kvHeads * headDim),
    v: rows(values.v, kvHeads * headDim),
    gradOutput: rows(values.gradOutput, heads * headDim),
  };
  return { alone, rows };
}

/** All results, outputs poisoned before: `plain` without the prefix, `without` without the gradient of queries. */
async function run({ forward, backward, keyValueAlone = true }: AttentionDevices, values: AttentionOperands) {
  const { heads, kvHeads, headDim } = values.shape;
  using scope = forward.scope();
  using sequences = new PackedSequences(forward, values.lengths);
  const tokens = sequences.totalTokens;
  const [wide, narrow] = [
    [tokens, heads * headDim],
    [tokens, kvHeads * headDim],
  ] as const;
  const { window, prefix } = values as AttentionOperands & { window?: number };
  const inputs = {
    shape: values.shape,
    sequences,
    ...(window === undefined ? {} : { window }),
    q: scope.upload(values.q, wide),
    k: scope.upload(values.k, narrow),
    v: scope.upload(values.v, narrow),
  };
  const results = () => ({ out: poisoned(scope, wide), logSumExp: poisoned(scope, [tokens, heads]) });
  const keyValueGradients = () => ({ gradKey: poisoned(scope, narrow), gradValue: poisoned(scope, narrow) });
  const [plain, behind] = [results(), results()];
  const before = [prefix.length, kvHeads * headDim];
  attentionForward(forward, { ...inputs, ...plain });
  attentionForward(forward, {
    ...inputs,
    ...behind,
    prefix: { length: prefix.length, k: scope.upload(prefix.k, before), v: scope.upload(prefix.v, before) },
  });
  const gradients = { gradQuery: poisoned(scope, wide), ...keyValueGradients() };
  const without = keyValueGradients();
  const gradOutput = scope.upload(values.gradOutput, wide);
  attentionBackward(backward, { ...inputs, ...plain, gradOutput, ...gradients });
  const targets = keyValueAlone ? without : { ...without, gradQuery: poisoned(scope, wide) };
  attentionBackward(backward, { ...inputs, ...plain, gradOutput, ...targets });
  const groups = { plain, behind, gradients, without };
  const tensors = Object.values<Readonly<Record<string, Tensor>>>(groups).flatMap((group) =>
    Object.values(group),
  );
  const data = await forward.readAll(tensors);
  const of = <K extends string>(group: Readonly<Record<K, Tensor>>) =>
    Object.fromEntries(
      Object.entries<Tensor>(group).map(([name, tensor]) => [name, data[tensors.indexOf(tensor)]]),
    ) as Record<K, Float32Array>;
  return { plain: of(plain), behind: of(behind), gradients: of(gradients), without: of(without) };
}

/** What runs the forward and the backward pass. */
export interface AttentionDevices {
  readonly forward: Gpu;
  readonly backward: Gpu;
  /** Whether keys' and values' gradients are computed without the queries', too, which takes a kernel of its own; true if absent. */
  readonly keyValueAlone?: boolean;
}

/**
 * Fails unless attention agrees with float64, forward, behind a prefix and backward, and each sequence has the same bits
 * whether it is packed with others or alone, the keys' and values' gradients also without the queries'.
 * @returns the packed results
 */
export async function expectAttention(device: AttentionDevices, shape: AttentionCase) {
  const tolerance = tolerances.attention.f32;
  const values = attentionOperands(shape);
  const { prefix: _prefix, ...own } = values;
  const expected = attentionReference(own);
  const behindPrefix = attentionReference(values);
  const gradients = attentionBackwardReference(own, values.gradOutput);
  const scale = (4 * shape.heads) / shape.kvHeads;
  const wide = shape.heads * shape.headDim;
  const narrow = shape.kvHeads * shape.headDim;
  const actual = await run(device, values);
  expectClose(actual.plain.out, expected.out, tolerance);
  expectClose(actual.plain.logSumExp, expected.logSumExp, tolerance, 4);
  expectClose(actual.behind.out, behindPrefix.out, tolerance);
  expectClose(actual.behind.logSumExp, behindPrefix.logSumExp, tolerance, 4);
  expectClose(actual.gradients.gradQuery, gradients.gradQuery, tolerance, scale);
  expectClose(actual.gradients.gradKey, gradients.gradKey, tolerance, scale);
  expectClose(actual.gradients.gradValue, gradients.gradValue, tolerance, scale);
  expectSameBits(actual.without.gradKey, actual.gradients.gradKey);
  expectSameBits(actual.without.gradValue, actual.gradients.gradValue);
  for (let i = 0; i < shape.lengths.length; i++) {
    const { alone, rows } = part(values, i);
    const single = await run(device, alone);
    expectSameBits(single.plain.out, rows(actual.plain.out, wide));
    expectSameBits(single.behind.out, rows(actual.behind.out, wide));
    expectSameBits(single.behind.logSumExp, rows(actual.behind.logSumExp, shape.heads));
    expectSameBits(single.gradients.gradQuery, rows(actual.gradients.gradQuery, wide));
    expectSameBits(single.gradients.gradKey, rows(actual.gradients.gradKey, narrow));
    expectSameBits(single.gradients.gradValue, rows(actual.gradients.gradValue, narrow));
  }
  return actual;
}
