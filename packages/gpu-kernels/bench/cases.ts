import { attentionBackward } from '../src/kernels/attention/backward.ts';
import { PackedSequences } from '../src/kernels/attention/packed-sequences.ts';
import { attentionForward } from '../src/kernels/attention/forward.ts';
import { add } from '../src/kernels/elementwise/elementwise.ts';
import { matmul } from '../src/kernels/matmul/matmul.ts';
import { matrix } from '../src/kernels/matmul/matrix.ts';
import type { Gpu } from '../src/runtime/gpu.ts';
import type { Tensor } from '../src/runtime/tensor.ts';
import type { Case } from './measure.ts';

const HEADS = 8;
const LENGTHS = [256, 128, 128];

/** Square matrices, C = A B with either operand transposed. */
export function matmulCases(gpu: Gpu, size: number): Case[] {
  const [a, b, c] = [noise(gpu, [size, size]), noise(gpu, [size, size]), noise(gpu, [size, size])].map(
    matrix,
  );
  return [
    { name: 'N N', transposeA: false, transposeB: false },
    { name: 'N T', transposeA: false, transposeB: true },
    { name: 'T N', transposeA: true, transposeB: false },
  ].map(({ name, ...transposes }) => ({
    name: `matmul ${name} ${size}^3`,
    flops: 2 * size ** 3,
    run: () => matmul(gpu, { a: a!, b: b!, c: c!, ...transposes }),
  }));
}

export function attentionCases(gpu: Gpu, headDims: readonly number[]): Case[] {
  const sequences = new PackedSequences(gpu, LENGTHS);
  const tokens = sequences.totalTokens;
  const pairs = HEADS * LENGTHS.reduce((sum, length) => sum + (length * (length + 1)) / 2, 0);
  return headDims.flatMap((headDim) => {
    const shape = { heads: HEADS, kvHeads: HEADS, headDim, scale: headDim ** -0.5 };
    const make = (): Tensor => noise(gpu, [tokens, HEADS * headDim]);
    const [q, k, v, out, gradOutput, gradQuery, gradKey, gradValue] = [
      make(),
      make(),
      make(),
      make(),
      make(),
      make(),
      make(),
      make(),
    ] as const;
    const logSumExp = noise(gpu, [tokens, HEADS]);
    const inputs = { shape, sequences, q, k, v, out, logSumExp };
    return [
      {
        name: `attention forward ${headDim}`,
        flops: pairs * (4 * headDim + 4),
        run: () => attentionForward(gpu, inputs),
      },
      {
        name: `attention backward ${headDim}`,
        flops: pairs * (10 * headDim + 6),
        run: () => attentionBackward(gpu, { ...inputs, gradOutput, gradQuery, gradKey, gradValue }),
      },
    ];
  });
}

/** An operation that is next to nothing but its dispatch. */
export function smallAddition(gpu: Gpu): () => void {
  const [x, y, out] = [noise(gpu, [4]), noise(gpu, [4]), noise(gpu, [4])];
  return () => add(gpu, { x, y, out });
}

/** Standard-normal-like values; a fixed sequence. */
export function noise(gpu: Gpu, shape: readonly number[]): Tensor {
  let state = 12345;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const length = shape.reduce((product, n) => product * n, 1);
  return gpu.upload(
    Float32Array.from({ length }, () => next() + next() + next() - 1.5),
    shape,
  );
}
