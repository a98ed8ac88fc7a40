import { expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { finiteDifferences } from '../../testing/finite-differences.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { crossEntropyGradient, gatherLogProbs, logSumExp } from './cross-entropy.ts';
import { crossEntropyGradientReference, crossEntropyReference, logSumExpReference } from './reference.ts';

const gpu = useGpu();
const OFFSET = 2;

/** Normalizers, the targets' log-probabilities (twice: last row first, behind a gap) and the gradient. */
async function onDevice(values: Float32Array, targets: readonly number[], scale: number, device = gpu()) {
  const rows = targets.length;
  const vocabulary = values.length / rows;
  using scope = device.scope();
  const logits = scope.upload(values, [rows, vocabulary]);
  const normalizer = scope.tensor([rows]);
  const backwards = targets.map((_, r) => rows - 1 - r);
  const row = scope.upload(Uint32Array.from(backwards), [rows]);
  const target = scope.upload(
    Uint32Array.from(backwards, (r) => targets[r] ?? 0),
    [rows],
  );
  const logProbs = scope.upload(new Float32Array(rows + OFFSET).fill(7), [rows + OFFSET]);
  logSumExp(device, { logits, rows, vocabulary, out: normalizer });
  gatherLogProbs(device, {
    logits,
    logSumExp: normalizer,
    row,
    target,
    vocabulary,
    out: logProbs,
    outOffset: OFFSET,
  });
  const allTargets = scope.upload(Uint32Array.from([0, 0, 0, ...targets]), [rows + 3]);
  crossEntropyGradient(device, {
    logits,
    logSumExp: normalizer,
    target: allTargets,
    targetOffset: 3,
    scale,
    rows,
    vocabulary,
  });
  return {
    normalizer: await device.read(normalizer),
    logProbs: await device.read(logProbs),
    gradient: await device.read(logits),
  };
}

test.each([
  { rows: 1, vocabulary: 1, size: 1 },
  { rows: 5, vocabulary: 7, size: 1 },
  { rows: 9, vocabulary: 1003, size: 5 },
  { rows: 3, vocabulary: 50_261, size: 1 },
  { rows: 4, vocabulary: 300, size: 1000 },
  { rows: 65_537, vocabulary: 3, size: 2 },
])('$rows rows, vocabulary $vocabulary, logits of size $size', async ({ rows, vocabulary, size }) => {
  const random = new TestRandom(rows + vocabulary);
  const logits = random.normal(rows * vocabulary, size);
  const targets = random.integers(rows, vocabulary);
  targets[0] = vocabulary - 1;
  const normalizers = logSumExpReference(logits, vocabulary);
  const device = await onDevice(logits, targets, 0.7);
  const tolerance = tolerances['cross-entropy'].f32;
  expectClose(device.normalizer, normalizers, tolerance, size);
  const logProbs = targets.map(
    (target, r) => (logits[r * vocabulary + target] ?? NaN) - (normalizers[r] ?? NaN),
  );
  expectClose(device.logProbs, [7, 7, ...logProbs.toReversed()], tolerance, size);
  expectClose(
    device.gradient,
    crossEntropyGradientReference(logits, targets, vocabulary, 0.7),
    tolerance,
    size,
  );
});

test('the reference gradient equals finite differences', () => {
  const random = new TestRandom(8);
  const [logits, targets] = [random.normal(12), [3, 0, 2]];
  const differences = finiteDifferences((x) => crossEntropyReference(x, targets, 4, 0.7), logits);
  expectClose(
    crossEntropyGradientReference(logits, targets, 4, 0.7),
    differences,
    tolerances['finite-differences'].f32,
  );
});

test('a row alone equals the same row in a batch, bit by bit, and twice gives the same bits', async () => {
  const random = new TestRandom(9);
  const [logits, targets] = [random.normal(6 * 777, 3), random.integers(6, 777)];
  const batch = await onDevice(logits, targets, 1);
  const again = await onDevice(logits, targets, 1);
  expectSameBits(again.gradient, batch.gradient);
  const part = await onDevice(logits.slice(2 * 777, 4 * 777), targets.slice(2, 4), 1);
  expectSameBits(part.normalizer, batch.normalizer.slice(2, 4));
  expectSameBits(part.gradient, batch.gradient.slice(2 * 777, 4 * 777));
});

test('the variant for hardware adapters equals the float64 reference', async () => {
  const random = new TestRandom(10);
  const [logits, targets] = [random.normal(3 * 17_001, 3), random.integers(3, 17_001)];
  const device = await onDevice(logits, targets, 1, gpu().with({ tuning: TUNINGS.hardware }));
  expectClose(device.normalizer, logSumExpReference(logits, 17_001), tolerances['cross-entropy'].f32);
});

test('what lies behind the last row stays as it is, also with more rows than one dimension of workgroups', async () => {
  using scope = gpu().scope();
  for (const rows of [3, 65_537]) {
    const logits = scope.upload(new Float32Array(2 * (rows + 3)), [rows + 3, 2]);
    const out = scope.upload(new Float32Array(rows + 3).fill(7), [rows + 3]);
    logSumExp(gpu(), { logits, rows, vocabulary: 2, out });
    const values = await gpu().read(out);
    expect([...values.subarray(rows)]).toEqual([7, 7, 7]);
    expect(values[rows - 1]).toBeCloseTo(Math.LN2, 6);
    const target = scope.upload(new Uint32Array(rows), [rows]);
    crossEntropyGradient(gpu(), { logits, logSumExp: out, target, scale: 1, rows, vocabulary: 2 });
    const gradient = await gpu().read(logits);
    expect([...gradient.subarray(2 * rows)]).toEqual(Array(6).fill(0));
    expect(gradient[2 * rows - 1]).toBeCloseTo(0.5, 6);
  }
});

test('too few logits or targets are refused', () => {
  using scope = gpu().scope();
  const [logits, out] = [scope.tensor([2, 3], 'logits'), scope.tensor([3])];
  expect(() => logSumExp(gpu(), { logits, rows: 3, vocabulary: 3, out })).toThrow(/logits of 6/);
  const target = scope.upload(new Uint32Array(2), [2], 'targets');
  const args = { logits, logSumExp: out, target, scale: 1, rows: 2, vocabulary: 3 };
  expect(() => crossEntropyGradient(gpu(), { ...args, targetOffset: 1 })).toThrow(/targets of 2 lacks/);
});
