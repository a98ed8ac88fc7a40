import { causalMask } from '../causal-mask.ts';
import { type Operation, type Peer, inProcess } from '../contender.ts';
import { requireModule, versionOf } from '../installed.ts';
import { type Tf, type TfTensor, tfAttention, tfLayerNorm } from './tfjs-api.ts';
import { trainingOfTfjs } from './tfjs-training.ts';

const [WHOLE, BACKEND] = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgpu'];

export async function tfjsPeer(): Promise<Peer> {
  const tf = requireModule<Tf>(WHOLE);
  requireModule(BACKEND);
  if (!(await tf.setBackend('webgpu'))) throw new Error('TensorFlow.js finds no WebGPU');
  await tf.ready();
  return {
    name: 'tfjs',
    version: versionOf(BACKEND),
    webgpu: true,
    operation: async (operation, operands) => contender(tf, operation, operands),
    training: async (task) => trainingOfTfjs(tf, task),
    dispose() {},
  };
}

function contender(tf: Tf, operation: Operation, operands: readonly Float32Array[]) {
  const upload = (i: number, shape: readonly number[]): TfTensor =>
    tf.tensor(operands[i] as Float32Array, shape);
  const run = (given: readonly TfTensor[], work: () => TfTensor) =>
    inProcess(
      'tfjs',
      async () => {
        const out = tf.tidy(work);
        const data = await out.data();
        out.dispose();
        return data;
      },
      { dispose: () => given.forEach((tensor) => tensor.dispose()) },
    );
  switch (operation.kind) {
    case 'matmul': {
      const { m, k, n, transposeB } = operation;
      const [a, b] = [upload(0, [m, k]), upload(1, transposeB ? [n, k] : [k, n])];
      return run([a, b], () => tf.matMul(a, b, false, transposeB));
    }
    case 'layer-norm': {
      const { rows, columns } = operation;
      const [x, weight, bias] = [upload(0, [rows, columns]), upload(1, [columns]), upload(2, [columns])];
      return run([x, weight, bias], () => tfLayerNorm(tf, x, weight, bias));
    }
    case 'log-sum-exp': {
      const x = upload(0, [operation.rows, operation.columns]);
      return run([x], () => tf.logSumExp(x, -1));
    }
    case 'attention': {
      const { tokens, heads, headDim } = operation;
      const [q, k, v] = [0, 1, 2].map((i) => upload(i, [tokens, heads, headDim])) as [
        TfTensor,
        TfTensor,
        TfTensor,
      ];
      const mask = tf.tensor(causalMask(tokens), [tokens, tokens]);
      return run([q, k, v, mask], () => tfAttention(tf, [q, k, v], mask, headDim));
    }
  }
}
