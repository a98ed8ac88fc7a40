import {
  type Gpu,
  PackedSequences,
  type Tensor,
  attentionForward,
  layerNormForward,
  logSumExp,
  matmul,
  matrix,
} from '@icl-gd/gpu-kernels';
import { VERSION } from '../../../src/version.ts';
import { NORM_EPSILON, type Operation, type Peer, inProcess } from '../contender.ts';
import { trainingOfOurs } from './ours-training.ts';

export function ours(gpu: Gpu): Peer {
  return {
    name: 'icl-gd',
    version: VERSION,
    webgpu: true,
    operation: async (operation, operands) => contender(gpu, operation, operands),
    training: async () => trainingOfOurs(gpu),
    dispose() {},
  };
}

function contender(gpu: Gpu, operation: Operation, operands: readonly Float32Array[]) {
  const scope = gpu.scope();
  const upload = (i: number, shape: readonly number[]): Tensor =>
    scope.upload(operands[i] as Float32Array, shape);
  const run = (record: () => void, out: Tensor, sequences?: PackedSequences) => {
    const into = new Float32Array(out.length);
    return inProcess(
      'icl-gd',
      async () => {
        record();
        return (await gpu.readAll([{ tensor: out, into }]))[0];
      },
      {
        dispose() {
          scope.dispose();
          sequences?.dispose();
        },
      },
    );
  };
  switch (operation.kind) {
    case 'matmul': {
      const { m, k, n, transposeB } = operation;
      const [a, b, c] = [upload(0, [m, k]), upload(1, transposeB ? [n, k] : [k, n]), scope.tensor([m, n])];
      return run(() => matmul(gpu, { a: matrix(a), b: matrix(b), c: matrix(c), transposeB }), c);
    }
    case 'layer-norm': {
      const { rows, columns } = operation;
      const [x, out] = [upload(0, [rows, columns]), scope.tensor([rows, columns])];
      const [weight, bias] = [upload(1, [columns]), upload(2, [columns])];
      return run(() => layerNormForward(gpu, { x, weight, bias, epsilon: NORM_EPSILON, out }), out);
    }
    case 'log-sum-exp': {
      const { rows, columns } = operation;
      const [logits, out] = [upload(0, [rows, columns]), scope.tensor([rows])];
      return run(() => logSumExp(gpu, { logits, rows, vocabulary: columns, out }), out);
    }
    case 'attention': {
      const { tokens, heads, headDim } = operation;
      const [q, k, v] = [0, 1, 2].map((i) => upload(i, [tokens, heads * headDim])) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const sequences = new PackedSequences(gpu, [tokens]);
      const [out, sums] = [scope.tensor([tokens, heads * headDim]), scope.tensor([tokens, heads])];
      const shape = { heads, kvHeads: heads, headDim, scale: headDim ** -0.5 };
      return run(
        () => attentionForward(gpu, { shape, sequences, q, k, v, out, logSumExp: sums }),
        out,
        sequences,
      );
    }
  }
}
