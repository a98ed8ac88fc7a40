import { expect, test } from 'vitest';
import { TUNINGS } from '../../runtime/tuning.ts';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { expectRan, useGpu } from '../../testing/gpu.ts';
import { poisoned } from '../../testing/poison.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { logSumExp } from '../cross-entropy/cross-entropy.ts';
import { topLogProbsReference } from './reference.ts';
import { topKernels, topLogProbs } from './top-k.ts';

const gpu = useGpu();

/** A kernel with one invocation a row on software adapters, and that of GPUs with a workgroup a row. */
const variants = [
  ['the own adapter', () => gpu()],
  ['GPUs', () => gpu().with({ tuning: TUNINGS.hardware })],
] as const;

/** The likeliest of each of `asked`, by rows of the logits. */
async function onDevice(
  values: Float32Array,
  vocabulary: number,
  { asked, k }: { readonly asked: readonly number[]; readonly k: number },
  device = gpu(),
) {
  const rows = values.length / vocabulary;
  const count = Math.min(k, vocabulary);
  using scope = device.scope();
  const logits = scope.upload(values, [rows, vocabulary]);
  const normalizer = scope.tensor([rows]);
  logSumExp(device, { logits, rows, vocabulary, out: normalizer });
  const row = scope.upload(Uint32Array.from(asked), [asked.length]);
  const tokens = scope.upload(new Uint32Array(asked.length * count), [asked.length, count]);
  const logProbs = poisoned(scope, [asked.length, count]);
  topLogProbs(device, { logits, logSumExp: normalizer, row, vocabulary, k, tokens, logProbs });
  return { tokens: [...(await device.readIndices(tokens))], logProbs: await device.read(logProbs) };
}

const expected = (values: Float32Array, vocabulary: number, row: number, k: number) =>
  topLogProbsReference(values.subarray(row * vocabulary, (row + 1) * vocabulary), k);

test.each([
  { rows: 2, vocabulary: 3, k: 50 },
  { rows: 3, vocabulary: 50, k: 50 },
  { rows: 2, vocabulary: 257, k: 300 },
  { rows: 5, vocabulary: 1003, k: 7 },
  { rows: 2, vocabulary: 50_257, k: 50 },
  { rows: 1, vocabulary: 151_936, k: 50 },
])('$k of $rows rows of $vocabulary', async ({ rows, vocabulary, k }) => {
  const values = new TestRandom(rows + vocabulary).normal(rows * vocabulary, 3);
  const asked = Array.from({ length: rows }, (_, row) => rows - 1 - row);
  const wanted = asked.map((row) => expected(values, vocabulary, row, k));
  for (const [, device] of variants) {
    const { tokens, logProbs } = await onDevice(values, vocabulary, { asked, k }, device());
    expect(tokens).toEqual(wanted.flatMap((own) => own.tokens));
    const exact = wanted.flatMap((own) => own.logProbs);
    expectClose(logProbs, exact, tolerances['cross-entropy'].f32, 3);
  }
});

test.each(variants)(
  'of equal numbers the lower ids come first, whether few are equal or all: %s',
  async (_, device) => {
    const vocabulary = 4099;
    const random = new TestRandom(4);
    const few = Float32Array.from(random.integers(vocabulary, 9), (value) => value - 4);
    const rows = [few, new Float32Array(vocabulary), few.map((value) => (value > 2 ? value : -Infinity))];
    // Both zeros are equal.
    rows[1]?.fill(-0, 20, 40);
    const values = Float32Array.from(rows.flatMap((row) => [...row]));
    const asked = [0, 1, 2];
    const { tokens } = await onDevice(values, vocabulary, { asked, k: 64 }, device());
    expect(tokens).toEqual(asked.flatMap((row) => expected(values, vocabulary, row, 64).tokens));
    expect(tokens.slice(64, 128)).toEqual(Array.from({ length: 64 }, (_, token) => token));
  },
);

