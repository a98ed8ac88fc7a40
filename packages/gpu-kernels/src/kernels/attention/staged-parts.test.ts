import { expect, test } from 'vitest';
import type { Gpu } from '../../runtime/gpu.ts';
import type { Kernel } from '../../runtime/kernel.ts';
import type { Scope } from '../../runtime/scope.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { TUNINGS } from '../../runtime/tuning.ts';
import { attentionOperands } from '../../testing/attention.ts';
import { expectSameBits } from '../../testing/closeness.ts';
import { useGpu } from '../../testing/gpu.ts';
import { hostDevice, memoryOf } from '../../testing/host-device.ts';
import { worstBankConflict, worstSectorUse } from '../../testing/wgsl-host/accesses.ts';
import { type Access, runOnHost } from '../../testing/wgsl-host/run.ts';
import { ProductParts } from '../matmul/product-parts.ts';
import { attentionBackward } from './backward.ts';
import { PackedSequences } from './packed-sequences.ts';
import { stagedBackward } from './staged-backward.ts';

/*
 * On the host, since the kernels take seconds to compile on software adapters: an address outside of a buffer fails, as does an
 * access between the wrong barriers.
 */

const gpu = useGpu();
const PARTS = 3;

interface Case {
  readonly headDim: number;
  /** Parts of each product. */
  readonly counts?: readonly number[];
}

/** Operands, the parts of the outputs' gradient and their sum. */
function make(scope: Scope, sequences: PackedSequences, { headDim, counts = [PARTS] }: Case) {
  const { lengths, totalTokens: tokens } = sequences;
  const { shape, q, k, v, gradOutput } = attentionOperands({ heads: 2, kvHeads: 1, headDim, lengths });
  const [wide, narrow] = [
    [tokens, 2 * headDim],
    [tokens, headDim],
  ] as const;
  const all = [gradOutput, ...[0.5, 3].map((factor) => gradOutput.map((value, i) => value * factor + i))];
  const total = gradOutput.map((_, i) => all.map((part) => part[i]!).reduce((a, b) => Math.fround(a + b), 0));
  const tensor = scope.upload(Float32Array.from(all.flatMap((part) => Array.from(part))), [PARTS, ...wide]);
  const inputs = {
    ...{ shape, sequences, q: scope.upload(q, wide), k: scope.upload(k, narrow), v: scope.upload(v, narrow) },
    ...{ out: scope.upload(q, wide), logSumExp: scope.upload(q.slice(0, tokens * 2), [tokens, 2]) },
  };
  const whole = scope.upload(Float32Array.from(total), wide);
  const parts = new ProductParts({ tensor, counts, shape: wide });
  return { inputs, whole, parts, wide, narrow };
}

/** Records all gradients, or keys' and values' alone; gives where they go. */
function record(
  on: Gpu,
  scope: Scope,
  made: ReturnType<typeof make>,
  gradOutput: Tensor | ProductParts,
  ofQueries = true,
): Tensor[] {
  const { inputs, wide, narrow } = made;
  const targets = { gradKey: scope.tensor(narrow), gradValue: scope.tensor(narrow) };
  const gradQuery = ofQueries ? { gradQuery: scope.tensor(wide) } : {};
  attentionBackward(on, { ...inputs, ...targets, ...gradQuery, gradOutput });
  return Object.values({ ...targets, ...gradQuery });
}

const card = (): Gpu => gpu().with({ tuning: TUNINGS.hardware });

test.each([
  [16, [1, 33], true, 'all'],
  [16, [33], false, 'key-value'],
  [20, [5, 1], true, 'all'],
  [44, [5, 1], false, 'key-value'],
  [44, [2], true, 'all'],
])(
  'heads of %i, sequences of %j: the kernel adds the parts up itself, queries %s',
  async (headDim, lengths, ofQueries, name) => {
    using scope = gpu().scope();
    using sequences = new PackedSequences(gpu(), lengths);
    const made = make(scope, sequences, { headDim });
    const inputs = Object.values(made.inputs).filter((value): value is Tensor => 'dtype' in value);
    const memory = await memoryOf(gpu(), [...inputs, made.whole, made.parts.tensor, sequences.table]);
    const ran = new Set<Kernel>();
    const actual = record(hostDevice(card(), memory, ran), scope, made, made.parts, ofQueries);
    const expected = record(hostDevice(card(), memory, new Set()), scope, made, made.whole, ofQueries);
    for (const [i, tensor] of actual.entries())
      expectSameBits(memory.get(tensor) as Float32Array, memory.get(expected[i]!) as Float32Array);
    expect([...ran].map(({ label }) => label)).toEqual([
      `attention.backward.${name}.parts.tiled.head${headDim}`,
    ]);
  },
);

test('where other kernels take the sequences, or some of them, the parts are added up before', async () => {
  using scope = gpu().scope();
  using sequences = new PackedSequences(gpu(), [5, 2]);
  const made = make(scope, sequences, { headDim: 16 });
  const [actual, expected] = [made.parts, made.whole].map((gradient) => record(gpu(), scope, made, gradient));
  for (const [i, tensor] of actual!.entries())
    expectSameBits(await gpu().read(tensor), await gpu().read(expected![i]!));
  using longer = new PackedSequences(gpu(), [65, 2]);
  const labels: string[] = [];
  const device = card();
  device.dispatch = ({ label }) => void labels.push(label);
  const long = make(scope, longer, { headDim: 16 });
  record(device, scope, long, long.parts);
  expect(labels[0]).toBe('matmul.partial-sums');
  expect(labels.filter((label) => label.includes('.parts'))).toEqual([]);
});

test('refuses parts of several products, and of another size', () => {
  using scope = gpu().scope();
  using sequences = new PackedSequences(gpu(), [2]);
  const made = make(scope, sequences, { headDim: 16, counts: [2, 1] });
  expect(() => record(card(), scope, made, made.parts)).toThrow(/of more than one product/);
  const other = new ProductParts({ tensor: made.parts.tensor, counts: [1], shape: [2, 16] });
  expect(() => record(card(), scope, made, other)).toThrow(/should be \[2, 32\]/);
});

test('heads of 32: no bank is asked twice, memory gives whole sectors, and each part is loaded once', () => {
  const { q, k, v } = attentionOperands({ heads: 1, kvHeads: 1, headDim: 32, lengths: [64] });
  const accesses: Access[] = [];
  runOnHost(stagedBackward({ headDim: 32, ofQueries: true, parts: true }).wgsl, {
    storage: {
      ...{ blocks: Uint32Array.of(0, 32, 0, 64, 32, 32, 0, 64), q, k, v, parts: Float32Array.of(...q, ...k) },
      ...{ gradKey: k.slice(), gradValue: v.slice(), gradQuery: q.slice() },
    },
    params: {
      ...{ heads: 1, kvHeads: 1, queriesPerKeyValueHead: 1, scale: 1, window: 0xffffffff },
      ...{ firstBlock: 0, taskCount: 1, partSize: q.length / 4, parts: 2 },
    },
    workgroups: [1, 1],
    onAccess: (access) => void accesses.push(access),
  });
  const inStorage = accesses.filter(({ space, memory }) => space === 'storage' && memory !== 'blocks');
  expect(worstBankConflict(accesses.filter(({ space }) => space === 'workgroup'))).toBe(1);
  expect(worstSectorUse(inStorage)).toBe(1);
  expect(inStorage.filter(({ memory }) => memory === 'parts')).toHaveLength((2 * q.length) / 4);
});