test.each(variants)(
  'logits that fall or rise along the row, where all that is wanted lies side by side: %s',
  async (_, device) => {
    const vocabulary = 2000;
    const falling = Float32Array.from({ length: vocabulary }, (_, token) => -token / 100);
    const values = Float32Array.from([...falling, ...falling.toReversed()]);
    const { tokens } = await onDevice(values, vocabulary, { asked: [0, 1], k: 40 }, device());
    const steps = Array.from({ length: 40 }, (_, i) => i);
    expect(tokens).toEqual([...steps, ...steps.map((i) => vocabulary - 1 - i)]);
  },
);

test.each(variants)(
  'a row alone has the bits that it has in a batch, and what lies before it stays as it is: %s',
  async (_, device) => {
    const vocabulary = 777;
    const values = new TestRandom(9).normal(4 * vocabulary, 3);
    const together = await onDevice(values, vocabulary, { asked: [2, 0, 2, 3], k: 10 }, device());
    const alone = await onDevice(values, vocabulary, { asked: [3], k: 10 }, device());
    expectSameBits(alone.logProbs, together.logProbs.slice(30));
    expect(alone.tokens).toEqual(together.tokens.slice(30));
    expect(together.tokens.slice(0, 10)).toEqual(together.tokens.slice(20, 30));
    using scope = gpu().scope();
    const logits = scope.upload(values, [4, vocabulary]);
    const [normalizer, row] = [scope.upload(new Float32Array(4), [4]), scope.upload(Uint32Array.of(3), [1])];
    const [tokens, logProbs] = [scope.upload(new Uint32Array(30).fill(5), [3, 10]), poisoned(scope, [3, 10])];
    topLogProbs(device(), {
      logits,
      logSumExp: normalizer,
      row,
      vocabulary,
      k: 10,
      tokens,
      logProbs,
      outOffset: 1,
    });
    const written = [...(await gpu().readIndices(tokens))];
    expect(written).toEqual([...Array(10).fill(5), ...alone.tokens, ...Array(10).fill(5)]);
    expect([...(await gpu().read(logProbs))].map(Number.isNaN)).toEqual(
      Array.from({ length: 30 }, (_, i) => i < 10 || i >= 20),
    );
  },
);

test('more rows than one dimension of workgroups has', async () => {
  const [rows, vocabulary] = [65_537, 3];
  const values = new TestRandom(2).normal(rows * vocabulary);
  const asked = Array.from({ length: rows }, (_, row) => row);
  const { tokens } = await onDevice(values, vocabulary, { asked, k: 1 });
  for (const row of [0, 65_534, 65_535, 65_536])
    expect(tokens[row]).toBe(expected(values, vocabulary, row, 1).tokens[0]);
});

test('a k that is none, and outputs that are too small, are refused', () => {
  using scope = gpu().scope();
  const ids = (length: number, label: string) => scope.upload(new Uint32Array(length), [length], label);
  const given = {
    ...{ logits: scope.tensor([2, 5]), logSumExp: scope.tensor([2]), row: ids(2, 'row'), vocabulary: 5 },
    ...{ tokens: ids(6, 'tokens'), logProbs: scope.tensor([6], 'logProbs') },
  };
  for (const k of [0, 1.5, -1, NaN])
    expect(() => topLogProbs(gpu(), { ...given, k })).toThrow(`k is ${k}, not a whole number from 1`);
  expect(() => topLogProbs(gpu(), { ...given, k: 4 })).toThrow(/4 of each of 2 rows .* tokens of 6/);
  expect(() => topLogProbs(gpu(), { ...given, k: 3, outOffset: 1 })).toThrow(/3 of each of 2 rows from 1/);
});

test('no kernel was left out above', () => {
  for (const tuning of [gpu().tuning, TUNINGS.hardware]) expectRan(gpu(), topKernels(tuning));
});
